"""Probability values of many series at once, by rank: all orders of all phases in one partition.

As ``probability.py`` for one series: the value at the 1-based rank ``ceil(share n)`` of the ascending sort,
what missing readings could make of it, and between which ranks it surely lies (order statistics: no shape of
the distribution is assumed, yet the readings are taken as independent).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from analysis.limits import AT_REST
from analysis.power_quality.probability import LEAST_COVERAGE, LEAST_READINGS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

UNSURE = 0.025
"""On each side of a 95 % confidence interval."""
AT_A_TIME = 65_536
"""Readings that are looked at together where there are few: half a megabyte, which a cache holds."""
FIGURES = 11
"""Of each series."""
COMPLIES, OPEN, VIOLATES = 0, 1, 2
"""Verdicts as numbers, worse ones higher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockValues:
    """One number a series each; NaN where a series has no reading."""

    expected: int
    """Readings that each series should have."""
    n: Ints
    rank: Ints
    highest: Ints
    """Where the first of the highest readings stands; -1 where there is none."""
    value: Floats
    surely_from: Floats
    """Lower end of the 95 % confidence interval of the value; minus infinity where n is too small for one."""
    surely_to: Floats
    """Its upper end; infinity where n is too small for one."""
    if_missing_low: Floats
    if_missing_high: Floats
    maximum: Floats
    minimum: Floats
    mean: Floats

    @property
    def coverage(self) -> Floats:
        """Readings over expected ones, at most 1."""
        return np.minimum(self.n / self.expected, 1.0) if self.expected else np.zeros(self.n.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockVerdicts:
    """A verdict a series: :data:`COMPLIES`, :data:`OPEN` or :data:`VIOLATES`."""

    found: Ints
    if_missing_good: Ints
    if_missing_bad: Ints


def rank(n: Ints, percent: int | Ints) -> Ints:
    """Return the 1-based rank of a percentile: ``ceil(percent n / 100)`` in whole numbers."""
    return -(-percent * n // 100)


@lru_cache(maxsize=1024)
def sure_ranks(n: int, percent: int) -> tuple[int, int]:
    """Return between which ranks a percentile of the population lies with 95 % confidence.

    Of 2976 readings' 95 % value: 2803 and 2851. A rank of 0 or ``n + 1`` means that n is too small.
    """
    below = bdtr(np.arange(n + 1), n, percent / 100.0)
    return int(np.searchsorted(below, UNSURE)), int(np.searchsorted(below, 1.0 - UNSURE)) + 1


def block_values(blocks: Sequence[Floats], expected: int, percent: int = 95) -> BlockValues:
    """Return the values of every series of some blocks, in arrays of shape (blocks, series).

    Args:
        blocks: Of one shape ``(series, n)`` each, in any order along the last axis; NaN is missing.
        expected: How many readings each series should have; more than that are all taken.
        percent: Of the readings so many are not above the value.
    """
    is_small = sum(block.size for block in blocks) <= AT_A_TIME
    pieces = [np.concatenate(blocks)] if is_small else blocks
    parts = [_of_block(piece, expected, percent) for piece in pieces]
    figures = np.concatenate(parts, axis=1).reshape(FIGURES, len(blocks), -1)
    value, low, high, surely_from, surely_to, maximum, minimum, mean = figures[2:10]
    counts: Ints = figures[[0, 1, 10]].astype(np.int64)
    return BlockValues(
        expected=expected,
        n=counts[0],
        rank=counts[1],
        highest=counts[2],
        value=value,
        surely_from=surely_from,
        surely_to=surely_to,
        if_missing_low=low,
        if_missing_high=high,
        maximum=maximum,
        minimum=minimum,
        mean=mean,
    )


def verdicts(values: BlockValues, limits: Floats) -> BlockVerdicts:
    """Return what the values say against limits that they may equal: the rule of ``probability.judged``.

    Args:
        values: Of any shape.
        limits: Of a shape that fits it.
    """
    highest = limits * (1.0 + AT_REST)
    good, bad = (VIOLATES * (v > highest) for v in (values.if_missing_low, values.if_missing_high))
    with np.errstate(invalid="ignore"):
        plain = VIOLATES * (values.value > highest)
    found = np.where(values.coverage >= LEAST_COVERAGE, plain, np.where(good == bad, good, OPEN))
    return BlockVerdicts(
        found=np.where(values.n < LEAST_READINGS, OPEN, found),
        if_missing_good=np.asarray(good),
        if_missing_bad=np.asarray(bad),
    )


def _of_block(block: Floats, expected: int, percent: int) -> Floats:
    """Return one block's figures, a column a series: readings, rank, values as in the class, place."""
    # One copy, in rows: partitioned where it stands, and no more than the processor's cache holds.
    rows = np.array(block, order="C")
    length = rows.shape[1]
    minimum = np.fmin.reduce(rows, axis=1, initial=np.nan)
    missing, total = _gaps_lowered(rows)
    counts = [length - count for count in missing]
    ranks = np.array([_ranks(count, expected, percent) for count in counts], np.int64).T
    n = ranks[-1]
    found = np.empty((FIGURES, len(rows)))
    found[0], found[1], found[8] = n, ranks[0], minimum
    with np.errstate(invalid="ignore"):
        found[9] = total / n
    found[10] = np.where(n > 0, rows.argmax(axis=1), -1) if length else -1
    # All ranks lie near the top: only that is sorted.
    first = min((_lowest(count, expected, percent) + length - count for count in counts if count), default=0)
    if length:
        rows.partition(first, axis=1)
    top = np.sort(rows[:, first:], axis=1)
    found[2:8] = _at_ranks(top, n, ranks, places=ranks - 1 + (length - n) - first)
    if not all(counts):
        found[np.ix_([2, 5, 6, 7], n == 0)] = np.nan
    return found


def _gaps_lowered(rows: Floats) -> tuple[list[int], Floats]:
    """Put minus infinity where a reading is missing, and return how many are and the sum of the others."""
    total = rows.sum(axis=1)
    if not np.isnan(total).any():
        return [0] * len(rows), total
    gaps = np.isnan(rows)
    np.putmask(rows, gaps, 0.0)
    total = rows.sum(axis=1)
    np.putmask(rows, gaps, -np.inf)
    # Counted as bytes: several times as fast as truth values.
    return gaps.view(np.uint8).sum(axis=1, dtype=np.int64).tolist(), total


@lru_cache(maxsize=1024)
def _ranks(n: int, expected: int, percent: int) -> tuple[int, ...]:
    """Return the ranks of the value, of what missing readings make of it, of its interval, of the highest."""
    whole = max(expected, n)
    own, of_all = (-(-percent * count // 100) for count in (n, whole))
    # A missing reading below all others pushes each known one up a rank; one above leaves them.
    return own, of_all - (whole - n), of_all, *sure_ranks(n, percent), n


def _lowest(n: int, expected: int, percent: int) -> int:
    """Return how many of ``n`` readings lie below all ranks that are wanted."""
    return min((r for r in _ranks(n, expected, percent) if 1 <= r <= n), default=1) - 1


def _at_ranks(top: Floats, n: Ints, ranks: Ints, *, places: Ints) -> Floats:
    """Return each row's values at 1-based ranks, shape as ``ranks``; infinite at ranks of no reading.

    Args:
        top: The upper end of each row, sorted.
        n: How many readings each row has.
        ranks: Wanted ones.
        places: Where they stand in ``top``.
    """
    outside = np.where(ranks < 1, -np.inf, np.inf)
    if not top.shape[1]:
        return outside
    inside = np.minimum(np.maximum(places, 0), top.shape[1] - 1)
    return np.where((ranks >= 1) & (ranks <= n), top[np.arange(len(top)), inside], outside)
