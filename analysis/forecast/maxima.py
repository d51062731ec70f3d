"""The highest demand to come (最大需量预测): forecast directly, never as the maximum of a curve of medians.

A curve of P50s is smoother than any day that comes, so its maximum is too low (measured: docs/forecast.md).
Here the daily maxima themselves are the series, with errors of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.blend import WARM_UP_ROWS, WEEK, blend
from analysis.forecast.history import WHOLE_SHARE, History, Part, places_of
from analysis.forecast.quantiles import at_shares, level_of, spread
from analysis.load.daily import DEMAND_MINUTES
from pipeline.block import Times
from pipeline.timegrid import MINUTES_PER_DAY, local_month, to_numpy

Floats = NDArray[np.float64]
LEARNT_ROWS = 91
"""Maxima are one figure a day and the highest of them are rare: three months are looked at."""
LEAST_ERRORS = 7
"""Without so many past errors nothing is said of a maximum."""
HEADROOM = 1.25
"""No more is said than so many times what ever came, unless more is expected than ever was: without any such
bound a small load's errors would be multiplied, without headroom a season's ramp would be cut off."""
UPPER_SHARES = (0.5, 0.9)
"""P50 and P90: what a demand is planned and warned by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEnd:
    """The highest demand of a local month when it is over; arrays of shape (meters,), kW."""

    year: int
    month: int
    so_far_kw: Floats
    """Of the slots that are known since the month began; NaN where none is."""
    p50_kw: Floats
    p90_kw: Floats
    days_left: float


def demand_kw(kwh: Floats, minutes: int) -> Floats:
    """Return the demand of the blocks of 15 minutes (of the slots, where they are longer), kW.

    Shape (..., slots) becomes (..., blocks); a block with a missing slot is missing.
    """
    joined = max(1, DEMAND_MINUTES // minutes)
    count = kwh.shape[-1] // joined
    blocks = kwh[..., : count * joined].reshape(*kwh.shape[:-1], count, joined).sum(axis=-1)
    demand: Floats = blocks * 60.0 / (joined * minutes)
    return demand


def highest_demand(history: History, slots: int) -> Floats:
    """Return P50 and P90 of the highest demand of the next ``slots`` slots, kW, shape (2, meters).

    Of more than a week the weeks are taken as independent of each other: the highest of n weeks stays below
    what a week stays below with the n-th root of the probability. NaN where past errors are too few to say.
    """
    if not len(history.kwh):
        return np.empty((len(UPPER_SHARES), 0))
    days = -(-slots // history.per_day)
    joint = min(days, WEEK)
    last_slots = slots - (joint - 1) * history.per_day if days == joint else history.per_day
    whole = _daily_maxima(history, history.per_day)
    cut = _daily_maxima(history, last_slots)
    expected: list[Floats] = []
    happened: list[Floats] = []
    past = history.rows
    # Origins from which every one of the days was said, the last one being the present.
    for lead in range(1, joint + 1):
        series = cut if lead == joint else whole
        like = blend(series[:, :, None], _by_midday(history), lead, LEARNT_ROWS)
        by_origin = np.full((len(series), past + 1), np.nan)
        by_origin[:, like.rows[:-1] - lead + 1] = like.kwh[:, :-1, 0]
        by_origin[:, past] = like.kwh[:, -1, 0]
        expected.append(by_origin)
        came = np.full_like(by_origin, np.nan)
        came[:, : past - lead + 1] = series[:, lead - 1 :]
        happened.append(came)
    most, came_most = np.max(expected, axis=0), np.max(happened, axis=0)
    level = level_of(whole[:, -LEARNT_ROWS:])
    scale = spread(most, level)
    wrong = (came_most - most) / np.where(scale > 0.0, scale, 1.0)
    windows = max((min(LEARNT_ROWS, past - WARM_UP_ROWS) + 1 - joint) // joint, 1)
    moved = at_shares(wrong, _shares(joint / days, windows))
    enough = np.isfinite(wrong).sum(axis=1) >= LEAST_ERRORS
    ceiling = (
        HEADROOM
        * np.fmax.reduce(came_most, axis=1)
        * np.maximum(most[:, -1] / _positive(np.fmax.reduce(most[:, :-1], axis=1)), 1.0)
    )
    said = np.maximum(np.minimum(most[:, -1] + moved * scale[:, -1], ceiling), history.least)
    return np.where(enough, said, np.nan)


def _shares(part: float, windows: int) -> Floats:
    """Return which shares of the past errors stand for P50 and P90.

    Args:
        part: The length of a window over that of the time ahead: of several windows in a row each must stay
            below, so the root is taken.
        windows: How many windows of the past do not overlap. The higher share is widened as if only these
            were known: of few, the highest error is not rare.
    """
    middle, upper = np.array(UPPER_SHARES) ** part
    return np.array([middle, min(upper * (windows + 1) / windows, 1.0)])


def _positive(values: Floats) -> Floats:
    """Return values to divide by; where one is not above 0 nothing grows."""
    return np.where(values > 0.0, values, np.inf)


def month_end(history: History, kwh: Floats, starts_at: Times) -> MonthEnd:
    """Return the highest demand of the month that the origin lies in, given what it has seen so far.

    Args:
        history: The past by the clock.
        kwh: The same meters' energy of each slot, shape (meters, slots).
        starts_at: Slot starts, UTC.
    """
    local = history.at.astimezone(history.zone)
    begins, ends = local_month(local.year, local.month, history.zone)
    inside = np.flatnonzero((starts_at >= to_numpy(begins)) & (starts_at < to_numpy(history.at)))
    demand = demand_kw(kwh[:, inside], history.minutes)
    so_far = np.fmax.reduce(demand, axis=1, initial=np.nan)
    ahead = highest_demand(history, _slots_until(history, ends))
    p50, p90 = np.where(np.isfinite(ahead), np.fmax(ahead, so_far), np.nan)
    return MonthEnd(
        year=local.year,
        month=local.month,
        so_far_kw=so_far,
        p50_kw=p50,
        p90_kw=p90,
        days_left=(ends - history.at) / timedelta(days=1),
    )


def months_joined(parts: Sequence[MonthEnd]) -> MonthEnd:
    """Return the same month of several groups of meters as one."""
    so_far, p50, p90 = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("so_far_kw", "p50_kw", "p90_kw")
    )
    return replace(parts[0], so_far_kw=so_far, p50_kw=p50, p90_kw=p90)


def _slots_until(history: History, ends: datetime) -> int:
    """Return how many slots by the clock lie before ``ends``."""
    row, slot = places_of(np.array([to_numpy(ends)]), history.minutes, history.at, history.zone)
    return max(int(row[0]) * history.per_day + int(slot[0]), 1)


def _daily_maxima(history: History, slots: int) -> Floats:
    """Return the highest demand of the first ``slots`` slots of each row, NaN where they are not whole."""
    kwh = history.kwh[:, :, :slots]
    highest = np.fmax.reduce(demand_kw(kwh, history.minutes), axis=2, initial=np.nan)
    return np.where(np.isfinite(kwh).mean(axis=2) >= WHOLE_SHARE, highest, np.nan)


def _by_midday(history: History) -> tuple[Part, ...]:
    """Return the date that most of a row lies on, as the one part of a row of one figure."""
    middle = MINUTES_PER_DAY // history.minutes // 2
    part = next(part for part in history.parts if part.slots.start <= middle < part.slots.stop)
    return (replace(part, slots=slice(0, 1)),)
