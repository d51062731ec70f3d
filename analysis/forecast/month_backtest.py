"""How good the month-end maximum would have been: asked on some days of months, against what came."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.history import WHOLE_SHARE, Question, history_of, lacking
from analysis.forecast.maxima import demand_kw, month_end
from pipeline.block import Times
from pipeline.timegrid import from_numpy, local_day, local_days, local_month, to_numpy

Floats = NDArray[np.float64]
ASKED_ON: Final = (1, 8, 15, 22)
"""Days of the month at whose beginning it is asked."""
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthTally:
    """Sums over the days on which it was asked; those of several series add up."""

    asked: int = 0
    reached: int = 0
    """The month's maximum had already come."""
    within_p50: int = 0
    """The month ended no higher than P50."""
    within_p90: int = 0
    highest: float = 0.0
    """Sum of the months' maxima, kW."""
    wrong: float = 0.0
    """Sum of the absolute errors of P50."""

    def plus(self, other: MonthTally) -> MonthTally:
        """Return both together."""
        names = (field.name for field in fields(self))
        return MonthTally(**{name: getattr(self, name) + getattr(other, name) for name in names})


def month_backtest(kwh: Floats, starts_at: Times, minutes: int, zone: ZoneInfo) -> MonthTally:
    """Ask for the month-end maximum on some days of every whole month, of all meters together.

    Args:
        kwh: Energy of each slot, shape (meters, slots), NaN where missing.
        starts_at: Slot starts, UTC, equal steps.
        minutes: Length of a slot.
        zone: Whose months count.
    """
    total = MonthTally()
    last = from_numpy(starts_at[-1]) + timedelta(minutes=minutes)
    for day in local_days(from_numpy(starts_at[0]), last, zone):
        begins, ends = local_month(day.year, day.month, zone)
        if day.day in ASKED_ON and ends <= last:
            inside = np.flatnonzero((starts_at >= to_numpy(begins)) & (starts_at < to_numpy(ends)))
            month = kwh[:, inside]
            whole = np.isfinite(month).mean(axis=1) >= WHOLE_SHARE
            came = np.where(whole, np.fmax.reduce(demand_kw(month, minutes), axis=1), np.nan)
            total = total.plus(_asked(kwh, starts_at, _question(day, minutes, zone), came))
    return total


def _question(day: date, minutes: int, zone: ZoneInfo) -> Question:
    return Question(at=local_day(day, zone)[0], slots=1, minutes=minutes, zone=zone)


def _asked(kwh: Floats, starts_at: Times, question: Question, came: Floats) -> MonthTally:
    history = history_of(kwh, starts_at, question)
    fit = np.flatnonzero([lack is None for lack in lacking(history, 1)])
    said = month_end(history.of(fit), kwh[fit], starts_at)
    highest = came[fit]
    known = np.isfinite(highest) & np.isfinite(said.p90_kw)
    actual = highest[known]
    at_most = actual * (1.0 - ROUNDING)
    return MonthTally(
        asked=len(actual),
        reached=int((said.so_far_kw[known] >= at_most).sum()),
        within_p50=int((at_most <= said.p50_kw[known]).sum()),
        within_p90=int((at_most <= said.p90_kw[known]).sum()),
        highest=float(actual.sum()),
        wrong=float(np.abs(said.p50_kw[known] - actual).sum()),
    )
