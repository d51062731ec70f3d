"""The class of load shape (负荷特性类别) of the weeks that end with each day, and where it became another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.load.shape_features import SATURDAY, day_energies, features_of_days
from analysis.load.shapes import UNKNOWN, ShapeClasses, shape_numbers, shape_scores

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TRIMMED = 0.25
"""A week of another use among three is no other class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeDays:
    """The weeks that end with each day: class of shape (meters, days), scores (meters, days, classes)."""

    number: Ints
    """``UNKNOWN`` where too few whole days are known."""
    scores: Floats

    def own_score(self) -> Floats:
        """Return how well the class fits of which the weeks are."""
        place = np.maximum(self.number, 0)[..., None]
        own: Floats = np.take_along_axis(self.scores, place, axis=2)[..., 0]
        return np.where(self.number == UNKNOWN, np.nan, own)


def shape_days(drawn: Floats, fed: Floats, weekday: Ints, days: int, classes: ShapeClasses) -> ShapeDays:
    """Return the class of the ``days`` days that end with each day.

    Args:
        drawn: Energy drawn in each hour, shape (meters, days, 24), NaN where missing.
        fed: Energy fed back, likewise.
        weekday: The kind of each day (:func:`analysis.load.hours.kinds_of_days`), shape (meters, days).
        days: Length of the weeks looked at.
        classes: The classes.
    """
    number = np.full(drawn.shape[:2], UNKNOWN, dtype=np.int64)
    scores = np.full((*drawn.shape[:2], len(classes.shapes)), np.nan)
    calendars, calendar_of = np.unique(weekday, axis=0, return_inverse=True)
    for place, calendar in enumerate(calendars):
        rows = np.flatnonzero(calendar_of.ravel() == place)
        same = slice(None) if len(calendars) == 1 else rows
        found = _of_calendar(drawn[same], fed[same], calendar, days, classes)
        number[rows], scores[rows] = found.number, found.scores
    return ShapeDays(number=number, scores=scores)


def _of_calendar(drawn: Floats, fed: Floats, weekday: Ints, days: int, classes: ShapeClasses) -> ShapeDays:
    """Return the same of meters whose days are alike."""
    number = np.full(drawn.shape[:2], UNKNOWN, dtype=np.int64)
    scores = np.full((*drawn.shape[:2], len(classes.shapes)), np.nan)
    energies = day_energies(drawn, fed)
    for end in range(days, drawn.shape[1] + 1):
        window = slice(end - days, end)
        features = features_of_days(
            drawn[:, window], energies.within(window), weekday[window], trimmed=TRIMMED
        )
        scores[:, end - 1] = shape_scores(features, classes)
        number[:, end - 1] = shape_numbers(scores[:, end - 1], classes)
    return ShapeDays(number=number, scores=scores)


def changed_on(drawn: Floats, weekday: Ints, days: range) -> int:
    """Return the one of ``days`` from which on a meter's hours differ most from those before.

    ``drawn`` has shape (days, 24). Working days and days off are compared each with its like; the longer both
    sides are, the more a difference counts.
    """
    off = weekday >= SATURDAY
    known = np.isfinite(drawn).all(axis=1)
    gains = []
    for day in days:
        gain = 0.0
        for kind in (off, ~off):
            before, after = drawn[:day][(kind & known)[:day]], drawn[day:][(kind & known)[day:]]
            if len(before) and len(after):
                weight = np.sqrt(len(before) * len(after) / (len(before) + len(after)))
                gain += weight * float(np.abs(after.mean(axis=0) - before.mean(axis=0)).sum())
        gains.append(gain)
    return days[int(np.argmax(gains))]
