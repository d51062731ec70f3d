"""Lines intervals up for validation and estimation (VEE), with what the archive says of each meter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import ReadingBlock, Times
from pipeline.contracts import SuspensionKind
from pipeline.intervals import most_per_hour
from pipeline.model import MeterId
from pipeline.records import ParameterReading
from pipeline.registry import Registry
from pipeline.shown_ratings import as_shown
from pipeline.thresholds import numbers_at
from pipeline.timegrid import from_numpy, local_clock, slot_grid, to_numpy
from pipeline.vee_limits import THRESHOLDS, VeeLimits, limits_with
from pipeline.vee_window import IMPORT, Floats, IntervalRows, Mask, VeeWindow
from services.derive import REGISTERS
from services.told_ratios import told_multipliers
from services.vee_outages import outages
from services.vee_policies import Slots, policies
from storage.events import PowerDown
from storage.intervals import ENERGIES, IntervalColumns, letters_of
from storage.matrices import hung_factors, ratio_factors, register_steps


def vee_windows(  # noqa: PLR0913 - the intervals and all that they are checked against
    registry: Registry,
    intervals: IntervalColumns,
    minutes: int,
    primary: frozenset[str],
    *,
    measured: IntervalColumns | None = None,
    registers: ReadingBlock | None = None,
    finals: IntervalColumns | None = None,
    power_downs: Sequence[PowerDown] = (),
    parameters: Sequence[ParameterReading] = (),
    energies: Collection[str] = ENERGIES,
) -> Iterator[VeeWindow]:
    """Yield a window for each time zone that meters of ``intervals`` are in, and for each of their energies.

    An energy's window has the meters that give it; a meter that gives none at all is asked for its import.

    Args:
        registry: The archive; meters outside it are left out.
        intervals: Raw intervals.
        minutes: Length of the slots.
        primary: The profiles that report primary values already.
        measured: Intervals that the registers give, for the sum check and for fitting estimates between them.
        registers: The registers that gave them.
        finals: What was given out as final before.
        power_downs: When meters told that they had no power.
        parameters: What meters hold, oldest first: their own ratios are compared with the archive's.
        energies: Those that windows are wanted of.
    """
    if not len(intervals):
        return
    step = timedelta(minutes=minutes)
    grid = slot_grid(
        from_numpy(intervals.starts_at.min()), from_numpy(intervals.starts_at.max()) + step, minutes
    )
    for zone, meters in _by_zone(registry, intervals).items():
        for energy, giving in _by_energy(intervals, meters).items():
            if energy not in energies:
                continue
            frame = _Frame(meters=giving, grid=grid, minutes=minutes, zone=zone, energy=energy)
            window = _window(registry, (intervals, measured, finals), frame, primary)
            edges = None if registers is None else _edges(registers, giving, frame)
            row_of = {meter: row for row, meter in enumerate(giving)}
            off = outages(registry, power_downs, row_of, grid, minutes)
            told = told_multipliers(parameters, row_of)
            yield replace(window, register_edges=edges, outage=off, multiplier=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What a window spans: meters of one zone, the slots, and one energy."""

    meters: list[MeterId]
    grid: Times
    minutes: int
    zone: ZoneInfo
    energy: str


