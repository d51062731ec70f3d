"""What each detector costs over a month of ten thousand meters, against one copy of what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Kind, Together, about, detectors
from detectors.engine import finite, made, on_blocks
from detectors.suppression import blinded
from detectors.wanted import by_days_alone, cannot_run
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.registry import Registry
from services.benchmarks.fleet_areas import areas
from services.benchmarks.fleet_customers import customers
from services.benchmarks.fleet_months import FleetMonths
from services.benchmarks.fleet_records import each_once, told
from services.benchmarks.rows import BenchRow, benchmarks, cpu_s

METERS: Final = 10_000
METERS_BY_DAYS: Final = 100_000
"""So many are told of where daily rows are enough."""
PART: Final = 1_000
"""Meters whose columns are in memory at a time; every part costs the same."""
DAYS: Final = 30
"""Days that are judged; a rule that learns what is usual is given the days before them too."""
ROUNDS: Final = 3
"""The quickest counts, for the machine has other work too."""
COPIES: Final = {Kind.SLOTS: 15.0, Kind.DAYS: 3.0, Kind.RECORDS: 15.0}
"""What may be spent, in copies of the columns (and looks at each record where records are what is judged);
daily rows are made once for all detectors by days."""


HOURLY_COPIES: Final = 6.0
"""The same for rules by days that go through readings hour by hour (decision record 0044)."""
BILL_COPIES: Final = 75.0
"""The same for rules by bills: once a month, and each bill is held against those of a year."""


@benchmarks.register("detect")
def detect(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure every detector on the slots that it looks at: nothing is wrong with them but gaps.

    Rules that compare the meters of an area are given areas, the others customers of three phases. A row is
    what a rule adds to a run of all: those that suppress it, which run once before, have rows of their own.
    A rule whose columns or tables the fleet lacks is not evaluated.
    """
    rows: list[BenchRow] = []
    for name in detectors.all():
        begin(name)
        rows += rows_of(about(name))
    begin("daily rows alone")
    rows.append(_row_by_days())
    _fleet.cache_clear()
    return rows


def _row_by_days() -> BenchRow:
    """Return what the detectors cost that daily rows are enough for, without any slot."""
    names = [name for name in detectors.all() if by_days_alone([name])]
    work_s = 0.0
    for name in names:
        rule = about(name)
        fleet = fleet_of(rule, PART, DAYS)
        window = without_slots(with_daily_rows(window_of(rule, fleet), fleet.registry))
        work_s += _quickest_s(partial(_worked, rule, window, fleet.registry))
    many = METERS_BY_DAYS // PART
    return BenchRow(
        what=f"{', '.join(names)} on daily rows alone: s of CPU for {METERS_BY_DAYS:,} meters x {DAYS} days",
        value=many * work_s,
    )


def rows_of(rule: About) -> Iterator[BenchRow]:
    """Yield what a rule costs, after what its daily rows cost."""
    fleet = fleet_of(rule, PART, DAYS + rule.learns_days)
    window = window_of(rule, fleet)
    copy_s = _quickest_s(partial(_copied, window))
    if rule.needs.daily:
        by_days = partial(with_daily_rows, window, fleet.registry)
        yield _row(f"daily rows for {rule.name}", by_days, copy_s, (COPIES[Kind.SLOTS], "slots"))
        window = by_days()
    work = partial(_worked, rule, window, fleet.registry)
    nothing_of = lacking(rule, window, fleet.registry)
    if nothing_of:
        what = f"{rule.name}: not evaluated, the fleet has no {', '.join(nothing_of)}"
        yield BenchRow(what=what, value=METERS // PART * cpu_s(work))
    else:
        yield _row(rule.name, work, copy_s, _allowed(rule))


def _worked(rule: About, window: MeterMatrix, registry: Registry) -> None:
    """Do what a run of the detectors does for one of them."""
    seen = blinded(window, [], rule.suppressed_by)
    on_blocks(made(rule.name, {}), seen, registry, threads=1)


def fleet_of(rule: About, meters: int, days: int) -> FleetMonths:
    """Return the fleet on which a rule is measured."""
    return _fleet(areas if rule.together is Together.AREA else customers, meters, days)


@cache
def _fleet(kind: Callable[[int, int], FleetMonths], meters: int, days: int) -> FleetMonths:
    return kind(meters, days)


def window_of(rule: About, fleet: FleetMonths) -> MeterMatrix:
    """Return what a rule looks at."""
    window = replace(fleet.window(rule.needs), records=told(fleet, rule.needs, rule.suppressed_by))
    return finite(window)


def without_slots(window: MeterMatrix) -> MeterMatrix:
    """Return the daily rows of a window alone, as they come from storage."""
    nothing = np.zeros((len(window.meters), 0))
    return replace(
        window,
        starts_at=window.starts_at[:0],
        import_kwh=nothing,
        quality=nothing.astype("U1"),
        power_kw=nothing,
        ratios=None,
        values={},
        energies={},
        registers={},
    )


def lacking(rule: About, window: MeterMatrix, registry: Registry) -> list[str]:
    """Return the columns and tables of which there is nothing for a rule to look at."""
    columns = [column for cannot in cannot_run(window, [rule.name]) for column in cannot.missing]
    return columns + [table for table in rule.needs.archive if not getattr(registry, f"{table}s")]


def _allowed(rule: About) -> tuple[float, str]:
    """Return how many copies a rule may cost, and by what it goes."""
    if rule.needs.bills:
        return BILL_COPIES, "bills"
    if rule.kind is Kind.DAYS and rule.needs.essential == ("quantities",):
        return HOURLY_COPIES, "hours"
    return COPIES[rule.kind], rule.kind.value


def _row(what: str, work: Callable[[], object], copy_s: float, allowed: tuple[float, str]) -> BenchRow:
    """Return what something costs for all meters against what it may cost."""
    copies, by = allowed
    parts = METERS // PART
    return BenchRow(
        what=f"{what}: s of CPU, against {copies:g} copies of its columns (by {by})",
        value=parts * _quickest_s(work),
        limit=copies * parts * copy_s,
        goal=1.0,
    )


def _quickest_s(work: Callable[[], object]) -> float:
    return min(cpu_s(work) for _ in range(ROUNDS))


def _copied(window: MeterMatrix) -> None:
    for column in _columns(window):
        column.copy()
    each_once(window)


def _columns(window: MeterMatrix) -> Iterator[NDArray[np.generic]]:
    """Yield what a detector is given."""
    yield from (window.import_kwh, window.quality, window.power_kw)
    for columns in (window.values, window.energies, window.registers):
        yield from columns.values()
