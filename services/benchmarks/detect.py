"""What each detector costs over a month of ten thousand meters, against one copy of what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import Kind, Needs, about, detectors
from detectors.engine import run
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Contract, Installation, Meter, Registry, ServicePoint, Wiring
from pipeline.timegrid import slot_grid
from services.benchmarks.rows import BenchRow, benchmarks, cpu_s

METERS: Final = 10_000
PART: Final = 1_000
"""Meters whose columns are in memory at a time; every part costs the same."""
DAYS: Final = 30
GAPS: Final = 0.03
ROUNDS: Final = 3
"""The quickest counts, for the machine has other work too."""
COPIES: Final = {Kind.SLOTS: 15.0, Kind.DAYS: 3.0, Kind.RECORDS: 15.0}
"""What may be spent, in copies of the columns; daily rows are made once for all detectors by days."""
LEVEL: Final = {"voltage": 220.0, "current": 2.0, "active_power": 1.32, "reactive_power": 0.0}
"""Of other quantities it is 1; of a phase a third of the power, so that P is U I cos(phi)."""
ENERGY_KWH: Final = {"export_kwh": 0.0}
"""Of a slot; of other energies it is 0.1."""
START: Final = datetime(2026, 3, 31, 16, tzinfo=UTC)
"""Local midnight."""


@benchmarks.register("detect")
def detect(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure every detector on the slots that it looks at: nothing is wrong with them but gaps."""
    registry = _registry()
    rows = []
    for name in detectors.all():
        begin(name)
        rule = about(name)
        window = _window(rule.needs)
        copy_s = _quickest_s(partial(_copied, window))
        if rule.needs.daily:
            rows.append(
                _row(f"daily rows for {name}", Kind.SLOTS, partial(with_daily_rows, window, registry), copy_s)
            )
            window = with_daily_rows(window, registry)
        rows.append(_row(name, rule.kind, partial(run, window, registry, only=[name]), copy_s))
    return rows


def _row(what: str, kind: Kind, work: Callable[[], object], copy_s: float) -> BenchRow:
    """Return what something costs for all meters against what it may cost."""
    parts = METERS // PART
    return BenchRow(
        what=f"{what}: s of CPU, against {COPIES[kind]:g} copies of its columns (by {kind.value})",
        value=parts * _quickest_s(work),
        limit=COPIES[kind] * parts * copy_s,
        goal=1.0,
    )


def _quickest_s(work: Callable[[], object]) -> float:
    return min(cpu_s(work) for _ in range(ROUNDS))


def _copied(window: MeterMatrix) -> None:
    for column in _columns(window):
        column.copy()


def _columns(window: MeterMatrix) -> Iterator[NDArray[np.generic]]:
    """Yield what a detector is given."""
    yield from (window.import_kwh, window.quality, window.power_kw)
    for columns in (window.values, window.energies, window.registers):
        yield from columns.values()


def _window(needs: Needs) -> MeterMatrix:
    """Return steady columns with gaps, in the numbers that meters are usual at."""
    random = np.random.default_rng(645)
    grid = slot_grid(START, START + timedelta(days=DAYS), 15)
    shape = PART, len(grid)

    def column(level: float) -> NDArray[np.float64]:
        values = level * random.normal(1.0, 0.01, shape)
        values[random.random(shape) < GAPS] = np.nan
        return values

    kwh = column(0.5)
    return MeterMatrix(
        meters=[MeterId(f"M{number}") for number in range(PART)],
        starts_at=grid,
        minutes=15,
        values={q: column(_level(q)).astype(np.float32) for q in needs.quantities},
        import_kwh=kwh,
        quality=np.where(np.isnan(kwh), "N", "A"),
        step_kwh=np.full(PART, 0.01),
        power_kw=column(2.0),
        energies={name: column(ENERGY_KWH.get(name, 0.1)) for name in needs.energies},
        registers={q: np.cumsum(column(0.0), axis=1) for q in (*needs.registers, *needs.day_registers)},
    )


def _level(quantity: Quantity) -> float:
    name, _, phase = quantity.value.rpartition("_")
    share = 1.0 / len("abc") if phase in "abc" and "power" in name else 1.0
    known = [level for stem, level in LEVEL.items() if quantity.value.startswith(stem)]
    return share * known[0] if known else 1.0


def _registry() -> Registry:
    """Return an archive of three-phase customers with contracts."""
    numbers = range(PART)
    return Registry(
        meters=[Meter(id=MeterId(f"M{n}"), wiring=Wiring.THREE_PHASE_FOUR_WIRE) for n in numbers],
        installations=[Installation(meter=MeterId(f"M{n}"), service_point=f"P{n}") for n in numbers],
        service_points=[ServicePoint(id=f"P{n}") for n in numbers],
        contracts=[Contract(service_point=f"P{n}", capacity_kva=100.0) for n in numbers],
    )
