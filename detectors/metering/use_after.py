"""Use before and after an instant, by like weekdays: whether it dropped, until when, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.stretches import number
from pipeline.daily_rows import DailyRows
from pipeline.model import Json

WHOLE: Final = 0.98
"""Share of a day's slots that makes it whole."""
WEEK: Final = 7
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How days are compared."""

    most_days: int
    """Days before, and after, that are compared."""
    least_days: int
    """So many whole ones of each are needed."""
    restored: float
    """The share of the use before from which a day is usual again."""
    restore_days: int
    """So many usual days in a row end a drop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseAfter:
    """What use did after an instant."""

    drop: float
    """Share of the use before that is gone, over the days compared; below 0 for a rise."""
    missing_kwh: float
    """What the whole days after it lack until use is usual again, primary side."""
    ends_at: datetime | None
    """When use was usual again; None while it is not."""
    before_kwh: float
    """Mean of a day."""
    after_kwh: float
    days: tuple[int, int]
    """Whole days compared, before and after."""

    def shown(self) -> Mapping[str, Json]:
        """Return it for evidence."""
        return {
            "before_kwh_a_day": number(self.before_kwh),
            "after_kwh_a_day": number(self.after_kwh),
            "drop_percent": number(100.0 * self.drop, 1),
            "days_before": self.days[0],
            "days_after": self.days[1],
            "compared_with": "the mean of the same weekday before, or of all days before",
        }


def use_after(daily: DailyRows, row: int, at: datetime, how: Comparison) -> UseAfter | None:
    """Return what a meter's use did after ``at``; None where whole days are too few, or nothing was used.

    The local day of ``at`` belongs to neither side.
    """
    day = int(np.searchsorted(daily.days, np.datetime64(at.astimezone(daily.zones[row]).date())))
    kwh = np.where(daily.coverage[row] >= WHOLE, daily.kwh[row], np.nan)
    before = kwh.copy()
    before[: max(day - how.most_days, 0)] = np.nan
    before[day:] = np.nan
    expected = _expected(before, daily.days)
    after = slice(day + 1, day + 1 + how.most_days)
    known = np.isfinite(kwh[after]) & np.isfinite(expected[after])
    counted = int(np.isfinite(before).sum()), int(known.sum())
    usual = float(expected[after][known].sum())
    if min(counted) < how.least_days or usual <= 0:
        return None
    end = _usual_again(kwh, expected, day + 1, how)
    lacking = slice(day + 1, len(kwh) if end is None else end)
    return UseAfter(
        drop=1.0 - float(kwh[after][known].sum()) / usual,
        missing_kwh=float(np.nansum(expected[lacking] - kwh[lacking])),
        ends_at=None if end is None else daily.span(row, end, end + 1)[0],
        before_kwh=float(np.nanmean(before)),
        after_kwh=float(kwh[after][known].mean()),
        days=counted,
    )


def _expected(before: Floats, days: NDArray[np.datetime64]) -> Floats:
    """Return for each day the mean of the same weekday before, or of all days before."""
    weekday = days.astype(np.int64) % WEEK
    known = np.isfinite(before)
    counted = np.bincount(weekday[known], minlength=WEEK)
    summed = np.bincount(weekday[known], weights=before[known], minlength=WEEK)
    overall = before[known].mean() if known.any() else np.nan
    mean = np.where(counted > 0, summed / np.maximum(counted, 1), overall)
    return mean[weekday]


def _usual_again(kwh: Floats, expected: Floats, first: int, how: Comparison) -> int | None:
    """Return the first of so many usual days in a row; unknown days neither count nor break the row."""
    usual = 0
    begun = first
    for day in range(first, len(kwh)):
        if not np.isfinite(kwh[day]):
            continue
        if kwh[day] >= how.restored * expected[day]:
            begun = day if not usual else begun
            usual += 1
            if usual == how.restore_days:
                return begun
        else:
            usual = 0
    return None
