"""Aligned matrices of many meters for the detectors, built from intervals and readings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix, Times
from pipeline.model import MeterId, Origin, Scope
from pipeline.quantities import Group, Quantity
from pipeline.registry import Registry, in_force
from pipeline.timegrid import begin_in, from_numpy, slot_grid
from storage.columns import NUMBER_OF_ORIGIN, table_of
from storage.database import Connection
from storage.finals import settled_series
from storage.intervals import IntervalColumns, energy_of
from storage.readings import ReadingSeries, reading_series

PREFERENCE = (Origin.LOAD_RECORD, Origin.PRESENT, Origin.PUSH)
"""Which reading stands for a slot when it has several; within one origin it is the earliest."""

REGISTER_PREFERENCE = (Origin.DAILY_FREEZE, *PREFERENCE)
"""The same for energy registers: a freeze holds them with all their rates."""

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)


def meter_matrix(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    registry: Registry,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    minutes: int,
    meters: Sequence[MeterId],
    quantities: Sequence[Quantity] = (),
    registers: Sequence[Quantity] = (),
    energies: Collection[str] = (),
    primary_profiles: frozenset[str] = frozenset(),
) -> MeterMatrix:
    """Return the slots of ``meters`` that begin in ``[starts_at, ends_at)``, missing ones as NaN.

    Energies are the final ones where there are, each slot with its letter: what is not ``A`` was not measured
    in that slot, and whoever judges must not take it for a measurement.
    Ask for some hundred meters at a time: a month of 500 meters is about 1.4 million slots.

    Args:
        connection: The database.
        registry: The archive, for resolutions and ratios.
        scope: The areas the caller may see; meters outside it stay all NaN.
        starts_at: The first instant.
        ends_at: The first instant after.
        minutes: Length of the slots.
        meters: The rows of the matrix, in this order.
        quantities: Electrical quantities wanted at the slots' starts, on the meter's own side.
        registers: Energy registers wanted there.
        energies: Energies of the slots wanted beside import, as in :data:`storage.intervals.ENERGIES`.
        primary_profiles: Profiles whose values are primary ones already: no ratio is applied to them.

    Raises:
        StorageError: If the database is away or refuses.
    """
    grid = slot_grid(starts_at, ends_at, minutes)
    factors = hung_factors(registry, meters, grid, ratio_factors(registry, meters, grid, primary_profiles))
    wanted = list(dict.fromkeys((*quantities, Quantity.ACTIVE_POWER)))
    values: dict[Quantity, NDArray[np.float32]] = {}
    apart_s = None
    for table in sorted({table_of(q) for q in wanted}):
        readings = reading_series(
            connection,
            [q for q in wanted if table_of(q) == table],
            scope=scope,
            starts_at=starts_at,
            ends_at=ends_at,
            meters=meters,
            origins=PREFERENCE,
        )
        values |= values_at_slots(readings, meters, grid, minutes)
        if Quantity.ACTIVE_POWER in readings.values:  # the table of electrical values
            apart_s = seconds_apart(readings, meters, grid, minutes)
    power_kw = values[Quantity.ACTIVE_POWER].astype(np.float64) * factors
    intervals = _intervals(connection, scope, meters, grid, minutes)
    import_kwh, import_kvarh, quality = energies_at_slots(intervals, meters, grid, minutes)
    found = {}
    if registers and len(grid):
        readings = reading_series(
            connection,
            registers,
            scope=scope,
            starts_at=starts_at,
            ends_at=ends_at,
            meters=meters,
            origins=REGISTER_PREFERENCE,
        )
        found = registers_at_slots(readings, meters, grid, minutes)
    return MeterMatrix(
        meters=list(meters),
        starts_at=grid,
        minutes=minutes,
        values={q: values[q] for q in quantities},
        import_kwh=import_kwh,
        quality=quality,
        step_kwh=register_steps(registry, meters, factors),
        power_kw=power_kw,
        ratios=unless_constant(factors),
        apart_s=apart_s,
        import_kvarh=import_kvarh,
        energies=other_energies(intervals, energies, meters, grid, minutes),
        registers=found,
    )


def values_at_slots(
    readings: ReadingSeries, meters: Sequence[MeterId], grid: Times, minutes: int
) -> dict[Quantity, NDArray[np.float32]]:
    """Return each quantity's reading for each slot, shape (meters, slots); see :data:`PREFERENCE`.

    A reading belongs to the slot of its scheduled instant, else to the slot in which it was taken.
    """
    shape = (len(meters), len(grid))
    values = {q: np.full(shape, np.nan, dtype=np.float32) for q in readings.values}
    if not len(readings) or not len(grid):
        return values
    order, rows, slots = _best_last(readings, meters, grid, minutes, PREFERENCE)
    for quantity, column in readings.values.items():
        given = order[~np.isnan(column[order])]
        values[quantity][rows[given], slots[given]] = column[given]
    return values


def seconds_apart(
    readings: ReadingSeries, meters: Sequence[MeterId], grid: Times, minutes: int
) -> NDArray[np.float32] | None:
    """Return how far apart the readings are that each slot's values come from, shape (meters, slots).

    None where every slot has its electrical values of one reading: most windows.
    """
    if not len(readings) or not len(grid):
        return None
    order, rows, slots = _best_last(readings, meters, grid, minutes, PREFERENCE)
    cells = rows[order] * len(grid) + slots[order]
    order = order[np.bincount(cells, minlength=len(meters) * len(grid))[cells] > 1]
    if not len(order):
        return None
    taken_s = (readings.taken_at - grid[0]) / np.timedelta64(1, "s")
    earliest, latest = (np.full((len(meters), len(grid)), np.nan) for _ in range(2))
    for quantity, column in readings.values.items():
        if quantity.group is not Group.ELECTRICAL:
            continue
        given = order[~np.isnan(column[order])]
        at = np.full_like(earliest, np.nan)
        at[rows[given], slots[given]] = taken_s[given]
        earliest, latest = np.fmin(earliest, at), np.fmax(latest, at)
    apart: NDArray[np.float32] = np.nan_to_num(latest - earliest).astype(np.float32)
    return apart if apart.any() else None


def registers_at_slots(
    readings: ReadingSeries, meters: Sequence[MeterId], grid: Times, minutes: int
) -> dict[Quantity, NDArray[np.float64]]:
    """Return the registers for each slot, shape (meters, slots): all of one slot are of one reading.

    Registers of two readings are never mixed, for they are compared with each other: what the chosen reading
    (see :data:`REGISTER_PREFERENCE`) lacks is missing.
    """
    shape = (len(meters), len(grid))
    values = {q: np.full(shape, np.nan) for q in readings.values}
    if not len(readings) or not len(grid):
        return values
    order, rows, slots = _best_last(readings, meters, grid, minutes, REGISTER_PREFERENCE)
    chosen = np.full(shape, -1, dtype=np.int64)
    chosen[rows[order], slots[order]] = order
    cells = np.nonzero(chosen >= 0)
    for quantity, column in readings.values.items():
        values[quantity][cells] = column[chosen[cells]]
    return values


def _best_last(
    readings: ReadingSeries,
    meters: Sequence[MeterId],
    grid: Times,
    minutes: int,
    preference: Sequence[Origin],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the readings within the grid, the best of a slot last, and the row and slot of every reading.

    Of several values that are assigned to one cell the last one stays.
    """
    row_of = {meter: row for row, meter in enumerate(meters)}
    rows = np.array([row_of[m] for m in readings.meters], dtype=np.int64)[readings.meter_index]
    at = np.where(np.isnat(readings.slot_at), readings.taken_at, readings.slot_at)
    slots = ((at - grid[0]) // np.timedelta64(minutes * 60_000_000, "us")).astype(np.int64)
    rank = np.full(max(NUMBER_OF_ORIGIN.values()) + 1, len(preference))
    for place, origin in enumerate(preference):
        rank[NUMBER_OF_ORIGIN[origin]] = place
    order = np.lexsort((at, rank[readings.origin]))[::-1]
    return order[(slots[order] >= 0) & (slots[order] < len(grid))], rows, slots


def other_energies(
    intervals: IntervalColumns | None,
    names: Collection[str],
    meters: Sequence[MeterId],
    grid: Times,
    minutes: int,
) -> dict[str, NDArray[np.float64]]:
    """Return those of the named energies that are kept at all, shape (meters, slots)."""
    if intervals is None or not len(intervals) or not len(grid):
        return {}
    cells, fits = _cells(intervals, meters, grid, minutes)
    found = {}
    for name in sorted(set(names)):
        kept = energy_of(intervals, name)
        if kept is None:
            continue
        column = np.full((len(meters), len(grid)), np.nan)
        column[cells] = kept[fits]
        if np.isfinite(column).any():
            found[name] = column
    return found


def ratio_factors(
    registry: Registry, meters: Sequence[MeterId], grid: Times, primary_profiles: frozenset[str]
) -> NDArray[np.float64]:
    """Return what the meters' values are multiplied by to become primary ones, shape (meters, slots)."""
    factors = np.ones((len(meters), len(grid)))
    row_of = {meter: row for row, meter in enumerate(meters)}
    # The ratio that began last wins.
    dated = sorted(registry.ratios, key=lambda ratio: ratio.starts_at or _SINCE_EVER)
    for ratio in dated:
        if ratio.meter in row_of:
            factors[row_of[ratio.meter], begin_in(grid, ratio.starts_at, ratio.ends_at)] = ratio.ct * ratio.pt
    for installation in registry.installations:
        if installation.profile in primary_profiles and installation.meter in row_of:
            there = begin_in(grid, installation.starts_at, installation.ends_at)
            factors[row_of[installation.meter], there] = 1.0
    return factors


def hung_factors(
    registry: Registry, meters: Sequence[MeterId], grid: Times, factors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return factors, shape (meters, slots), that only the slots tell in which a meter hangs somewhere.

    A slot at whose start it hangs nowhere has the factor of the next at whose start it does, else of the last
    before. A meter that the archive never hangs up within the grid keeps its factors.
    """
    found = factors
    if not len(grid):
        return found
    first, last = from_numpy(grid[0]), from_numpy(grid[-1])
    for row, meter in enumerate(meters):
        placed = registry.installations_by_meter.get(meter, ())
        if not placed or any(
            in_force(i.starts_at, i.ends_at, first) and in_force(i.starts_at, i.ends_at, last) for i in placed
        ):
            continue
        hung = np.flatnonzero(np.any([begin_in(grid, i.starts_at, i.ends_at) for i in placed], axis=0))
        if 0 < len(hung) < len(grid):
            found = factors.copy() if found is factors else found
            following = np.searchsorted(hung, np.arange(len(grid))).clip(max=len(hung) - 1)
            found[row] = factors[row, hung[following]]
    return found


def unless_constant(factors: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return factors, shape (meters, slots), or None if they change for no meter."""
    return factors if bool((factors != factors[:, :1]).any()) else None


def energies_at_slots(
    intervals: IntervalColumns | None, meters: Sequence[MeterId], grid: Times, minutes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.str_]]:
    """Return import in kWh, import in kvarh (None where none is kept) and quality, shape (meters, slots)."""
    shape = (len(meters), len(grid))
    active = np.full(shape, np.nan)
    reactive = np.full(shape, np.nan)
    quality = np.full(shape, "N", dtype="U1")
    if intervals is None or not len(intervals) or not len(grid):
        return active, None, quality
    cells, fits = _cells(intervals, meters, grid, minutes)
    active[cells] = intervals.energies["import_kwh"][fits]
    quality[cells] = intervals.quality[fits]
    kvarh = energy_of(intervals, "import_kvarh")
    if kvarh is None or np.isnan(kvarh[fits]).all():
        return active, None, quality
    reactive[cells] = kvarh[fits]
    return active, reactive, quality


def _cells(
    intervals: IntervalColumns, meters: Sequence[MeterId], grid: Times, minutes: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]:
    """Return the row and slot of each interval that fits the grid, and which do."""
    row_of = {meter: row for row, meter in enumerate(meters)}
    rows = np.array([row_of.get(meter, -1) for meter in intervals.meters], dtype=np.int64)
    slots = ((intervals.starts_at - grid[0]) // np.timedelta64(minutes * 60_000_000, "us")).astype(np.int64)
    fits = (rows >= 0) & (intervals.minutes == minutes) & (slots >= 0) & (slots < len(grid))
    fits[fits] = grid[slots[fits]] == intervals.starts_at[fits]
    return (rows[fits], slots[fits]), fits


def _intervals(
    connection: Connection, scope: Scope, meters: Sequence[MeterId], grid: Times, minutes: int
) -> IntervalColumns | None:
    if not len(grid):
        return None
    return settled_series(
        connection,
        scope=scope,
        starts_at=from_numpy(grid[0]),
        ends_at=from_numpy(grid[-1] + np.timedelta64(minutes * 60_000_000, "us")),
        minutes=minutes,
        meters=meters,
    )


def register_steps(
    registry: Registry, meters: Sequence[MeterId], factors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return one register step of each meter on the primary side, kWh.

    Args:
        registry: The archive.
        meters: The rows.
        factors: What makes their values primary ones, shape (meters, slots); see :func:`hung_factors`.
    """
    resolution = np.array([registry.meter_by_id[m].resolution for m in meters])
    # Where the ratio changed within the span, the coarser step is the safe one.
    coarsest: NDArray[np.float64] = factors.max(axis=1, initial=0.0)
    return resolution * coarsest
