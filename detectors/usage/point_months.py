"""Energies of a service point by local months (月电量): of its main meters, less those to subtract."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix, Times, is_actual
from pipeline.daily_rows import DailyRows, Floats
from pipeline.model import MeterId
from pipeline.registry import Registry, Role, in_force
from pipeline.timegrid import lie_in, local_clock, local_day, touch

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointMonth:
    """One local month of a service point, as far as the window has it."""

    name: str
    """``2026-03``."""
    days: NDArray[np.intp]
    """Columns of the month's known days."""
    is_over: bool
    """Its last day is known."""
    share_known: float
    """Of all days of the month, or of those up to the last known one while it is not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDays:
    """The local days of one zone in a window of slots."""

    zone: ZoneInfo
    day: Ints
    """Column of the day in which each slot begins, shape (slots,); it may lie outside."""
    minute: Ints
    """Minute of that day on the wall clock, shape (slots,)."""
    lengths: Floats
    """Slots of each whole day, shape (days,)."""

    @classmethod
    def of(cls, window: MeterMatrix, daily: DailyRows, zone: ZoneInfo) -> LocalDays:
        """Return the days of a window as they are in a zone."""
        day, minute = local_clock(window.starts_at, zone)
        spans = [local_day(daily.date_of(column), zone) for column in range(len(daily.days))]
        slot = timedelta(minutes=window.minutes)
        return cls(
            zone=zone,
            day=day - daily.days[0].astype(np.int64),
            minute=minute,
            lengths=np.array([(ends - begins) / slot for begins, ends in spans]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSlots:
    """What the meters of a service point counted together while they hung there; arrays of shape (slots,)."""

    meters: Sequence[MeterId]
    """Those in the window, main meters first."""
    days: LocalDays
    known: Bools
    """A main meter hung there, and each meter that did has an actual energy of the slot."""
    kwh: Floats
    energies: Mapping[str, Floats]
    explained: Bools
    """Days, shape (days,), that another detector's episode explains at one of the meters."""

    def by_day(self, *columns: Floats) -> list[Floats]:
        """Return each column's known slots added up by local days, shape (days,); NaN where none is known."""
        counted, day = self._counted()
        size = len(self.days.lengths)
        nothing = np.bincount(day, minlength=size) == 0
        sums = [np.bincount(day, weights=column[counted], minlength=size) for column in columns]
        return [np.where(nothing, np.nan, total) for total in sums]

    @property
    def coverage(self) -> Floats:
        """Share of each local day's slots that are known, shape (days,)."""
        covered: Floats = (
            np.bincount(self._counted()[1], minlength=len(self.days.lengths)) / self.days.lengths
        )
        return covered

    def _counted(self) -> tuple[NDArray[np.intp], Ints]:
        """Return the known slots that begin in one of the days, and the column of that day."""
        day = self.days.day
        counted = np.flatnonzero(self.known & (day >= 0) & (day < len(self.days.lengths)))
        return counted, day[counted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the points of a window are added up from; worked out once for all of them."""

    window: MeterMatrix
    registry: Registry
    row_of: Mapping[MeterId, int]
    ends_at: Times
    """Slot ends, shape (slots,)."""
    explained: Bools | None
    """Days that another detector's episode explains, shape (meters, days)."""

    @classmethod
    def of(cls, window: MeterMatrix, daily: DailyRows, registry: Registry) -> Measured:
        """Return what a window has."""
        return cls(
            window=window,
            registry=registry,
            row_of={meter: row for row, meter in enumerate(window.meters)},
            ends_at=window.starts_at + np.timedelta64(window.minutes, "m"),
            explained=daily.mask_of(),
        )


def point_slots(
    measured: Measured,
    point: str,
    days: LocalDays,
    energies: Collection[str],
    optional: Collection[str] = (),
) -> PointSlots | None:
    """Return the slots of a point, each meter's while it hangs there; None without any of its main meters.

    The slot of a meter change counts where the closing or opening register was written down, else it is
    unknown. ``optional`` energies count as none where a meter does not show them; ``energies`` are NaN then.
    """
    window, row_of, mask = measured.window, measured.row_of, measured.explained
    starts_at, ends_at = window.starts_at, measured.ends_at
    stays = [
        (stay, touched)
        for stay in measured.registry.installations_by_point.get(point, ())
        if stay.role is not Role.CHECK
        and (touched := touch(starts_at, ends_at, stay.starts_at, stay.ends_at)).any()
    ]
    if not any(stay.role is Role.MAIN and stay.meter in row_of for stay, _ in stays):
        return None
    shape = len(starts_at)
    kwh, has_main, known = np.zeros(shape), np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
    columns = {name: np.zeros(shape) for name in (*energies, *optional)}
    explained = np.zeros(len(days.lengths), np.bool_)
    for stay, touched in stays:
        has_main |= touched & (stay.role is Role.MAIN)
        row = row_of.get(stay.meter)
        if row is None:
            known &= ~touched
            continue
        sign = 1.0 if stay.role is Role.MAIN else -1.0
        counts = is_actual(window.quality[row]) & np.isfinite(window.import_kwh[row])
        if not (stay.closing or stay.opening):
            counts &= lie_in(starts_at, ends_at, stay.starts_at, stay.ends_at)
        known &= ~touched | counts
        there = slice(None) if touched.all() else touched  # a view where it hangs there all the time
        kwh[there] += sign * window.import_kwh[row, there]
        for name, column in columns.items():
            energy = window.energies.get(name)
            own = np.full(int(touched.sum()), np.nan) if energy is None else energy[row, there]
            column[there] += sign * (np.nan_to_num(own) if name in optional else own)
        if mask is not None:
            own_days = np.unique(days.day[touched])
            own_days = own_days[(own_days >= 0) & (own_days < len(explained))]
            explained[own_days] |= mask[row, own_days]
    present = {stay.meter: stay.role is not Role.MAIN for stay, _ in stays if stay.meter in row_of}
    return PointSlots(
        meters=sorted(present, key=lambda meter: (present[meter], meter)),
        days=days,
        known=known & has_main,
        kwh=kwh,
        energies=columns,
        explained=explained,
    )


def months(days: NDArray[np.datetime64], known: Bools, coverage: Floats) -> Iterator[PointMonth]:
    """Yield the months of which some days are known; each array has shape (days,)."""
    month = days.astype("datetime64[M]")
    last = np.flatnonzero(known)
    for this in np.unique(month):
        own = np.flatnonzero((month == this) & known)
        if not len(own):
            continue
        first_day, next_first = this.astype("datetime64[D]"), (this + 1).astype("datetime64[D]")
        is_over = bool(days[last[-1]] >= next_first - 1)
        until = next_first if is_over else days[last[-1]] + 1
        length = int((until - first_day).astype(np.int64))
        yield PointMonth(
            name=str(this),
            days=own,
            is_over=is_over,
            share_known=float(coverage[own].sum()) / length,
        )


def main_meter_of(registry: Registry, point: str, first: date, zone: ZoneInfo) -> MeterId | None:
    """Return the main meter that a month's findings bear: that of its first day, else the first since."""
    begins = local_day(first.replace(day=1), zone)[0]
    mains = [s for s in registry.installations_by_point.get(point, ()) if s.role is Role.MAIN]
    here = [s for s in mains if in_force(s.starts_at, s.ends_at, begins)]
    later = [s for s in mains if s.starts_at is not None and s.starts_at > begins]
    if here:
        return min(stay.meter for stay in here)
    return min(later, key=lambda stay: (stay.starts_at or begins, stay.meter)).meter if later else None
