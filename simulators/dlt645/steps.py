"""The quarters of an hour in which a simulated meter looks back, and the steps between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

STEP: Final = timedelta(minutes=15)
"""Every clock zone differs from UTC by a multiple of it."""
_ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)


def floored(at: datetime, step: timedelta) -> datetime:
    """Return the last full step at or before a time."""
    return _ORIGIN + (at - _ORIGIN) // step * step
