"""The load profile of each class (行业典型负荷曲线), from the customers who are in the window together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.usage.day_curves import HOURS
from detectors.usage.medians import median_known
from detectors.usage.usual_days import weekdays_of

Floats = NDArray[np.float64]
SATURDAY = 5
WORKDAYS, WEEKENDS = 10, 4
"""Known days of either kind that a profile stands on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassProfiles:
    """Profiles of 48 shares: the hours of the average working day, then of the average weekend day."""

    customers: Floats
    """Shape (meters, 48); NaN where too few days are known or nothing was used."""
    classes: Mapping[str, Floats]
    """The median of each class that has members enough."""
    members: Mapping[str, int]


def class_profiles(
    hours: Floats, days: NDArray[np.datetime64], categories: Sequence[str | None], least: int
) -> ClassProfiles:
    """Return the profiles of customers and of classes with at least ``least`` known members.

    ``hours`` has shape (meters, days, 24); ``categories`` is the class of each meter's contract, if known.
    """
    weekend = np.array(weekdays_of(days)) >= SATURDAY
    parts = [_average(hours[:, ~weekend], WORKDAYS), _average(hours[:, weekend], WEEKENDS)]
    joined = np.concatenate(parts, axis=1)
    total = joined.sum(axis=1, keepdims=True)
    customers = np.divide(joined, total, out=np.full(joined.shape, np.nan), where=total > 0)
    known = np.isfinite(customers).all(axis=1)
    classes, members = {}, {}
    for category in sorted({c for c in categories if c is not None}):
        of_class = known & np.array([c == category for c in categories])
        members[category] = int(of_class.sum())
        if members[category] >= least:
            classes[category] = median_known(customers[of_class].T)
    return ClassProfiles(customers=customers, classes=classes, members=members)


def likeness(customers: Floats, profile: Floats) -> Floats:
    """Return Pearson's coefficient of each customer's profile with a class's; NaN where it is not known."""
    own = customers - customers.mean(axis=1, keepdims=True)
    other = profile - profile.mean()
    size = np.sqrt((own * own).sum(axis=1) * (other * other).sum())
    flat = np.where(np.isfinite(size), 0.0, np.nan)
    coefficient: Floats = np.divide((own * other).sum(axis=1), size, out=flat, where=size > 0)
    return coefficient


def _average(hours: Floats, least: int) -> Floats:
    """Return the average day of the known ones, shape (meters, 24); NaN if they are too few."""
    known = np.isfinite(hours).all(axis=2, keepdims=True)
    count = known.sum(axis=1)
    total = np.where(known, hours, 0.0).sum(axis=1)
    shape = (len(hours), HOURS)
    average: Floats = np.divide(
        total, count, out=np.full(shape, np.nan), where=np.broadcast_to(count >= least, shape)
    )
    return average
