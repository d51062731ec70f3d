"""When a payload's values were measured: the device's time, or the time of receipt where it gives none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.model import Quality

FUTURE_TOLERANCE = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A device that lost its clock counts from 1970."""
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""A meter's own times have two digits for the year."""
MS_PER_S = 1000.0


def future_flag(taken_at: datetime, received_at: datetime) -> Quality:
    """Return whether a time lies further ahead of its receipt than clocks differ."""
    return Quality.FUTURE_TIME if taken_at > received_at + FUTURE_TOLERANCE else Quality.GOOD


def measured(told: datetime | None, received_at: datetime) -> tuple[datetime, Quality]:
    """Return when values count as taken, and the flag for it.

    A time that was not told, or that no working clock tells, gives way to the time of receipt.
    """
    if told is None or not EARLIEST <= told < LATEST:
        return received_at, Quality.ARRIVAL_TIME
    return told, future_flag(told, received_at)


def posix_instant(seconds: object) -> datetime | None:
    """Return POSIX seconds as an instant; None if they are none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    if not 0 <= seconds < LATEST.timestamp():  # NaN too
        return None
    return datetime.fromtimestamp(seconds, UTC)


def posix_ms_instant(milliseconds: object) -> datetime | None:
    """Return POSIX milliseconds as an instant; None if they are none."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    if not 0 <= milliseconds < LATEST.timestamp() * MS_PER_S:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def iso_instant(text: object, zone: ZoneInfo, received_at: datetime) -> datetime | None:
    """Return an ISO 8601 time in UTC; None if it is none.

    A time without an offset is local. In the hour that a zone has twice it is the one nearer to its receipt.
    """
    if not isinstance(text, str):
        return None
    try:
        local = datetime.fromisoformat(text)
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        meanings = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except (ValueError, OverflowError):
        return None
    return min(meanings, key=lambda meaning: abs(meaning - received_at))
