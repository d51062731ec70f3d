"""What a meter usually uses on a weekday (同星期日中位数), learnt day by day and never from the future."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.usage.medians import median_known, spread_known

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
DAYS_OF_WEEK = 7
SUNDAY = 6
THURSDAY = 3
"""1970-01-01 was one."""


class UsualDays:
    """The last weeks of many meters: the median of each weekday, and how far days are from it.

    A day is learnt only if the rule says so: while a drop lasts, what was usual before it is kept.
    """

    def __init__(self, meters: int, weeks: int) -> None:
        """Know nothing yet."""
        self._kwh = np.full((DAYS_OF_WEEK, meters, weeks), np.nan)
        self.usual = np.full((DAYS_OF_WEEK, meters), np.nan)
        """Median kWh of each weekday."""
        self.spread = np.full(meters, np.nan)
        """Robust standard deviation of the logarithm of day over usual day."""
        self.count = np.zeros(meters, dtype=np.intp)
        """Days that the figures stand on."""

    def learn(self, weekday: int, kwh: Floats, rows: Bools) -> None:
        """Add a day of the meters of ``rows``; the oldest of the same weekday is forgotten.

        The spread is renewed on Sundays: it changes slowly, and weeks are what it is made of.
        """
        if rows.any():
            kept = self._kwh[weekday]
            kept[rows, :-1] = kept[rows, 1:]
            kept[rows, -1] = kwh[rows]
            self.usual[weekday] = median_known(kept)
        if weekday == SUNDAY:
            self._renew()

    def forget(self, rows: Bools) -> None:
        """Begin anew at meters whose customers are others now."""
        if rows.any():
            self._kwh[:, rows] = np.nan
            self.usual[:, rows] = np.nan
            self._renew()

    def _renew(self) -> None:
        ratios = log_ratio(self._kwh, self.usual[:, :, None]).transpose(1, 0, 2)
        ratios = ratios.reshape(len(self.spread), -1)
        self.count = np.isfinite(ratios).sum(axis=1)
        self.spread = spread_known(ratios)


def log_ratio(kwh: Floats, usual: Floats, least_share: float = 0.01) -> Floats:
    """Return the logarithm of a day's energy over the usual one; nothing counts as ``least_share`` of it."""
    share = np.divide(kwh, usual, out=np.full(np.shape(kwh), np.nan), where=usual > 0)
    ratio: Floats = np.log(np.maximum(share, least_share))
    return ratio


def weekdays_of(days: NDArray[np.datetime64]) -> list[int]:
    """Return the weekday of each local day, Monday 0."""
    weekdays: list[int] = ((days.astype(np.int64) + THURSDAY) % DAYS_OF_WEEK).tolist()
    return weekdays
