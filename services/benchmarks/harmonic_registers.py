"""What judging a month of harmonic registers costs, against np.partition of the same columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from analysis.harmonic_limits import GB_14549
from analysis.power_quality.block_values import block_values, rank, verdicts
from analysis.power_quality.consistency import Consistency
from analysis.power_quality.harmonic_voltages import judge_voltages
from analysis.power_quality.point_month import Columns, PointMonth, QualityPoint
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from pipeline.timegrid import to_numpy
from services.benchmarks.rows import BenchRow, cpu_s

READINGS: Final = 2976
"""Of a month of 31 days, one each 15 minutes."""
ORDERS: Final = range(2, 27)
"""25 orders of three phases: 75 series."""
ROUNDS: Final = 20
IN_A_ROW: Final = 25
"""The quickest counts, for the machine has other work too."""
MOST: Final = 2.0
"""May be spent, in partitions."""
VALUES: Final = "95 % values, bounds, confidence intervals, extremes and verdicts"
WITH_GAPS: Final = "the same with 3 % of the readings missing"
JUDGEMENTS: Final = "all judgements on the harmonic voltage of a month"
START: Final = datetime(2026, 9, 30, 16, tzinfo=UTC)
"""Local midnight."""


def register_rows() -> Iterator[BenchRow]:
    """Yield what judging one meter's month costs."""
    month = _month()
    columns = [column[:, ORDERS.start :] for column in month.spectra.values()]
    block = np.ascontiguousarray(np.stack(columns).transpose(0, 2, 1)).reshape(-1, READINGS)
    gaps = block.copy()
    gaps[:, :: READINGS // 90] = np.nan
    place = int(rank(np.array(READINGS), 95)) - 1
    limits = np.full(len(ORDERS), 4.0)
    sound = Consistency(month=month)
    work: dict[str, Callable[[], object]] = {
        "in rows": lambda: np.partition(block, place, axis=1),
        "as held": lambda: [np.partition(column, place, axis=0) for column in columns],
        VALUES: lambda: verdicts(block_values(np.split(block, 3), READINGS), limits),
        WITH_GAPS: lambda: verdicts(block_values(np.split(gaps, 3), READINGS), limits),
        JUDGEMENTS: lambda: judge_voltages(sound, GB_14549, "harmonic_voltage"),
    }
    took_s = _quickest_s(work)
    for what, against in ((VALUES, "in rows"), (WITH_GAPS, "in rows"), (JUDGEMENTS, "as held")):
        yield BenchRow(
            what=f"{what}: s of CPU for 75 series of {READINGS}, against {MOST:g} np.partition {against}",
            value=took_s[what],
            limit=MOST * took_s[against],
            goal=None if what == WITH_GAPS else 1.0,
        )


def _quickest_s(work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the least that each takes; they take turns, for the machine is not always equally busy."""
    best = dict.fromkeys(work, float("inf"))
    for _ in range(ROUNDS):
        for name, one in work.items():
            best[name] = min(best[name], *(cpu_s(one) for _ in range(IN_A_ROW)))
    return best


def _month() -> PointMonth:
    """Return a month of three phases' spectra with their totals, each reading another."""
    random = np.random.default_rng(14549)
    taken_at = to_numpy(START) + np.arange(READINGS) * np.timedelta64(900, "s")
    spectra: dict[Quantity, Columns] = {}
    for phase in "abc":
        column = random.lognormal(-1.0, 0.4, (READINGS, ORDERS.stop))
        column[:, :2] = 0.0, 100.0
        spectra[Quantity(f"voltage_harmonic_{phase}")] = column
    return PointMonth(
        point=QualityPoint(
            service_point="P",
            meter=MeterId("M"),
            wiring=Wiring.THREE_PHASE_FOUR_WIRE,
            zone=DEFAULT_ZONE,
            nominal_v=5773.5,
            nominal_kv=10.0,
        ),
        month=date(2026, 10, 1),
        starts_at=START,
        ends_at=START + timedelta(days=31),
        period_s=900.0,
        taken_at=taken_at,
        values={
            Quantity(q.replace("harmonic", "thd")): np.sqrt(np.square(column[:, 2:]).sum(axis=1))
            for q, column in spectra.items()
        },
        spectrum_period_s=900.0,
        spectrum_at=taken_at,
        spectra=spectra,
    )
