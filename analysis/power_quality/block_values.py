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


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the wanted ranks of some rows stand once the upper end of each is sorted."""

    ranks: Ints
    """Of each row (second axis): the value, what missing readings make of it, its interval, the highest."""
    n: Ints
    first: int
    """Where the upper end begins: all wanted ranks lie in it."""
    places: tuple[Ints, Ints]
    """Row and column of each rank in the upper ends; of no reading where the rank is none."""
    outside: tuple[Bools, Floats] | None
    """Which ranks are of no reading, and infinite on which side; None where all are of one."""


@lru_cache(maxsize=1024)
def _plan(counts: tuple[int, ...], length: int, expected: int, percent: int) -> _Plan:
    """Return the plan of rows of ``length`` that have ``counts`` readings, minus infinity for the others."""
    ranks = np.array([_ranks(count, expected, percent) for count in counts], np.int64).T
    n = ranks[-1]
    lowest = (_lowest(count, expected, percent) + length - count for count in set(counts) if count)
    first = min(lowest, default=0)
    columns = np.clip(ranks - 1 + (length - n) - first, 0, max(length - first - 1, 0))
    inside = (ranks >= 1) & (ranks <= n)
    outside = None if inside.all() else (~inside, np.where(ranks < 1, -np.inf, np.inf))
    return _Plan(ranks, n, first, (np.broadcast_to(np.arange(len(n)), ranks.shape), columns), outside)


def _of_block(block: Floats, expected: int, percent: int) -> Floats:
    """Return one block's figures, a column a series: readings, rank, values as in the class, place."""
    # One copy, in rows: partitioned where it stands, and no more than the processor's cache holds.
    rows = np.array(block, order="C")
    length = rows.shape[1]
    found = np.empty((FIGURES, len(rows)))
    found[8] = np.fmin.reduce(rows, axis=1, initial=np.nan)
    missing, total = _gaps_lowered(rows)
    plan = _plan(tuple(length - count for count in missing), length, expected, percent)
    found[0], found[1] = plan.n, plan.ranks[0]
    found[9] = total / np.maximum(plan.n, 1)
    found[10] = rows.argmax(axis=1) if length else -1
    # All ranks lie near the top: only that is sorted.
    if length:
        rows.partition(plan.first, axis=1)
    top = np.sort(rows[:, plan.first :], axis=1)
    found[2:8] = top[plan.places] if length else 0.0
    if plan.outside is not None:
        np.copyto(found[2:8], plan.outside[1], where=plan.outside[0])
    is_empty = plan.n == 0
    if is_empty.any():
        found[np.ix_([2, 5, 6, 7, 9], is_empty)] = np.nan
        found[10, is_empty] = -1
    return found


def _gaps_lowered(rows: Floats) -> tuple[list[int], Floats]:
    """Put minus infinity where a reading is missing, and return how many are and the sum of the others."""
    total = rows.sum(axis=1)
    if not np.isnan(total).any():
        return [0] * len(rows), total
    every = rows.reshape(-1)
    # Few of many: their places are found once and not looked for in each pass.
    gaps = np.flatnonzero(np.isnan(every))
    every[gaps] = 0.0
    total = rows.sum(axis=1)
    every[gaps] = -np.inf
    return np.bincount(gaps // rows.shape[1], minlength=len(rows)).tolist(), total


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
