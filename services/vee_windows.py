"""Lines intervals up for validation and estimation (VEE), with what the archive says of each meter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.intervals import most_per_hour
from pipeline.model import MeterId
from pipeline.registry import Registry, SuspensionKind, as_shown
from pipeline.timegrid import from_numpy, local_clock, slot_grid, to_numpy
from pipeline.vee_window import Floats, IntervalRows, Mask, VeeWindow
from storage.intervals import IntervalColumns
from storage.matrices import ratio_factors, register_steps

IMPORT = "import_kwh"


def vee_windows(  # noqa: PLR0913 - the intervals and all that they are checked against
    registry: Registry,
    intervals: IntervalColumns,
    minutes: int,
    primary: frozenset[str],
    *,
    measured: IntervalColumns | None = None,
    finals: IntervalColumns | None = None,
) -> Iterator[VeeWindow]:
    """Yield a window for each time zone that meters of ``intervals`` are in.

    Args:
        registry: The archive; meters outside it are left out.
        intervals: Raw intervals.
        minutes: Length of the slots.
        primary: The profiles that report primary values already.
        measured: Intervals that the registers give, for the sum check.
        finals: What was given out as final before.
    """
    if not len(intervals):
        return
    step = timedelta(minutes=minutes)
    grid = slot_grid(
        from_numpy(intervals.starts_at.min()), from_numpy(intervals.starts_at.max()) + step, minutes
    )
    for zone, meters in _by_zone(registry, intervals).items():
        yield _window(registry, (intervals, measured, finals), (meters, grid, minutes, zone), primary)


def _window(
    registry: Registry,
    given: tuple[IntervalColumns, IntervalColumns | None, IntervalColumns | None],
    frame: tuple[list[MeterId], Times, int, ZoneInfo],
    primary: frozenset[str],
) -> VeeWindow:
    (intervals, measured, finals), (meters, grid, minutes, zone) = given, frame
    day, minute_of_day = local_clock(grid, zone)
    factors = ratio_factors(registry, meters, grid, primary)
    row_of = {meter: row for row, meter in enumerate(meters)}
    cells = _cells(intervals, row_of, grid, minutes)
    quality = np.full(factors.shape, "N", dtype="U1")
    quality[cells[0], cells[1]] = intervals.quality[cells[2]]
    installed, partly = _installed(registry, row_of, grid, minutes)
    shown = as_shown(registry, primary).meter_by_id
    most = np.array([most_per_hour(shown[m]) * shown[m].resolution for m in meters])
    return VeeWindow(
        meters=meters,
        starts_at=grid,
        minutes=minutes,
        day=day,
        minute_of_day=minute_of_day,
        kwh=_spread(intervals.energies[IMPORT], cells, factors.shape),
        quality=quality,
        step_kwh=register_steps(registry, meters, factors),
        siblings={
            name: _spread(energy, cells, factors.shape)
            for name, energy in intervals.energies.items()
            if name != IMPORT
        },
        most_kwh=most[:, None] * factors * minutes / 60.0,
        installed=installed,
        partly=partly,
        suspended=_suspended(registry, row_of, grid),
        rows=_rows(intervals, row_of),
        register_kwh=None if measured is None else _register_kwh(measured, row_of, grid, minutes),
        finals=None if finals is None else _energies(finals, row_of, grid, minutes),
        filed_multiplier=factors[:, -1],
    )


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


def _energies(intervals: IntervalColumns, row_of: dict[MeterId, int], grid: Times, minutes: int) -> Floats:
    cells = _cells(intervals, row_of, grid, minutes)
    return _spread(intervals.energies[IMPORT], cells, (len(row_of), len(grid)))


def _register_kwh(measured: IntervalColumns, row_of: dict[MeterId, int], grid: Times, minutes: int) -> Floats:
    total: Floats = _energies(measured, row_of, grid, minutes).sum(axis=1)
    return total


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
