"""Readings of the maximum demand (最大需量) beside what the curve made in the same billing period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.ratings import Ratings
from pipeline.block import MeterMatrix, Times
from pipeline.events import EventKind
from pipeline.quantities import Quantity
from pipeline.records import TimedValues
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy, local_day, to_numpy

DEMAND = Quantity.MAX_DEMAND_IMPORT
DEMAND_AT = Quantity.MAX_DEMAND_IMPORT_AT
DEMAND_MINUTES = 15
"""The demand period (需量周期)."""

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandReadings:
    """One entry a reading, by meter and then by time; powers on the primary side."""

    row: Ints
    taken_at: Times
    kw: Floats
    at: Times
    """When the register says that its demand ended; NaT where it was not read."""
    cycle: Times
    """When the billing period of the reading began."""
    follows: Bools
    """Whether the reading before is of the same meter and billing period."""
    fell: Bools
    """Whether it is less than the reading before of the same billing period."""
    noted: Bools
    """Whether the meter noted a reset since the reading before, of the same billing period."""
    curve_kw: Floats
    """Greatest mean power of a slot since the register last began; NaN where no slot is known."""
    most_kw: Floats
    """What the slots around ``at`` allow; NaN where one of them is not known."""

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.row)


def demand_readings(
    window: MeterMatrix, registry: Registry, rated: Ratings, settlement_day: Floats, share: Floats
) -> DemandReadings:
    """Return the readings of a window's meters.

    Those taken within a demand period of the start of a billing period are left out: they may still show the
    one before.

    Args:
        window: With the curve, and with readings and events among its records.
        registry: Says in which zone a meter's days are.
        rated: The meters' ratios.
        settlement_day: Day of the month on which a billing period begins, shape (meters,).
        share: By how much of the reading before a demand must be less to have fallen, shape (meters,).
    """
    row, taken_at, kw = _columns(window, window.records.readings.get(DEMAND))
    cycle = _cycles(window, registry, row, taken_at, settlement_day)
    kept = taken_at - cycle > np.timedelta64(DEMAND_MINUTES, "m")
    row, taken_at, cycle, kw = row[kept], taken_at[kept], cycle[kept], kw[kept]
    kw = kw * rated.ratio[row, np.minimum(_slots(window, taken_at), rated.ratio.shape[1] - 1)]
    follows = np.zeros(len(row), dtype=np.bool_)
    follows[1:] = (np.diff(row) == 0) & (cycle[1:] == cycle[:-1])
    fell = follows.copy()
    fell[1:] &= kw[1:] < kw[:-1] * (1.0 - share[row[1:]])
    at = _ended_at(window, row, taken_at)
    kwh, mask = window.actual_kwh(), window.mask_of()
    if mask is not None:
        kwh[mask] = np.nan
    return DemandReadings(
        row=row,
        taken_at=taken_at,
        kw=kw,
        at=at,
        cycle=cycle,
        follows=follows,
        fell=fell,
        noted=follows & _noted(window, row, taken_at),
        curve_kw=_curve_kw(window, kwh, (row, taken_at), _begun(window, (row, taken_at, cycle), fell)),
        most_kw=_most_kw(window, kwh, row, at),
    )


def _slots(window: MeterMatrix, taken_at: Times) -> Ints:
    """Return in which slot each reading lies; one at a slot's end counts to it."""
    return (np.searchsorted(window.starts_at, taken_at, side="left") - 1).clip(min=0)


def _columns(window: MeterMatrix, read: TimedValues | None) -> tuple[Ints, Times, Floats]:
    """Return row, time and value of the readings of the window's meters, by row and time."""
    if read is None:
        return np.zeros(0, np.intp), np.zeros(0, "datetime64[us]"), np.zeros(0)
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    row = np.fromiter((row_of.get(m, -1) for m in read.meters), np.intp, len(read.meters))
    end = window.starts_at[-1] + np.timedelta64(window.minutes, "m")
    inside = (row >= 0) & (read.taken_at > window.starts_at[0]) & (read.taken_at <= end)
    kept = np.flatnonzero(inside & np.isfinite(read.values))
    order = kept[np.lexsort((read.values[kept], read.taken_at[kept], row[kept]))]
    return row[order], read.taken_at[order].astype("datetime64[us]"), read.values[order]


def _cycles(
    window: MeterMatrix, registry: Registry, row: Ints, taken_at: Times, settlement_day: Floats
) -> Times:
    """Return when the billing period of each reading began; many readings are of one instant."""
    span = window.span()
    zones = [registry.zone_within(meter, *span) for meter in window.meters]
    kinds = list(dict.fromkeys(zones))
    zone = np.array([kinds.index(own) for own in zones], dtype=np.int64)
    keys = np.stack([taken_at.astype(np.int64), zone[row], settlement_day[row].astype(np.int64)], axis=1)
    alike, place = np.unique(keys, axis=0, return_inverse=True)
    starts = [
        to_numpy(_cycle_start(from_numpy(np.datetime64(at, "us")).astimezone(kinds[kind]), day))
        for at, kind, day in alike.tolist()
    ]
    return np.array(starts, dtype="datetime64[us]")[place.reshape(-1)]