def _window(
    registry: Registry,
    given: tuple[IntervalColumns, IntervalColumns | None, IntervalColumns | None],
    frame: _Frame,
    primary: frozenset[str],
) -> VeeWindow:
    intervals, measured, finals = given
    meters, grid, minutes = frame.meters, frame.grid, frame.minutes
    day, minute_of_day = local_clock(grid, frame.zone)
    factors = hung_factors(registry, meters, grid, ratio_factors(registry, meters, grid, primary))
    row_of = {meter: row for row, meter in enumerate(meters)}
    cells = _cells(intervals, row_of, grid, minutes)
    energies = {name: _spread(e, cells, factors.shape) for name, e in intervals.energies.items()}
    kwh = energies.pop(frame.energy)
    installed, partly = _installed(registry, row_of, grid, minutes)
    shown = as_shown(registry, primary).meter_by_id
    filed = policies(registry, row_of, Slots(starts_at=grid, day=day, minute_of_day=minute_of_day))
    by_registers = None if measured is None else _energies(measured, row_of, frame)
    changed = bool((factors != factors[:, :1]).any())
    resolution = np.array([registry.meter_by_id[m].resolution for m in meters])
    most = np.array([most_per_hour(shown[m]) * shown[m].resolution for m in meters])
    return VeeWindow(
        meters=meters,
        starts_at=grid,
        minutes=minutes,
        day=day,
        minute_of_day=minute_of_day,
        kwh=kwh,
        energy=frame.energy,
        quality=_letters(intervals, cells, factors.shape, frame.energy),
        step_kwh=register_steps(registry, meters, factors),
        slot_step_kwh=resolution[:, None] * factors if changed else None,
        siblings=energies,
        most_kwh=most[:, None] * factors * minutes / 60.0,
        installed=installed,
        partly=partly,
        suspended=_suspended(registry, row_of, grid),
        versions=_versions(intervals, cells, factors.shape),
        rows=_rows(intervals, row_of),
        registered=by_registers,
        register_kwh=None if by_registers is None else by_registers.sum(axis=1),
        # The class's curve is one of active energy drawn.
        profile=filed.profile if frame.energy == IMPORT else None,
        temperature_c=filed.temperature_c,
        orders=filed.orders,
        order_of=filed.order_of,
        finals=None if finals is None else _energies(finals, row_of, frame),
        filed_multiplier=factors[:, -1],
        limits=_limits(registry, meters, from_numpy(grid[-1])),
    )


def _limits(registry: Registry, meters: Sequence[MeterId], instant: datetime) -> dict[int, VeeLimits]:
    """Return the limits of the meters whose point or class has its own, as of the window's last slot."""
    if not any(entry.detector == THRESHOLDS for entry in registry.thresholds):
        return {}
    numbers = (
        numbers_at(registry, THRESHOLDS, registry.service_point_of(meter, instant), instant)
        for meter in meters
    )
    return {row: limits_with(found) for row, found in enumerate(numbers) if found}


def _by_zone(registry: Registry, intervals: IntervalColumns) -> dict[ZoneInfo, list[MeterId]]:
    known, point_of = set(intervals.meters), {i.meter: i.service_point for i in registry.installations}
    zones: dict[ZoneInfo, list[MeterId]] = defaultdict(list)
    zone_of: dict[str | None, ZoneInfo] = {}
    for meter in registry.meters:
        if meter.id in known:
            point = point_of.get(meter.id)
            if point not in zone_of:
                zone_of[point] = registry.zone_of(point)
            zones[zone_of[point]].append(meter.id)
    return zones


def _by_energy(intervals: IntervalColumns, meters: list[MeterId]) -> dict[str, list[MeterId]]:
    """Return the meters that give each energy, in the order of :data:`storage.intervals.ENERGIES`."""
    names = np.array(intervals.meters, dtype=object)
    giving: dict[str, set[MeterId]] = {
        energy: set(names[np.isfinite(intervals.energies[energy])])
        for energy in ENERGIES
        if energy in intervals.energies
    }
    some = set().union(*giving.values())
    giving[IMPORT] = giving.get(IMPORT, set()) | {meter for meter in meters if meter not in some}
    found = {energy: [m for m in meters if m in given] for energy, given in giving.items()}
    return {energy: given for energy, given in found.items() if given}


Cells = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]
"""Row, slot and place among the columns of each interval that fits the grid."""


