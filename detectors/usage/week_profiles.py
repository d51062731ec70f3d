"""The profile of a week's average day (日负荷特性) against those of the four weeks before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.usage.day_curves import HOURS

Floats = NDArray[np.float64]
WEEK = 7
WEEKS = 4
THIRDS = 3
FIRST = WEEK * (WEEKS + 1) - 1
"""The first day that has five weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Each day's last week against the four before; arrays of shape (meters, days), NaN where not known."""

    correlation: Floats
    """Of the hours of the average day, now and before."""
    moved: Floats
    """Percent of the energy that is in other hours than before."""
    third: Floats
    """Percentage points by which the share of a third of the day (0-8, 8-16, 16-24 h) changed at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWeeks:
    """How the four weeks before differ among themselves; as above."""

    correlation: Floats
    """Least of each week with the others: how regular it was."""
    moved: Floats
    """Most that any week was away from the others."""


def profiles(hours: Floats, least_days: int) -> Profiles:
    """Compare for each day the week that ends with it and the four weeks before that.

    ``hours`` has shape (meters, days, 24), NaN on unknown days. Each week needs ``least_days`` known days.
    """
    now, *weeks = _weeks(hours, least_days)
    before = np.sum(weeks, axis=0)
    now_share, before_share = _shares(now), _shares(before)
    apart = now_share - before_share
    thirds = apart.reshape(*apart.shape[:2], THIRDS, -1).sum(axis=3)
    return Profiles(
        correlation=_from_start(_correlation(now, before), hours.shape[1]),
        moved=_from_start(50.0 * np.abs(apart).sum(axis=2), hours.shape[1]),
        third=_from_start(100.0 * np.abs(thirds).max(axis=2), hours.shape[1]),
    )


def own_weeks(hours: Floats, least_days: int) -> OwnWeeks:
    """Compare each of the four weeks before with the other three."""
    _, *weeks = _weeks(hours, least_days)
    before = np.sum(weeks, axis=0)
    pairs = [(week, before - week) for week in weeks]
    return OwnWeeks(
        correlation=_from_start(np.min([_correlation(*pair) for pair in pairs], axis=0), hours.shape[1]),
        moved=_from_start(
            np.max([_moved(_shares(week), _shares(rest)) for week, rest in pairs], axis=0), hours.shape[1]
        ),
    )


def changed_on(hours: Floats, opened: int, end: int) -> int:
    """Return the day of one meter from which on its profile is another one, up to a week before ``opened``.

    ``hours`` has shape (days, 24). Chosen where the moved energy times the root of the days is greatest.
    """
    first = max(opened - WEEK + 1, 1)
    before = np.nansum(hours[max(first - WEEK * WEEKS, 0) : first], axis=0)
    gains = []
    for day in range(first, opened + 1):
        after = hours[day : min(end, opened + WEEK)]
        count = np.isfinite(after).all(axis=1).sum()
        moved = _moved(_shares(np.nansum(after, axis=0)), _shares(before))
        gains.append(float(np.nan_to_num(moved)) * np.sqrt(count))
    return first + int(np.argmax(gains))


def _weeks(hours: Floats, least_days: int) -> list[Floats]:
    """Return the average days of the week that ends with each day and of the four before, the nearest first.

    Only for days that have so many before them: shape (meters, days that can be judged, 24).
    """
    known = np.isfinite(hours[..., 0]) & np.isfinite(hours.sum(axis=2))
    added = np.cumsum(np.where(known[..., None], hours, 0.0), axis=1)
    counted = np.cumsum(known, axis=1)
    days, judged = hours.shape[1], max(hours.shape[1] - FIRST, 0)
    weeks = []
    for back in range(0, WEEK * (WEEKS + 1), WEEK):
        end, start = slice(FIRST - back, days - back), FIRST - back - WEEK
        total, count = added[:, end].copy(), counted[:, end].copy()
        if start >= 0:
            total -= added[:, start : start + judged]
            count -= counted[:, start : start + judged]
        else:
            total[:, 1:] -= added[:, : max(judged - 1, 0)]
            count[:, 1:] -= counted[:, : max(judged - 1, 0)]
        # A week with a day missing counts as much as a whole one: its average day is what is compared.
        count = np.where(count >= least_days, count, 0)[..., None]
        weeks.append(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
    return weeks


def _from_start(judged: Floats, days: int) -> Floats:
    """Return figures of the days that can be judged as figures of all days."""
    figures = np.full((len(judged), days), np.nan)
    figures[:, days - judged.shape[1] :] = judged
    return figures


def _shares(hours: Floats) -> Floats:
    total = hours.sum(axis=-1, keepdims=True)
    shares: Floats = np.divide(hours, total, out=np.full(hours.shape, np.nan), where=total > 0)
    return shares


def _moved(one: Floats, other: Floats) -> Floats:
    apart: Floats = 50.0 * np.abs(one - other).sum(axis=-1)
    return apart


def _correlation(one: Floats, other: Floats) -> Floats:
    """Return Pearson's coefficient along the hours; a flat profile is like no other."""
    first = one - one.sum(axis=-1, keepdims=True) / HOURS
    second = other - other.sum(axis=-1, keepdims=True) / HOURS
    product = (first * second).sum(axis=-1)
    size = np.sqrt((first * first).sum(axis=-1) * (second * second).sum(axis=-1))
    flat = np.where(np.isfinite(size), 0.0, np.nan)
    coefficient: Floats = np.divide(product, size, out=flat, where=size > 0)
    return coefficient
