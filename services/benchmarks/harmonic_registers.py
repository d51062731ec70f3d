"""What judging a month of harmonic registers costs, against np.partition of the same columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
ROUNDS: Final = 500
"""The quickest counts, for the machine has other work too."""
GOAL: Final = 2.0
"""What may be spent, in partitions."""
START: Final = datetime(2026, 9, 30, 16, tzinfo=UTC)
"""Local midnight."""


def harmonic_register_rows(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure the judging of one meter's month; the rows tell microseconds."""
    begin("harmonic registers")
    month = _month()
    columns = [column[:, ORDERS.start :] for column in month.spectra.values()]
    block = np.ascontiguousarray(np.stack(columns).transpose(0, 2, 1)).reshape(-1, READINGS)
    gaps = block.copy()
    gaps[:, :: READINGS // 90] = np.nan
    place = int(rank(np.array(READINGS), 95)) - 1
    limits = np.full(len(ORDERS), 4.0)
    sound = Consistency(month=month)
    as_held_s = _quickest_s(lambda: [np.partition(column, place, axis=0) for column in columns])
    in_rows_s = _quickest_s(lambda: np.partition(block, place, axis=1))
    work = {
        "95 % values, bounds, confidence intervals, extremes and verdicts, in rows": (
            _quickest_s(lambda: verdicts(block_values(np.split(block, 3), READINGS), limits)),
            in_rows_s,
            1.0,
        ),
        "the same with 3 % gaps": (
            _quickest_s(lambda: verdicts(block_values(np.split(gaps, 3), READINGS), limits)),
            in_rows_s,
            None,
        ),
        "all judgements on harmonic voltage from a point's month, as held": (
            _quickest_s(lambda: judge_voltages(sound, GB_14549, "harmonic_voltage")),
            as_held_s,
            1.0,
        ),
    }
    return [
        BenchRow(
            what=f"{what}: us for 75 series of {READINGS}, against {GOAL:g} np.partition of the same columns",
            value=1e6 * took_s,
            limit=GOAL * 1e6 * partition_s,
            goal=goal,
        )
        for what, (took_s, partition_s, goal) in work.items()
    ]


def _quickest_s(work: Callable[[], object]) -> float:
    return min(cpu_s(work) for _ in range(ROUNDS))


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
