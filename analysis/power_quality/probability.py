"""The 95 % probability value (95 % 概率大值) by rank, and what missing readings could do to it.

GB/T 14549-1993 Annex D: readings sorted, the first 5 % dropped, the largest left is judged. Here: the
value at the 1-based rank ``ceil(0.95 n)`` of the ascending sort, never an interpolated quantile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.limits import AT_REST
from analysis.power_quality.judgement import Compliance, Evidence

LEAST_READINGS = 30
"""GB/T 14549-1993 Annex D asks for so many of a fluctuating source; fewer decide nothing."""
LEAST_COVERAGE = 0.9
"""Below this share of the readings only a verdict counts that no missing one could change (own)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityValue:
    """One series' 95 % value, and between what the missing readings could move it."""

    value: float
    """NaN where there is no reading."""
    rank: int
    n: int
    expected: int
    if_missing_low: float
    """The value if every missing reading were below all others; minus infinity where too many are missing."""
    if_missing_high: float
    """The value if every missing reading were above all others; infinity where too many are missing."""

    @property
    def coverage(self) -> float:
        """Readings over expected ones, at most 1."""
        return min(self.n / self.expected, 1.0) if self.expected else 0.0


def rank_95(n: int) -> int:
    """Return ``ceil(0.95 n)`` in whole numbers: 20 -> 19, 30 -> 29, 672 -> 639, 2976 -> 2828."""
    return -(-19 * n // 20)


def probability_value(readings: NDArray[np.floating], expected: int) -> ProbabilityValue:
    """Return the 95 % value of one series; NaN is missing.

    Args:
        readings: Shape ``(n,)``, in any order.
        expected: How many readings there should have been; more than that are all taken.
    """
    known = readings[np.isfinite(readings)]
    n = len(known)
    total = max(expected, n)
    own, whole, missing = rank_95(n), rank_95(total), total - n
    # A missing reading below all others pushes each known one up a rank; one above leaves them.
    ranks = (own, whole - missing, whole)
    wanted = sorted({rank - 1 for rank in ranks if 1 <= rank <= n})
    ordered = np.partition(known, wanted) if wanted else known

    def at(rank: int) -> float:
        if rank < 1:
            return -np.inf
        return float(ordered[rank - 1]) if rank <= n else np.inf

    return ProbabilityValue(
        value=at(own) if n else np.nan,
        rank=own,
        n=n,
        expected=expected,
        if_missing_low=at(ranks[1]),
        if_missing_high=at(ranks[2]),
    )


def judged(found: ProbabilityValue, limit: float) -> tuple[Compliance, Evidence]:
    """Return the verdict on a value that may not exceed ``limit`` (equality complies), and its evidence.

    Enough readings of most of the month decide; otherwise only what no missing reading could change does.
    """
    good, bad = (_against(value, limit) for value in (found.if_missing_low, found.if_missing_high))
    evidence = Evidence(
        n=found.n,
        coverage=found.coverage,
        rank=found.rank if found.n else None,
        if_missing_good=good,
        if_missing_bad=bad,
    )
    if found.n < LEAST_READINGS:
        return Compliance.NOT_DECIDABLE, evidence
    if found.coverage >= LEAST_COVERAGE:
        return _against(found.value, limit), evidence
    return good if good is bad else Compliance.NOT_DECIDABLE, evidence


def _against(value: float, limit: float) -> Compliance:
    within = value <= limit + AT_REST * abs(limit)
    return Compliance.COMPLIANT if within else Compliance.VIOLATING
