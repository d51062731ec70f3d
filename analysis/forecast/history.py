"""What a forecast stands on: the past by the local clock, a row a day, the last row ending at the origin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.days_off import NONE, DaysOff, kinds_of_days, like_rows
from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.timegrid import MINUTES_PER_DAY, from_numpy, local_clock, to_numpy

Floats = NDArray[np.float64]
NEED_DAYS = 28
"""A forecast looks at the last four days of each weekday."""
LEAST_WHOLE_DAYS = 21
"""Of the last ``NEED_DAYS`` so many must be whole: a week may be missing. One more of each for every day that
is asked for beyond the first, for errors from that far ahead are learnt from too."""
WHOLE_SHARE = 0.9
"""Share of its slots that a whole day has."""
LEAST_OF_LAST_DAY = 0.5
"""Share of the last 24 hours without which nobody knows the level."""
MOST_DAYS = 119
"""Seventeen weeks: a month of like days before the three months whose highest demands are learnt from."""
ALIKE = 4
"""How many days of a kind are looked at."""


MOST_DAYS_AHEAD = 7
"""How far ahead days are forecast; by the clock the last slots may reach into an eighth row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for."""

    at: datetime
    """The origin, where a slot starts: the first slot of the forecast."""
    slots: int
    """How many are forecast."""
    minutes: int
    zone: ZoneInfo
    days_off: DaysOff = NONE

    @property
    def starts_at(self) -> Times:
        """The starts of the slots that are forecast."""
        starts: Times = to_numpy(self.at) + np.arange(self.slots) * np.timedelta64(
            self.minutes * 60_000_000, "us"
        )
        return starts

    @property
    def rows_ahead(self) -> int:
        """How many days by the clock they reach into."""
        return int(places_of(self.starts_at, self.minutes, self.at, self.zone)[0].max()) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Slots of a row that lie on one date, and the kind of that date in every row, those to come included."""

    slots: slice
    kinds: NDArray[np.int64]

    def likes(self, rows: NDArray[np.int64], until: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the last four rows before ``until`` whose date is like that of each row, -1 for none."""
        return like_rows(self.kinds, rows, until, ALIKE)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The past of many meters.

    A row is the 24 hours by the clock that end where the next begins; the last one ends at the origin. An
    hour that came twice stands there as its mean, one that never came is missing.
    """

    kwh: Floats
    """Energy of each slot, shape (meters, rows, slots of a day), NaN where missing."""
    parts: tuple[Part, ...]
    """One where the origin is at midnight, else the slots before midnight and those after it."""
    minutes: int
    at: datetime
    """The origin: nothing from it on was looked at."""
    zone: ZoneInfo

    @property
    def rows(self) -> int:
        """Days of the past."""
        rows: int = self.kwh.shape[1]
        return rows

    @property
    def per_day(self) -> int:
        """Slots of a row."""
        slots: int = self.kwh.shape[2]
        return slots

    @property
    def least(self) -> Floats:
        """What each meter draws at least, shape (meters,): who never fed back will not begin to."""
        return np.where(np.fmin.reduce(self.kwh, axis=(1, 2), initial=np.inf) < 0.0, -np.inf, 0.0)

    def of(self, meters: NDArray[np.intp]) -> History:
        """Return some of the meters."""
        return replace(self, kwh=self.kwh[meters])


def history_of(kwh: Floats, starts_at: Times, question: Question) -> History:
    """Return the past before the origin by the local clock.

    Args:
        kwh: Energy of each slot, shape (meters, slots), NaN where missing.
        starts_at: Slot starts, UTC, rising.
        question: Of slots as long as these; those that end after its origin are not looked at.

    Raises:
        DataError: If a day is no multiple of the slots, or the origin is not where a slot starts.
    """
    minutes, at = question.minutes, question.at
    if MINUTES_PER_DAY % minutes:
        raise DataError(f"slots of {minutes} min do not fill a day: a forecast by the clock needs that")
    _refuse_between_slots(starts_at, minutes, at)
    ends_at = starts_at + np.timedelta64(minutes * 60_000_000, "us")
    row, slot = places_of(starts_at, minutes, at, question.zone)
    # In the hour that comes twice a past slot may stand after the origin by the clock: it has no place.
    inside = np.flatnonzero((ends_at <= to_numpy(at)) & (row < 0) & (row >= -MOST_DAYS))
    rows = -int(row[inside].min(initial=0))
    per_day = MINUTES_PER_DAY // minutes
    cell = (row[inside] + rows) * per_day + slot[inside]
    return History(
        kwh=_means(kwh[:, inside], cell, (len(kwh), rows, per_day)),
        parts=_parts(rows, question),
        minutes=minutes,
        at=at,
        zone=question.zone,
    )


def places_of(
    starts_at: Times, minutes: int, at: datetime, zone: ZoneInfo
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row (0 is the 24 hours from ``at`` on by the clock) and the slot in it of each start."""
    day, minute = local_clock(starts_at, zone)
    first_day, first_minute = (int(of[0]) for of in local_clock(np.array([to_numpy(at)]), zone))
    since = (day - first_day) * MINUTES_PER_DAY + minute - first_minute
    return since // MINUTES_PER_DAY, since % MINUTES_PER_DAY // minutes


def lacking(history: History, rows_ahead: int) -> Iterator[str | None]:
    """Yield for each meter what its past lacks for a forecast of so many days, None where it is enough."""
    need, least = NEED_DAYS + rows_ahead - 1, LEAST_WHOLE_DAYS + rows_ahead - 1
    known = np.isfinite(history.kwh).mean(axis=2)
    last = known[:, -1] if history.rows else np.zeros(len(known))
    whole = (known[:, -need:] >= WHOLE_SHARE).sum(axis=1)
    at = history.at.astimezone(history.zone).isoformat(timespec="minutes")
    for days, share in zip(whole.tolist(), last.tolist(), strict=True):
        if days < least:
            yield (
                f"of the {need} days before {at} {days} are whole, expected at least {least}"
                f" with {WHOLE_SHARE:.0%} of their slots measured: backfill the meter, or wait"
            )
        elif share < LEAST_OF_LAST_DAY:
            yield (
                f"of the 24 hours before {at} {share:.0%} are measured, expected at least"
                f" {LEAST_OF_LAST_DAY:.0%}: read the meter, or forecast from an earlier time"
            )
        else:
            yield None


def _refuse_between_slots(starts_at: Times, minutes: int, at: datetime) -> None:
    step = np.timedelta64(minutes * 60_000_000, "us")
    if not len(starts_at):
        return
    apart = (to_numpy(at) - starts_at[0]) % step
    if apart:
        raise DataError(
            f"{at.isoformat()} is not where a slot of {minutes} min starts; the one before is"
            f" {from_numpy(to_numpy(at) - apart).isoformat()}"
        )


def _means(kwh: Floats, cell: NDArray[np.int64], shape: tuple[int, int, int]) -> Floats:
    """Return energies in their cells; where two share one, their mean."""
    filled = np.full((shape[0], shape[1] * shape[2]), np.nan)
    filled[:, cell] = kwh
    _, first, count = np.unique(cell, return_index=True, return_counts=True)
    twice = first[count > 1]
    for place in twice.tolist():
        same = np.flatnonzero(cell == cell[place])
        known = np.isfinite(kwh[:, same])
        total = np.where(known, kwh[:, same], 0.0).sum(axis=1)
        filled[:, cell[place]] = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return filled.reshape(shape)


def _parts(rows: int, question: Question) -> tuple[Part, ...]:
    day, minute = (int(of[0]) for of in local_clock(np.array([to_numpy(question.at)]), question.zone))
    dates = day + np.arange(-rows, MOST_DAYS_AHEAD + 1, dtype=np.int64)
    per_day = MINUTES_PER_DAY // question.minutes
    cut = -(-(MINUTES_PER_DAY - minute) // question.minutes)
    parts = [Part(slots=slice(0, cut), kinds=kinds_of_days(dates, question.days_off))]
    if cut < per_day:
        next_day = kinds_of_days(dates + 1, question.days_off)
        parts.append(Part(slots=slice(cut, per_day), kinds=next_day))
    return tuple(parts)
