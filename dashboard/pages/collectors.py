"""The page of collectors and buses (采集): who reads, how full lines and spools are, what is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dashboard.asking import Ask, Asking
from dashboard.glance import BusLine
from dashboard.pages.fleet import buses_of
from dashboard.rendering import page
from storage.collector_states import CollectorState, collector_states

router = APIRouter()
SILENT_AFTER = timedelta(minutes=3)
"""A collector tells its counters every minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """One collecting process as people look at it; None where it tells nothing of the kind."""

    process: str
    started_at: datetime
    told_at: datetime
    is_silent: bool
    buses: int
    spool_readings: int | None
    """Records that wait for the database: of all meters, so this and the other numbers are told to those who
    may see every area."""
    spool_bytes: int | None
    behind: bool
    """The spool holds what the database has not: everybody's values may come late."""
    queue_waiting: int | None
    queue_room: int | None
    failed_commits: int | None
    mqtt_waiting: int | None
    """Messages in the queue of the subscriber."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """One bus: how it is read, and how its line is used since its collector began."""

    line: BusLine
    use: float | None
    """Share of the time in which the line was used, 0 to 1."""
    exchanges: int | None
    """With all meters of the line, so this and the rest are told to those who may see every area."""
    answered: int | None
    retries: int | None
    opened: int | None
    """Times the line was opened."""
    silent: int | None
    """Meters that are only probed: their breaker is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """All of it."""

    collectors: Sequence[Collector]
    buses: Sequence[Bus]


@router.get("/collectors", name="collectors", response_class=HTMLResponse, include_in_schema=False)
def show_collectors(asking: Ask) -> HTMLResponse:
    """Show the collecting processes and the buses of the caller's areas."""
    return page(asking, "collectors.html", collection=collection_of(asking))


@router.get("/api/collectors", tags=["api"])
def api_collectors(asking: Ask) -> Collection:
    """Return the collecting processes and the buses of the caller's areas."""
    return collection_of(asking)


def collection_of(asking: Asking) -> Collection:
    """Ask how the buses are read that have a meter which the caller may see, and by whom."""
    lines = buses_of(asking)
    states = collector_states(asking.connection)
    told: dict[str, Mapping[str, Any]] = {}  # Any: JSON
    for state in reversed(states):
        told |= {bus["bus"]: bus for bus in state.counters.get("buses", ()) if bus.get("exchanges")}
    sees_all = asking.scope.areas is None
    seen = {line.card.bus for line in lines}
    collectors = [(state, _owned(state) if sees_all else _owned(state) & seen) for state in states]
    return Collection(
        collectors=[
            _collector(state, len(buses), asking.now, sees_all=sees_all)
            for state, buses in collectors
            if sees_all or buses
        ],
        buses=[_bus(line, told.get(line.card.bus or "", {}), sees_all=sees_all) for line in lines],
    )


def _owned(state: CollectorState) -> set[str]:
    return {bus["bus"] for bus in state.counters.get("buses", ()) if bus.get("owned")}


def _collector(state: CollectorState, buses: int, now: datetime, *, sees_all: bool) -> Collector:
    landing = state.counters.get("landing") or {}

    def count(section: Mapping[str, Any] | None, name: str) -> int | None:  # Any: JSON
        return (section or {}).get(name) if sees_all else None

    return Collector(
        process=state.process,
        started_at=state.started_at,
        told_at=state.told_at,
        is_silent=now - state.told_at > SILENT_AFTER,
        buses=buses,
        spool_readings=count(landing.get("spool"), "waiting"),
        spool_bytes=count(landing.get("spool"), "used_bytes"),
        behind=bool(landing.get("behind")),
        queue_waiting=count(state.counters.get("queue"), "waiting"),
        queue_room=count(state.counters.get("queue"), "room"),
        failed_commits=count(landing, "failed_commits"),
        mqtt_waiting=count(state.counters.get("mqtt"), "waiting"),
    )


def _bus(line: BusLine, told: Mapping[str, Any], *, sees_all: bool) -> Bus:  # Any: JSON
    watched_s = told.get("watched_s", 0.0)

    def count(name: str) -> int | None:
        return told.get(name, 0) if sees_all else None

    return Bus(
        line=line,
        use=min(1.0, told["busy_s"] / watched_s) if watched_s else None,
        exchanges=count("exchanges"),
        answered=count("answered"),
        retries=count("retries"),
        opened=count("opened"),
        silent=count("silent"),
    )
