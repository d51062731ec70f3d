"""Which period (时段) of a tariff each slot lies in, by the wall clock of the area."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.tariff import DayKind, DaySchedule, Period, Tariff
from pipeline.timegrid import MINUTES_PER_DAY, local_clock

PERIODS: tuple[Period, ...] = tuple(Period)
"""What the numbers of :func:`period_numbers` stand for."""
_EPOCH = date(1970, 1, 1)
_SATURDAY = 5


def period_numbers(tariff: Tariff, starts_at: Times, zone: ZoneInfo) -> NDArray[np.int8]:
    """Return the index in :data:`PERIODS` of each slot's start; all are flat without schedules.

    A slot belongs to the period in which it begins. On a day of 25 hours the hour that comes twice has its
    wall-clock period twice; on one of 23 hours the missing hour's period is never.

    Args:
        tariff: The version in force over these slots.
        starts_at: Slot starts, UTC; shape (slots,).
        zone: The area's zone.
    """
    days, minutes = local_clock(starts_at, zone)
    found = np.empty(len(starts_at), dtype=np.int8)
    each, place = np.unique(days, return_inverse=True)
    rows = np.array([_minutes_of_day(tariff, _EPOCH + timedelta(days=int(day))) for day in each])
    if len(each):
        found[:] = rows[place, minutes]
    return found


def is_off(tariff: Tariff, day: date) -> bool:
    """Tell whether a local day is a weekend day that is not worked, or a holiday."""
    if day in tariff.holidays:
        return True
    return day.weekday() >= _SATURDAY and day not in tariff.worked


def _minutes_of_day(tariff: Tariff, day: date) -> NDArray[np.int8]:
    row = np.full(MINUTES_PER_DAY, PERIODS.index(Period.FLAT), dtype=np.int8)
    schedule = _schedule_of(tariff, day)
    for span in () if schedule is None else schedule.spans:
        row[span.from_minute : span.to_minute] = PERIODS.index(span.period)
    return row


def _schedule_of(tariff: Tariff, day: date) -> DaySchedule | None:
    fitting: Sequence[DaySchedule] = [
        schedule
        for schedule in tariff.schedules
        if (not schedule.months or day.month in schedule.months) and _fits(tariff, schedule.days, day)
    ]
    return fitting[0] if fitting else None


def _fits(tariff: Tariff, kind: DayKind, day: date) -> bool:
    match kind:
        case DayKind.ALL:
            return True
        case DayKind.HOLIDAY:
            return day in tariff.holidays
        case DayKind.OFF:
            return is_off(tariff, day)
        case DayKind.WORKING:
            return not is_off(tariff, day)
