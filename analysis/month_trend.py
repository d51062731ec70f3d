"""Whether monthly figures rise or have stepped, from few months: ranks and medians, no distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from math import factorial
from statistics import fmean, median
from typing import Final

LEAST_MONTHS: Final = 4
"""Four rising months in a row come by chance once in 24; three once in 6."""
CHANCE: Final = 0.05
"""A rise that chance brings about more often than this is none."""
STEP_TIMES: Final = 3.0
"""A step is at least so many times the usual difference between months on either side of it (own)."""
LEAST_BESIDE: Final = 2
"""Months that a step must have on each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A rise that is none of chance."""

    per_month: float
    level: float
    """At the last month, by the line through the months."""
    chance: float
    """How likely as many pairs of months rise in any order of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A change of level between two months."""

    place: int
    """Index of the first figure of the new level."""
    before: float
    after: float


def rise(months: Sequence[int], figures: Sequence[float]) -> Rise | None:
    """Return a rise (Theil-Sen slope, Kendall's rank test); None where there is none beyond chance.

    Args:
        months: Numbers of the months, rising; gaps are allowed.
        figures: One a month.
    """
    if len(figures) < LEAST_MONTHS:
        return None
    pairs = list(combinations(range(len(figures)), 2))
    falling = sum(figures[j] <= figures[i] for i, j in pairs)
    chance = _chance_of_at_most(falling, len(figures))
    if chance > CHANCE:
        return None
    slope = median((figures[j] - figures[i]) / (months[j] - months[i]) for i, j in pairs)
    base = median(figure - slope * month for month, figure in zip(months, figures, strict=True))
    return Rise(per_month=slope, level=base + slope * months[-1], chance=chance)


def months_until(found: Rise, limit: float) -> float | None:
    """Return in how many months a rise reaches a limit; None where it is there already or never comes."""
    if found.level >= limit or found.per_month <= 0.0:
        return None
    return (limit - found.level) / found.per_month


def step(figures: Sequence[float], least: float) -> Step | None:
    """Return the one change of level that stands out most; None where none does.

    Args:
        figures: One a month, in order.
        least: What a change must be at least to matter.
    """
    best: tuple[float, Step] | None = None
    for place in range(LEAST_BESIDE, len(figures) - LEAST_BESIDE + 1):
        before, after = figures[:place], figures[place:]
        change = abs(fmean(after) - fmean(before))
        usual = _usual_difference(before, after)
        # Of a slope the months at the place differ by little of what the means differ by.
        at_once = abs(figures[place] - figures[place - 1]) >= change / 2.0
        if change < least or change < STEP_TIMES * usual or not at_once:
            continue
        weight = change - usual
        if best is None or weight > best[0]:
            best = weight, Step(place=place, before=fmean(before), after=fmean(after))
    return None if best is None else best[1]


def _usual_difference(*sides: Sequence[float]) -> float:
    """Return the mean difference between neighbouring months, none across the step."""
    differences = [abs(b - a) for side in sides for a, b in pairwise(side)]
    return fmean(differences)


def _chance_of_at_most(falling: int, n: int) -> float:
    """Return how often a random order of n figures has at most so many falling pairs."""
    counts = _orders_by_falling_pairs(n)
    return sum(counts[: falling + 1]) / factorial(n)


@lru_cache(maxsize=64)
def _orders_by_falling_pairs(n: int) -> tuple[int, ...]:
    """Return how many orders of n figures have 0, 1, 2 ... falling pairs: Mahonian numbers."""
    counts: tuple[int, ...] = (1,)
    for size in range(2, n + 1):
        # The largest figure may stand so that 0 to size - 1 others come after it.
        longest = len(counts) + size - 1
        counts = tuple(
            sum(counts[k - after] for after in range(size) if 0 <= k - after < len(counts))
            for k in range(longest)
        )
    return counts