def _cycle_start(local: datetime, day: int) -> datetime:
    """Return the last midnight, local time, that began the given day of a month."""
    on = local.date().replace(day=day) if local.day >= day else _month_before(local.date(), day)
    assert isinstance(local.tzinfo, ZoneInfo)  # noqa: S101 - made by astimezone just above
    return local_day(on, local.tzinfo)[0]


def _month_before(on: date, day: int) -> date:
    return (on.replace(day=1) - timedelta(days=1)).replace(day=day)


def _ended_at(window: MeterMatrix, row: Ints, taken_at: Times) -> Times:
    """Return what the register gave as the time of its demand in the same reading."""
    own_row, own_taken, seconds = _columns(window, window.records.readings.get(DEMAND_AT))
    found = np.full(len(row), np.datetime64("NaT", "us"))
    if not len(row) or not len(own_row):
        return found
    own_keys, keys = _keys(window, own_row, own_taken), _keys(window, row, taken_at)
    place = np.minimum(np.searchsorted(own_keys, keys), len(own_keys) - 1)
    has = own_keys[place] == keys
    found[has] = np.rint(seconds[place[has]] * 1e6).astype(np.int64).view("datetime64[us]")
    return found


def _keys(window: MeterMatrix, row: Ints, taken_at: Times) -> NDArray[np.int64]:
    """Return row and time as one number that grows with both."""
    first, last = (edge.astype(np.int64) for edge in (window.starts_at[0], window.starts_at[-1]))
    span = last - first + window.minutes * 60_000_000 + 1
    keys: NDArray[np.int64] = row.astype(np.int64) * span + taken_at.astype(np.int64) - first
    return keys


def _noted(window: MeterMatrix, row: Ints, taken_at: Times) -> Bools:
    """Return which readings are the first of their meter after a reset of its demand (需量清零)."""
    found = np.zeros(len(row), dtype=np.bool_)
    row_of = {meter: place for place, meter in enumerate(window.meters)}
    for record in window.records.events:
        if record.event.kind is EventKind.DEMAND_RESET and record.meter in row_of:
            later = (row == row_of[record.meter]) & (taken_at >= to_numpy(record.event.starts_at))
            found[np.flatnonzero(later)[:1]] = True
    return found


def _begun(window: MeterMatrix, readings: tuple[Ints, Times, Times], fell: Bools) -> Times:
    """Return since when each register has gathered its maximum: the period's start, a reset, or a fall."""
    row, taken_at, cycle = readings
    begun = cycle.copy()
    row_of = {meter: place for place, meter in enumerate(window.meters)}
    for record in window.records.events:
        if record.event.kind is EventKind.DEMAND_RESET and record.meter in row_of:
            reset_at = to_numpy(record.event.starts_at)
            after = (row == row_of[record.meter]) & (taken_at >= reset_at)
            begun[after] = np.maximum(begun[after], reset_at)
    for place in np.flatnonzero(fell):
        after = (row == row[place]) & (taken_at >= taken_at[place])
        begun[after] = np.maximum(begun[after], taken_at[place])
    return begun


def _curve_kw(window: MeterMatrix, kwh: Floats, readings: tuple[Ints, Times], begun: Times) -> Floats:
    """Return the greatest mean power of the whole slots between ``begun`` and each reading."""
    row, taken_at = readings
    length = np.timedelta64(window.minutes, "m")
    first = np.searchsorted(window.starts_at, begun)
    end = np.searchsorted(window.starts_at + length, taken_at, side="right")
    found = np.full(len(row), np.nan)
    for start in np.unique(first):
        own = np.flatnonzero((first == start) & (end > start))
        if len(own):
            rows, place = np.unique(row[own], return_inverse=True)
            running = np.fmax.accumulate(kwh[rows, start:], axis=1)
            found[own] = running[place, end[own] - start - 1]
    return found * 60.0 / window.minutes


def _most_kw(window: MeterMatrix, kwh: Floats, row: Ints, at: Times) -> Floats:
    """Return the power that all energy of the slots around a demand period would make within it."""
    known = ~np.isnat(at)
    ends = np.where(known, at, window.starts_at[0])
    period = np.timedelta64(DEMAND_MINUTES, "m")
    first = np.searchsorted(window.starts_at + np.timedelta64(window.minutes, "m"), ends - period, "right")
    end = np.searchsorted(window.starts_at, ends, side="left")
    known &= (ends - period >= window.starts_at[0]) & (end > first)
    total = np.zeros(len(row))
    for more in range(int((end - first)[known].max(initial=0))):
        inside = known & (first + more < end)
        total[inside] += kwh[row[inside], first[inside] + more]
    return np.where(known, total * 60.0 / DEMAND_MINUTES, np.nan)
