"""Local clock hours and weekdays of a regular grid: load shapes and tariffs follow the customer's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalTimes:
    """The local calendar words of each slot start, as columns."""

    hour: NDArray[np.float64]
    """Hours since local midnight, 0 to below 24."""
    weekday: NDArray[np.int64]
    """0 is Monday."""
    month: NDArray[np.int64]
    """Months counted from year 0, so that it only grows."""

    @property
    def weekend(self) -> NDArray[np.bool_]:
        """True on Saturdays and Sundays."""
        return self.weekday >= SATURDAY


@lru_cache(maxsize=16)
def local_times(starts_at: datetime, count: int, minutes: int, zone: ZoneInfo) -> LocalTimes:
    """Return the local calendar words of ``count`` slots of ``minutes`` from ``starts_at`` on."""
    step = timedelta(minutes=minutes)
    local = [(starts_at + step * i).astimezone(zone) for i in range(count)]
    return LocalTimes(
        hour=np.array([t.hour + t.minute / 60 + t.second / 3600 for t in local]),
        weekday=np.array([t.weekday() for t in local], dtype=np.int64),
        month=np.array([t.year * 12 + t.month for t in local], dtype=np.int64),
    )
