"""How the flows fare: when each ran last and how that went, when it runs next, and what is late."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any  # Any: JSON as the server gives it

from services.flow_server import FlowServer, flow_server

TAG = "kilowatch"
"""Marks what is ours on a server that others use too."""
MOST = 200
"""Of anything that the server gives in one answer."""
OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
BAD = frozenset({"Failed", "Crashed", "TimedOut"})
"""States in which a run ended badly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStatus:
    """One deployed flow."""

    flow: str
    deployment: str
    """The name of the deployment, and its id at the server."""
    deployment_id: str
    crons: Sequence[str]
    zone: str | None
    is_paused: bool
    last_run_id: str | None
    last_at: datetime | None
    last_state: str | None
    """As Prefect names it, such as ``Completed``."""
    last_took: timedelta | None
    running: int
    """Runs under way."""
    next_at: datetime | None
    late: int
    """Runs that should have begun and that nobody has picked up."""

    @property
    def is_bad(self) -> bool:
        """Whether somebody should look at it."""
        return self.late > 0 or self.last_state in BAD


async def flow_statuses() -> list[FlowStatus]:
    """Return how every deployed flow of ours fares, by name.

    Raises:
        FlowServerError: If no server answers, or it refuses us.
    """
    async with flow_server() as server:
        ours = {"deployments": {"tags": {"all_": [TAG]}}, "limit": MOST}
        deployments, flows, running, late = await asyncio.gather(
            server.ask("/deployments/filter", ours),
            server.ask("/flows/filter", ours),
            server.ask("/flow_runs/filter", _runs(ours["deployments"], {"type": {"any_": ["RUNNING"]}})),
            server.ask("/flow_runs/filter", _runs(ours["deployments"], {"name": {"any_": ["Late"]}})),
        )
        names = {flow["id"]: flow["name"] for flow in flows}
        numbers = _count(running), _count(late)
        found = await asyncio.gather(
            *(_status(server, each, names[each["flow_id"]], *numbers) for each in deployments)
        )
        return sorted(found, key=lambda status: (status.flow, status.deployment))


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRuns:
    """Runs of one deployment that should have begun."""

    deployment: str
    """As ``flow/deployment``."""
    count: int
    since: datetime
    """When the first of them should have begun."""


async def late_runs() -> list[LateRuns]:
    """Return the deployments of ours of which runs wait for a worker, the longest waiting first.

    Raises:
        FlowServerError: If no server answers, or it refuses us.
    """
    ours = {"deployments": {"tags": {"all_": [TAG]}}, "limit": MOST}
    async with flow_server() as server:
        late = {"name": {"any_": ["Late"]}}
        runs = await server.ask(
            "/flow_runs/filter", _runs(ours["deployments"], late, sort="EXPECTED_START_TIME_ASC")
        )
        if not runs:
            return []
        deployments, flows = await asyncio.gather(
            server.ask("/deployments/filter", ours), server.ask("/flows/filter", ours)
        )
        flow_of = {flow["id"]: flow["name"] for flow in flows}
        names = {each["id"]: f"{flow_of[each['flow_id']]}/{each['name']}" for each in deployments}
        # The first run of each is its oldest.
        oldest = {run["deployment_id"]: run["expected_start_time"] for run in reversed(runs)}
        return [
            LateRuns(deployment=names[which], count=count, since=datetime.fromisoformat(oldest[which]))
            for which, count in _count(runs).items()
            if which in names
        ]


async def _status(
    server: FlowServer, stored: Mapping[str, Any], flow: str, running: Counter[str], late: Counter[str]
) -> FlowStatus:
    deployment = {"id": {"any_": [stored["id"]]}}
    lasts, nexts = await asyncio.gather(
        server.ask(
            "/flow_runs/filter", _runs(deployment, {"type": {"any_": OVER}}, sort="END_TIME_DESC", limit=1)
        ),
        server.ask(
            "/flow_runs/filter",
            _runs(deployment, {"name": {"any_": ["Scheduled"]}}, sort="EXPECTED_START_TIME_ASC", limit=1),
        ),
    )
    last = lasts[0] if lasts else None
    schedules = [each["schedule"] for each in stored["schedules"] if each["active"]]
    return FlowStatus(
        flow=flow,
        deployment=stored["name"],
        deployment_id=stored["id"],
        crons=[each["cron"] for each in schedules if "cron" in each],
        zone=next((each["timezone"] for each in schedules if each.get("timezone")), None),
        is_paused=bool(stored["paused"]),
        last_run_id=last and last["id"],
        last_at=_instant(last and (last["start_time"] or last["end_time"])),
        last_state=last and last["state_name"],
        last_took=None if last is None else timedelta(seconds=last["total_run_time"]),
        running=running[stored["id"]],
        next_at=_instant(nexts[0]["expected_start_time"]) if nexts else None,
        late=late[stored["id"]],
    )


def _runs(
    deployments: object, state: Mapping[str, object], *, sort: str = "START_TIME_DESC", limit: int = MOST
) -> dict[str, object]:
    return {"deployments": deployments, "flow_runs": {"state": state}, "sort": sort, "limit": limit}


def _count(runs: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter(str(run["deployment_id"]) for run in runs)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
