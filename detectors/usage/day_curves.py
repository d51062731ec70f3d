"""Slots by local days: the curve of each day, where it has its full length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.timegrid import MINUTES_PER_DAY, to_numpy

Floats = NDArray[np.float64]
HOURS = 24


def first_slots(window: MeterMatrix, daily: DailyRows, row: int) -> NDArray[np.intp]:
    """Return the first slot of each local day of a meter; -1 for days in part and of 23 or 25 hours."""
    size = MINUTES_PER_DAY // window.minutes
    firsts = np.full(len(daily.days), -1, dtype=np.intp)
    for day in range(len(daily.days)):
        begins, ends = (to_numpy(edge) for edge in daily.span(row, day, day + 1))
        first, end = (int(np.searchsorted(window.starts_at, edge)) for edge in (begins, ends))
        if end - first == size and window.starts_at[first] == begins:
            firsts[day] = first
    return firsts


def by_days(column: Floats, firsts: NDArray[np.intp], size: int) -> Floats:
    """Return a column of shape (meters, slots) by days that begin at ``firsts``: (meters, days, slots)."""
    if (np.diff(firsts) == size).all():
        whole = column[:, firsts[0] : firsts[-1] + size]
        return np.ascontiguousarray(whole).reshape(len(column), len(firsts), size)
    days: Floats = column[:, firsts[:, None] + np.arange(size)]
    return days


def hour_curves(window: MeterMatrix, daily: DailyRows, kwh: Floats) -> Floats:
    """Return the energy of each hour of each local day, shape (meters, days, 24).

    NaN where a slot is unknown, on days in part and of 23 or 25 hours, and where slots are too long.
    """
    hours = np.full((len(kwh), len(daily.days), HOURS), np.nan)
    size = MINUTES_PER_DAY // window.minutes
    if size % HOURS:
        return hours
    for zone in dict.fromkeys(daily.zones):
        rows = np.flatnonzero([own == zone for own in daily.zones])
        firsts = first_slots(window, daily, int(rows[0]))
        days = np.flatnonzero(firsts >= 0)
        if len(days):
            curves = by_days(kwh if len(rows) == len(kwh) else kwh[rows], firsts[days], size)
            summed = curves.reshape(len(rows), len(days), HOURS, -1).sum(axis=3)
            hours[rows[:, None], days[None, :]] = summed
    return hours
