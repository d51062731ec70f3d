"""Energy by local day and hour of the wall clock, and which of the days are worked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.days_off import NONE, DaysOff
from analysis.load.shape_features import HOURS, SATURDAY, SUNDAY
from pipeline.block import Times
from pipeline.tariff import Tariff
from pipeline.tariff_periods import is_off
from pipeline.timegrid import local_clock

Floats = NDArray[np.float64]
_EPOCH = date(1970, 1, 1)
_MONDAY = 0


def hour_table(kwh: Floats, starts_at: Times, minutes: int, zone: ZoneInfo) -> tuple[list[date], Floats]:
    """Return the local days that the slots touch, and each day's energies by hour: shape (days, 24).

    An hour with a missing slot is NaN, and so are the hours that the slots do not touch. The hour that a day
    of 25 hours has twice is the mean of both; on the day of 23 hours one is missing.
    """
    day, minute = local_clock(starts_at, zone)
    first, count = int(day.min()), int(day.max() - day.min()) + 1
    place = (day - first) * HOURS + minute // 60
    slots = 60 // minutes if minutes <= 60 else 0  # noqa: PLR2004 - an hour
    size = count * HOURS
    known = np.bincount(place, weights=np.isfinite(kwh), minlength=size)
    total = np.bincount(place, weights=np.nan_to_num(kwh), minlength=size)
    touched = np.bincount(place, minlength=size)
    whole = (known == touched) & (touched >= slots) & (touched > 0) & (slots > 0)
    hours = np.where(whole, total * slots / np.maximum(touched, 1), np.nan)
    return [_EPOCH + timedelta(days=first + n) for n in range(count)], hours.reshape(count, HOURS)


def kinds_of_days(days: Sequence[date], tariff: Tariff | None, days_off: DaysOff = NONE) -> NDArray[np.int64]:
    """Return the weekday of each day, holidays as Sundays and worked weekend days as Mondays.

    The tariff says which those are; where it names none, ``days_off`` do.
    """
    return np.array([_kind(day, tariff, days_off) for day in days], dtype=np.int64)


def _kind(day: date, tariff: Tariff | None, days_off: DaysOff) -> int:
    weekday = day.weekday()
    if tariff is None or not (tariff.holidays or tariff.worked):
        if day in days_off.off:
            return SUNDAY
        return _MONDAY if day in days_off.worked else weekday
    if is_off(tariff, day):
        return weekday if weekday >= SATURDAY and day not in tariff.holidays else SUNDAY
    return _MONDAY if weekday >= SATURDAY else weekday
