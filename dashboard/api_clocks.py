"""The meters' clocks as JSON: offset, drift, and whose task each is (时钟偏差)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from dashboard.asking import Ask
from dashboard.paging import Paged
from pipeline.model import MeterId
from services.clocks import ClockTask, clock_states

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClock:
    """One clock."""

    meter: str
    offset_s: float
    measured_at: datetime
    drift_s_per_day: float | None
    """Null when the readings are too few or too close."""
    drift_days: float | None
    """The days that it was measured over."""
    task: str
    """``nothing``, ``sync`` (the collector's, where it is allowed) or ``person``."""


@router.get("/api/clocks")
def api_clocks(
    asking: Ask,
    paging: Paged,
    meter: Annotated[list[str] | None, Query(description="only these meters")] = None,
    task: ClockTask | None = None,
) -> Sequence[ApiClock]:
    """Return the clocks that were read in the last 40 days, those that are off by most first."""
    states = clock_states(
        asking.connection,
        scope=asking.scope,
        now=asking.now,
        meters=None if meter is None else [MeterId(name) for name in meter],
    )
    return paging.part_of(
        [
            ApiClock(
                meter=state.meter,
                offset_s=state.offset_s,
                measured_at=state.measured_at,
                drift_s_per_day=None if state.drift is None else state.drift.s_per_day,
                drift_days=None if state.drift is None else state.drift.days,
                task=state.task.value,
            )
            for state in states
            if task is None or state.task is task
        ]
    )
