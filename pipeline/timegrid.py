"""Slots, local days and months: the only place that turns instants into calendar words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

MINUTES_PER_DAY = 1440


def slot_start(instant: datetime, seconds: int) -> datetime:
    """Return the start of the slot of ``seconds`` that holds ``instant``, counted from midnight UTC.

    Slots of a divisor of an hour also begin with the local hour in every zone with whole-hour offsets.
    """
    stamp = instant.timestamp()
    return datetime.fromtimestamp(stamp - stamp % seconds, UTC)


def slots(starts_at: datetime, ends_at: datetime, seconds: int) -> Iterator[datetime]:
    """Yield the starts of the slots that begin in ``[starts_at, ends_at)``."""
    step = timedelta(seconds=seconds)
    slot = slot_start(starts_at, seconds)
    if slot < starts_at:
        slot += step
    while slot < ends_at:
        yield slot
        slot += step


def local_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the UTC start and end of a local day; it has 23, 24 or 25 hours."""
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def local_days(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Iterator[date]:
    """Yield every local day that has an instant in ``[starts_at, ends_at)``."""
    day = starts_at.astimezone(zone).date()
    while local_day(day, zone)[0] < ends_at:
        yield day
        day += timedelta(days=1)


def local_month(year: int, month: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the UTC start and end of a local month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return local_day(date(year, month, 1), zone)[0], local_day(following, zone)[0]


def last_month(now: datetime, zone: ZoneInfo) -> date:
    """Return the first day of the last local month that is over."""
    this = now.astimezone(zone).date().replace(day=1)
    return (this - timedelta(days=1)).replace(day=1)


def to_numpy(instant: datetime) -> np.datetime64:
    """Return an aware instant as UTC microseconds for numpy, which knows no zones.

    Raises:
        ValueError: If ``instant`` is naive.
    """
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {instant}")
    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "us")


def from_numpy(instant: np.datetime64) -> datetime:
    """Return a numpy instant as an aware one."""
    microseconds = int(instant.astype("datetime64[us]").astype(np.int64))
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def many_from_numpy(instants: NDArray[np.datetime64]) -> list[datetime]:
    """Return numpy instants as aware ones."""
    naive: list[datetime] = instants.astype("datetime64[us]").tolist()
    return [instant.replace(tzinfo=UTC) for instant in naive]


def slot_grid(starts_at: datetime, ends_at: datetime, minutes: int) -> NDArray[np.datetime64]:
    """Return the slot starts in ``[starts_at, ends_at)`` as datetime64[us], aligned as slots are."""
    first = slot_start(starts_at + timedelta(minutes=minutes) - timedelta(microseconds=1), minutes * 60)
    step = np.timedelta64(minutes * 60_000_000, "us")
    return np.arange(to_numpy(first), to_numpy(ends_at), step)


def begin_in(
    begins: NDArray[np.datetime64], starts_at: datetime | None, ends_at: datetime | None
) -> NDArray[np.bool_]:
    """Return which slots begin in ``[starts_at, ends_at)``; None is an open end."""
    found = np.ones(len(begins), dtype=np.bool_)
    if starts_at is not None:
        found &= begins >= to_numpy(starts_at)
    if ends_at is not None:
        found &= begins < to_numpy(ends_at)
    return found


def touch(
    begins: NDArray[np.datetime64],
    ends: NDArray[np.datetime64],
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> NDArray[np.bool_]:
    """Return which slots share some time with ``[starts_at, ends_at)``; None is an open end."""
    found = np.ones(len(begins), dtype=np.bool_)
    if starts_at is not None:
        found &= ends > to_numpy(starts_at)
    if ends_at is not None:
        found &= begins < to_numpy(ends_at)
    return found


def lie_in(
    begins: NDArray[np.datetime64],
    ends: NDArray[np.datetime64],
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> NDArray[np.bool_]:
    """Return which slots lie in ``[starts_at, ends_at)`` from beginning to end; None is an open end."""
    found = np.ones(len(begins), dtype=np.bool_)
    if starts_at is not None:
        found &= begins >= to_numpy(starts_at)
    if ends_at is not None:
        found &= ends <= to_numpy(ends_at)
    return found


def local_clock(times: NDArray[np.datetime64], zone: ZoneInfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for UTC instants their local day (days since 1970) and the minute of that day on the wall clock.

    On the day of 25 hours an hour's minutes come twice, on that of 23 hours an hour's never.
    """
    minutes = times.astype("datetime64[m]").astype(np.int64)
    local = minutes + _offsets(minutes, zone)
    return local // MINUTES_PER_DAY, local % MINUTES_PER_DAY


def _offsets(minutes: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Return the offset of each minute since 1970, UTC."""
    days, place = np.unique(minutes // MINUTES_PER_DAY, return_inverse=True)
    begins, ends = (
        np.array([_offset_minutes(edge * MINUTES_PER_DAY, zone) for edge in edges], dtype=np.int64)
        for edges in (days.tolist(), (days + 1).tolist())
    )
    offsets: NDArray[np.int64] = begins[place]
    # No zone has changed its clocks twice within a day; they change on quarters of an hour at the finest.
    changing = (begins != ends)[place]
    quarters, which = np.unique(minutes[changing] // 15, return_inverse=True)
    found = [_offset_minutes(quarter * 15, zone) for quarter in quarters.tolist()]
    offsets[changing] = np.array(found, dtype=np.int64)[which]
    return offsets


@lru_cache(maxsize=2**15)  # the days of a lifetime: detectors ask for the same ones again
def _offset_minutes(minute: int, zone: ZoneInfo) -> int:
    offset = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).astimezone(zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)
