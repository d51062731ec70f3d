"""Looks at whether flows run: runs that no worker picks up, and a Prefect server that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pipeline.alarms.operation import FLOW_LATE, FLOW_SERVER_SILENT, Observed
from pipeline.errors import FlowServerError
from services.flow_server import FlowServerSettings
from services.flow_status import late_runs
from services.settings import load

LATE_AFTER: Final = timedelta(minutes=10)
"""A worker that is busy takes up a run within that; Prefect calls it late after 15 seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsSeen:
    """What a look at Prefect's server found."""

    observed: Sequence[Observed] = ()
    told: frozenset[str] = frozenset({FLOW_LATE, FLOW_SERVER_SILENT})
    """The conditions of which everything that holds is in ``observed``: what is not there is over."""


def flows_seen(now: datetime) -> FlowsSeen:
    """Ask the server that Prefect's variables name; where none is named nothing is known of flows."""
    url = load(FlowServerSettings).url
    if url is None:
        return FlowsSeen(told=frozenset())
    try:
        # In a thread of its own: whoever looks may stand in an event loop.
        with ThreadPoolExecutor(max_workers=1) as thread:
            late = thread.submit(lambda: asyncio.run(late_runs())).result()
    except FlowServerError as error:
        silent = Observed(what=FLOW_SERVER_SILENT, subject=url, since=now, facts={"error": str(error)})
        return FlowsSeen(observed=[silent], told=frozenset({FLOW_SERVER_SILENT}))
    return FlowsSeen(
        observed=[
            Observed(what=FLOW_LATE, subject=runs.deployment, since=runs.since, facts={"late": runs.count})
            for runs in late
            if runs.since <= now - LATE_AFTER
        ]
    )
