"""What is usual at an hour of the week (小时典型负荷), from the four weeks before, with a fallback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.usage.day_curves import HOURS
from detectors.usage.medians import median_known, spread_known
from detectors.usage.usual_days import DAYS_OF_WEEK, weekdays_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
WEEKS = 4
SATURDAY = 5
LEAST_OF_WEEK, LEAST_OF_KIND = 3, 5
"""Known days that a median by hour of the week, and one by kind of day, stand on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When an hour and a day are too much; ``day_share`` has shape (meters, 1)."""

    deviations: float
    most_factor: float
    least_hours: float
    least_spread: float
    """As a share of the mean of all hours: a steady customer is judged as if he varied by so much."""
    day_share: Floats


def excess_by_weeks(hours: Floats, days: NDArray[np.datetime64], rule: Rule) -> tuple[Floats, Floats]:
    """Return excess and usual energy of each hour, as ``hours`` is shaped: (meters, days, 24).

    Goes through the weeks, counted from the first day; the first four are never judged. Excess is NaN where
    nobody knows; the usual is only worked out for weeks in which an hour exceeds all of the weeks before.
    Days of too much excess are not learnt.
    """
    learnt = hours.copy()
    weekend = np.array(weekdays_of(days)) >= SATURDAY
    excess, usual = np.full(hours.shape, np.nan), np.full(hours.shape, np.nan)
    for first in range(WEEKS * DAYS_OF_WEEK, len(days), DAYS_OF_WEEK):
        past, now = slice(first - WEEKS * DAYS_OF_WEEK, first), slice(first, first + DAYS_OF_WEEK)
        before, today = learnt[:, past], hours[:, now]
        most = _most(before, weekend[past])[:, : today.shape[1]]
        above = today > rule.most_factor * most
        found = np.where(np.isfinite(today) & np.isfinite(most), 0.0, np.nan)
        rows = np.flatnonzero((above.sum(axis=2) >= rule.least_hours).any(axis=1))
        if len(rows):
            centre, spread = (f[:, : today.shape[1]] for f in usual_hours(before[rows], weekend[past]))
            least = rule.least_spread * centre.mean(axis=(1, 2), keepdims=True)
            over = today[rows] - centre
            counts = above[rows] & (over > rule.deviations * np.fmax(spread, least))
            counts &= counts.sum(axis=2, keepdims=True) >= rule.least_hours
            found[rows] = np.where(counts, over, found[rows])
            unusual = found[rows].sum(axis=2) > rule.day_share[rows] * today[rows].sum(axis=2)
            learnt[rows, now] = np.where(unusual[..., None], np.nan, today[rows])
            usual[rows, now] = centre
        excess[:, now] = found
    return excess, usual


def usual_hours(before: Floats, weekend: Bools) -> tuple[Floats, Floats]:
    """Return median and robust standard deviation of the hours of a week, shape (meters, 7, 24).

    ``before`` are the four weeks before it, shape (meters, 28, 24), and which of those days are weekends. The
    median is that of the hour of the week if three of four are known; else that of the hour on days of the
    same kind if five are; else that of the hour on any day. The deviation is from days of the same kind.
    """
    by_week = before.reshape(len(before), WEEKS, DAYS_OF_WEEK, HOURS).transpose(0, 2, 3, 1)
    centre = np.where(np.isfinite(by_week).sum(axis=3) >= LEAST_OF_WEEK, median_known(by_week), np.nan)
    spread = np.full(centre.shape, np.nan)
    every = before.transpose(0, 2, 1)
    for alike, kind in _kinds(every, weekend):
        enough = np.isfinite(alike).sum(axis=2) >= LEAST_OF_KIND
        middle = np.where(enough, median_known(alike), median_known(every))
        deviation = np.where(enough, spread_known(alike, middle), spread_known(every, middle))
        spread[:, kind] = deviation[:, None]
        centre[:, kind] = np.where(np.isfinite(centre[:, kind]), centre[:, kind], middle[:, None])
    return centre, spread


def _most(before: Floats, weekend: Bools) -> Floats:
    """Return the greatest of each hour on days of the same kind, within two hours: shape (meters, 7, 24)."""
    most = np.full((len(before), DAYS_OF_WEEK, HOURS), np.nan)
    every = before.transpose(0, 2, 1)
    for alike, kind in _kinds(every, weekend):
        enough = np.isfinite(alike).sum(axis=2) >= LEAST_OF_KIND
        greatest = np.fmax.reduce(alike, axis=2)
        if not enough.all():
            known = np.isfinite(every).sum(axis=2) >= LEAST_OF_KIND
            greatest = np.where(enough, greatest, np.where(known, np.fmax.reduce(every, axis=2), np.nan))
        around = np.fmax.reduce([np.roll(greatest, away, axis=1) for away in range(-2, 3)])
        most[:, kind] = np.where(np.isfinite(greatest), around, np.nan)[:, None]
    return most


def _kinds(every: Floats, weekend: Bools) -> Iterator[tuple[Floats, Bools]]:
    """Yield the hours of working days and of weekends, and which days of a week those are."""
    for is_weekend in (False, True):
        of_kind = weekend == is_weekend
        yield every[:, :, of_kind], of_kind[:DAYS_OF_WEEK]
