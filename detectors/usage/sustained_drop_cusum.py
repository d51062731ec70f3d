"""The arithmetic of sustained drops (累积和控制图): a one-sided CUSUM over days, and where a drop began."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detectors.usage.usual_days import UsualDays, log_ratio, weekdays_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The numbers of the rule; those by meter have shape (meters,)."""

    slack: float
    clip: float
    open_sum: Floats
    weeks: int
    least_days: float
    least_spread: float
    least_kwh: float
    restore_days: int
    gap_days: int


@dataclass(frozen=True, kw_only=True)  # no slots: a cached property needs a place
class Course:
    """How the sums went: each array has shape (meters, days)."""

    deviation: Floats
    """Log of day over usual day in the meter's own deviations, clipped; NaN where not judged."""
    sums: Floats
    usual: Floats
    """kWh of the usual day, as it was known then."""
    is_open: Bools

    @cached_property
    def known(self) -> Bools:
        """Whether a day is judged."""
        return np.isfinite(self.deviation)


def course(kwh: Floats, days: NDArray[np.datetime64], renewed: Bools, numbers: Numbers) -> Course:
    """Go through the days of all meters at once: S = max(0, S - deviation - slack).

    While a drop is open its days are not learnt, so that the usual day stays that of before. It closes after
    ``restore_days`` days in a row at the usual level, or ``gap_days`` unknown ones. ``renewed`` days begin
    anew. The time is that of the days, whatever the number of meters.
    """
    shape = kwh.shape
    model = UsualDays(shape[0], numbers.weeks)
    deviation, usual = np.full(shape, np.nan), np.full(shape, np.nan)
    sums, is_open = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    level, low = np.zeros(shape[0]), np.zeros(shape[0], dtype=np.bool_)
    back, missing = np.zeros(shape[0], dtype=np.intp), np.zeros(shape[0], dtype=np.intp)
    for day, weekday in enumerate(weekdays_of(days)):
        model.forget(renewed[:, day])
        expected, spread = model.usual[weekday], np.maximum(model.spread, numbers.least_spread)
        ready = (model.count >= numbers.least_days) & (expected >= numbers.least_kwh)
        today = np.full(shape[0], np.nan)
        if ready.any():
            ratio = log_ratio(kwh[:, day], np.where(ready, expected, np.nan))
            today = np.clip(ratio / spread, -numbers.clip, numbers.clip)
        known = np.isfinite(today)
        level = np.where(known, np.maximum(level - today - numbers.slack, 0.0), level)
        back = np.where(known & (today >= -numbers.slack), back + 1, 0)
        missing = np.where(known, 0, missing + 1)
        low |= known & (level > numbers.open_sum)
        closes = renewed[:, day] | (back >= numbers.restore_days) & low | (missing >= numbers.gap_days)
        low &= ~closes
        level[closes] = 0.0
        deviation[:, day], usual[:, day], sums[:, day], is_open[:, day] = today, expected, level, low
        model.learn(weekday, kwh[:, day], np.isfinite(kwh[:, day]) & ~low)
    return Course(deviation=deviation, sums=sums, usual=usual, is_open=is_open)


def change_point(deviation: Floats, sums: Floats, opened: int, end: int) -> int:
    """Return the day on which the level of one meter most likely changed, shape of the arrays (days,).

    Looked for among the days since the sum last was zero, up to that on which it opened: where the likelihood
    of another mean from then on is greatest, (sum of deviations)^2 / number of days.
    """
    zero = np.flatnonzero(sums[:opened] == 0.0)
    first = int(zero[-1]) + 1 if len(zero) else 0
    known = np.isfinite(deviation[first:end])
    fallen = np.where(known, -deviation[first:end], 0.0)
    after = np.cumsum(fallen[::-1])[::-1]
    count = np.cumsum(known[::-1])[::-1]
    gain = np.where((after > 0) & known, after, 0.0) ** 2 / np.maximum(count, 1)
    return first + int(gain[: opened - first + 1].argmax())
