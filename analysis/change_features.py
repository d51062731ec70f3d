"""What changed in a meter's use between two stretches of weeks: each feature one sort of change.

Each is a number that grows with the suspicion. They say what theft does to a curve in physical terms: less of
everything, a missing base, windows of zero, a cap, a curve too even or too rough, a day at other hours. None
is learnt from examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp
from operator import neg
from types import MappingProxyType

import numpy as np

from analysis.habits import Floats, Habits

SLOT_KWH = 0.01
"""Added to the energies of ratios: below it a usual register does not count."""
MEAN_KWH = 0.001
"""The same for means of many slots."""
LEAST = 0.02
"""Added to ratios of two habits, so that nearly none of both is no change."""
ZERO_SHARE = 1 / 6
"""Of the day: the four hours in which zeros have become most frequent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One sort of change; in words it is the message ``episode.change_<name>``."""

    of: Callable[[Habits, Habits], Floats]
    """From the habits before and after, shape (meters,)."""
    least: float
    """A difference between two meters below this means nothing."""
    amount: Callable[[float], float]
    """What its sentence says of a change: percent of what was, percentage points more, or how many times."""


def _left_percent(change: float) -> float:
    """Return what is left after a fall."""
    return 100.0 * exp(-change)


def _more_points(change: float) -> float:
    """Return by how many percentage points a share has grown."""
    return 100.0 * change


def _fall(before: Floats, after: Floats, least: float) -> Floats:
    """Return the logarithm of how many times less it has become."""
    fall: Floats = np.log((before + least) / (after + least))
    return fall


def _zero_hours(before: Habits, after: Habits) -> Floats:
    more = np.sort(after.zeros - before.zeros, axis=1)
    widest = max(round(ZERO_SHARE * more.shape[1]), 1)
    gained: Floats = more[:, -widest:].mean(axis=1)
    return gained


def _likeness(one: Floats, other: Floats) -> Floats:
    """Return the correlation of curves, row by row; 0 for a curve without any shape."""
    one, other = (curve - curve.mean(axis=1, keepdims=True) for curve in (one, other))
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    likeness: Floats = (one * other).sum(axis=1) / (size + 1e-9)
    return likeness


FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "level": Feature(
            of=lambda before, after: _fall(before.level, after.level, MEAN_KWH),
            least=0.05,
            amount=_left_percent,
        ),
        "base": Feature(
            of=lambda before, after: _fall(before.base, after.base, SLOT_KWH),
            least=0.05,
            amount=_left_percent,
        ),
        "middle": Feature(
            of=lambda before, after: _fall(before.middle, after.middle, SLOT_KWH),
            least=0.05,
            amount=_left_percent,
        ),
        "peak": Feature(
            of=lambda before, after: _fall(before.peak, after.peak, SLOT_KWH),
            least=0.05,
            amount=_left_percent,
        ),
        "high_days": Feature(
            of=lambda before, after: _fall(before.high_days, after.high_days, MEAN_KWH),
            least=0.05,
            amount=_left_percent,
        ),
        "zero_hours": Feature(
            of=_zero_hours,
            least=0.02,
            amount=_more_points,
        ),
        "cap": Feature(
            of=lambda before, after: after.top_share - before.top_share,
            least=0.001,
            amount=_more_points,
        ),
        "evenness": Feature(
            of=lambda before, after: _fall(before.variation, after.variation, LEAST),
            least=0.05,
            amount=_left_percent,
        ),
        "roughness": Feature(
            of=lambda before, after: np.abs(_fall(before.roughness, after.roughness, LEAST)),
            least=0.05,
            amount=exp,
        ),
        "profile": Feature(
            of=lambda before, after: -_likeness(before.clock, after.clock),
            least=0.05,
            amount=neg,
        ),
        "mirrored": Feature(
            of=lambda before, after: (
                _likeness(before.clock[:, ::-1], after.clock) - _likeness(before.clock, after.clock)
            ),
            least=0.05,
            amount=float,
        ),
    }
)
"""The features by name."""


def changes(before: Habits, after: Habits) -> Mapping[str, Floats]:
    """Return every feature of every meter, NaN where one of the two stretches is not known."""
    known = before.known & after.known
    return {name: np.where(known, feature.of(before, after), np.nan) for name, feature in FEATURES.items()}
