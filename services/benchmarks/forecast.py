"""What forecasting ten thousand meters costs, against one copy of the energies that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.day_ahead import forecasts
from analysis.forecast.days_off import NONE, WORKING_DAYS, kinds_of_days
from analysis.forecast.history import MOST_DAYS, Question
from pipeline.block import Times
from pipeline.registry import DEFAULT_ZONE
from pipeline.timegrid import local_clock, to_numpy
from services.benchmarks.rows import BenchRow, benchmarks, cpu_s

METERS: Final = 10_000
PART: Final = 1_000
"""Meters whose energies are in memory at a time; every part costs the same."""
SLOTS_OF_DAY: Final = 96
AT: Final = datetime(2026, 12, 14, tzinfo=DEFAULT_ZONE)
GAPS: Final = 0.03
ROUNDS: Final = 3
"""The quickest counts, for the machine has other work too."""
COPIES: Final = 120.0
"""May be spent: six ways to go on for 28 days, 140 errors a slot in order, three months of daily maxima for a
week ahead. Measured are some 100: 20 to 30 s for ten thousand meters a night, on one core."""


@benchmarks.register("forecast")
def forecast(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure the forecast of the day ahead, its highest demand and the month's."""
    begin("energies")
    starts_at, kwh = _energies(PART)
    question = Question(at=AT, slots=SLOTS_OF_DAY, minutes=15, zone=DEFAULT_ZONE)
    begin("forecasts")
    work_s = _quickest_s(partial(forecasts, kwh, starts_at, question))
    begin("copy")
    copy_s = _quickest_s(kwh.copy)
    parts = METERS // PART
    return [
        BenchRow(
            what=f"forecast of {SLOTS_OF_DAY} slots and the month's maximum of {METERS:,} meters from "
            f"{MOST_DAYS} days: s of CPU, against {COPIES:g} copies of the energies",
            value=parts * work_s,
            limit=COPIES * parts * copy_s,
            goal=1.0,
        )
    ]


def _energies(meters: int) -> tuple[Times, NDArray[np.float64]]:
    """Return the days before ``AT`` of customers that work by day, with noise and gaps."""
    starts_at = np.arange(
        to_numpy(AT - timedelta(days=MOST_DAYS)), to_numpy(AT), np.timedelta64(15, "m")
    ).astype("datetime64[us]")
    day, minute = local_clock(starts_at, DEFAULT_ZONE)
    busy = (kinds_of_days(day, NONE) < WORKING_DAYS) & (minute >= 8 * 60) & (minute < 18 * 60)
    random = np.random.default_rng(2)
    kwh = np.where(busy, 25.0, 5.0) * random.lognormal(0.0, 0.2, (meters, len(starts_at)))
    kwh[random.random(kwh.shape) < GAPS] = np.nan
    return starts_at, kwh


def _quickest_s(work: Callable[[], object]) -> float:
    return min(cpu_s(work) for _ in range(ROUNDS))