def _cells(intervals: IntervalColumns, row_of: dict[MeterId, int], grid: Times, minutes: int) -> Cells:
    rows = np.array([row_of.get(meter, -1) for meter in intervals.meters], dtype=np.int64)
    slots = ((intervals.starts_at - grid[0]) // np.timedelta64(minutes * 60_000_000, "us")).astype(np.int64)
    fits = (rows >= 0) & (intervals.minutes == minutes) & (slots >= 0) & (slots < len(grid))
    fits[fits] = grid[slots[fits]] == intervals.starts_at[fits]
    place = np.flatnonzero(fits)
    return rows[place], slots[place], place


def _spread(energy: Floats, cells: Cells, shape: tuple[int, ...]) -> Floats:
    found = np.full(shape, np.nan)
    found[cells[0], cells[1]] = energy[cells[2]]
    return found


def _energies(intervals: IntervalColumns, row_of: dict[MeterId, int], frame: _Frame) -> Floats:
    shape = len(row_of), len(frame.grid)
    if frame.energy not in intervals.energies:
        return np.full(shape, np.nan)
    cells = _cells(intervals, row_of, frame.grid, frame.minutes)
    return _spread(intervals.energies[frame.energy], cells, shape)


def _edges(registers: ReadingBlock, meters: list[MeterId], frame: _Frame) -> Mask:
    """Return where a register was read just at a slot's edge."""
    edges = np.zeros((len(meters), len(frame.grid) + 1), dtype=np.bool_)
    column = registers.scalars.get(REGISTERS[frame.energy])
    if column is None:
        return edges
    row_of = {meter: row for row, meter in enumerate(meters)}
    rows = np.array([row_of.get(MeterId(meter), -1) for meter in registers.meters], dtype=np.int64)
    since = registers.taken_at - frame.grid[0]
    step = np.timedelta64(frame.minutes * 60_000_000, "us")
    slots = (since // step).astype(np.int64)
    fits = (rows >= 0) & np.isfinite(column) & (slots >= 0) & (slots < edges.shape[1])
    fits &= (since % step).astype(np.int64) == 0
    edges[rows[fits], slots[fits]] = True
    return edges


def _letters(
    intervals: IntervalColumns, cells: Cells, shape: tuple[int, ...], energy: str
) -> NDArray[np.str_]:
    quality = np.full(shape, "N", dtype="U1")
    quality[cells[0], cells[1]] = letters_of(intervals, energy)[cells[2]]
    return quality


def _versions(intervals: IntervalColumns, cells: Cells, shape: tuple[int, ...]) -> NDArray[np.int16] | None:
    if intervals.versions is None:
        return None
    versions = np.full(shape, -1, dtype=np.int16)
    versions[cells[0], cells[1]] = intervals.versions[cells[2]]
    return versions


def _installed(
    registry: Registry, row_of: dict[MeterId, int], grid: Times, minutes: int
) -> tuple[Mask, Mask]:
    """Return where each meter hung somewhere, and where only for a part of the slot."""
    ends = grid + np.timedelta64(minutes, "m")
    touched = np.zeros((len(row_of), len(grid)), dtype=np.bool_)
    cut = np.zeros_like(touched)
    recorded = {installation.meter for installation in registry.installations}
    for meter, row in row_of.items():
        touched[row] = meter not in recorded
    for installation in registry.installations:
        if installation.meter not in row_of:
            continue
        row, own = row_of[installation.meter], np.ones(len(grid), dtype=np.bool_)
        if installation.starts_at is not None:
            own &= ends > to_numpy(installation.starts_at)
        if installation.ends_at is not None:
            own &= grid < to_numpy(installation.ends_at)
        for at in (installation.starts_at, installation.ends_at):
            if at is not None:
                cut[row] |= (grid < to_numpy(at)) & (to_numpy(at) < ends)
        touched[row] |= own
    return touched, touched & cut


def _suspended(registry: Registry, row_of: dict[MeterId, int], grid: Times) -> Mask:
    suspended = np.zeros((len(row_of), len(grid)), dtype=np.bool_)
    for suspension in registry.suspensions:
        if suspension.remaining_kva > 0 and suspension.kind is not SuspensionKind.CLOSED:
            continue
        inside = grid >= to_numpy(suspension.starts_at)
        if suspension.ends_at is not None:
            inside &= grid < to_numpy(suspension.ends_at)
        for installation in registry.installations:
            if installation.service_point == suspension.service_point and installation.meter in row_of:
                suspended[row_of[installation.meter]] |= inside
    return suspended


def _rows(intervals: IntervalColumns, row_of: dict[MeterId, int]) -> IntervalRows:
    rows = np.array([row_of.get(meter, -1) for meter in intervals.meters], dtype=np.int64)
    mine = rows >= 0
    return IntervalRows(
        meter=rows[mine],
        starts_at=intervals.starts_at[mine],
        minutes=intervals.minutes[mine].astype(np.int64),
        kwh=intervals.energies[IMPORT][mine],
    )
