"""Probability values of many series at once, by rank: all orders of all phases in one partition.

As ``probability.py`` for one series: the value at the 1-based rank ``ceil(share n)`` of the ascending sort,
what missing readings could make of it, and between which ranks it surely lies (order statistics: no shape of
the distribution is assumed, yet the readings are taken as independent).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from analysis.power_quality.probability import LEAST_COVERAGE, LEAST_READINGS, SINGLE_PRECISION

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

UNSURE = 0.025
"""On each side of a 95 % confidence interval."""
AT_A_TIME = 65_536
"""Readings that are partitioned together: half a megabyte."""
COMPLIES, OPEN, VIOLATES = 0, 1, 2
"""Verdicts as numbers, worse ones higher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockValues:
    """One number a series each; NaN where a series has no reading."""

    expected: int
    """Readings that each series should have."""
    n: Ints
    rank: Ints
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


def block_values(columns: Floats, expected: int, percent: int = 95) -> BlockValues:
    """Return the values of every series of a block.

    Args:
        columns: Shape ``(..., n)``, in any order along the last axis; NaN is missing.
        expected: How many readings each should have; more than that are all taken.
        percent: Of the readings so many are not above the value.
    """
    rows = columns.reshape(prod(columns.shape[:-1]), columns.shape[-1])
    total = rows.sum(axis=1)
    n = _counts(rows, total)
    whole = np.maximum(expected, n)
    own, of_all = rank(n, percent), rank(whole, percent)
    sure = np.array([sure_ranks(int(count), percent) for count in n], np.int64).reshape(-1, 2)
    # A missing reading below all others pushes each known one up a rank; one above leaves them.
    ranks = np.stack([own, of_all - (whole - n), of_all, sure[:, 0], sure[:, 1], n])
    wanted = ranks[(ranks >= 1) & (ranks <= n)]
    first = int(wanted.min()) - 1 if len(wanted) else 0
    below, top = _sum_below_and_top(rows, first)
    value, low, high, surely_from, surely_to, maximum = _at_ranks(first, top, n, ranks)
    empty = n == 0
    if (n < rows.shape[1]).any():
        total = below + np.nansum(top, axis=1)
    with np.errstate(invalid="ignore"):
        mean = total / n
    shape = columns.shape[:-1]
    return BlockValues(
        expected=expected,
        n=n.reshape(shape),
        rank=own.reshape(shape),
        value=np.where(empty, np.nan, value).reshape(shape),
        surely_from=np.where(empty, np.nan, surely_from).reshape(shape),
        surely_to=np.where(empty, np.nan, surely_to).reshape(shape),
        if_missing_low=low.reshape(shape),
        if_missing_high=high.reshape(shape),
        maximum=np.where(empty, np.nan, maximum).reshape(shape),
        minimum=np.fmin.reduce(rows, axis=1, initial=np.nan).reshape(shape),
        mean=mean.reshape(shape),
    )


def verdicts(values: BlockValues, limits: Floats) -> BlockVerdicts:
    """Return what the values say against limits that they may equal: the rule of ``probability.judged``.

    Args:
        values: Of any shape.
        limits: Of a shape that fits it.
    """
    highest = limits * (1.0 + SINGLE_PRECISION)
    good, bad = (VIOLATES * (v > highest) for v in (values.if_missing_low, values.if_missing_high))
    with np.errstate(invalid="ignore"):
        plain = VIOLATES * (values.value > highest)
    found = np.where(values.coverage >= LEAST_COVERAGE, plain, np.where(good == bad, good, OPEN))
    return BlockVerdicts(
        found=np.where(values.n < LEAST_READINGS, OPEN, found),
        if_missing_good=np.asarray(good),
        if_missing_bad=np.asarray(bad),
    )


def _counts(rows: Floats, total: Floats) -> Ints:
    """Return how many readings each row has; a sum that is a number shows that none is missing."""
    if np.isnan(total).any():
        # Counted as bytes: several times as fast as truth values.
        missing = np.isnan(rows).view(np.uint8).sum(axis=1, dtype=np.int64)
        return np.asarray(rows.shape[1] - missing)
    return np.full(len(rows), rows.shape[1], np.int64)


def _sum_below_and_top(rows: Floats, first: int) -> tuple[Floats, Floats]:
    """Return the sum of each row's lowest ``first`` readings, and the others sorted, NaN last.

    All ranks lie near the top: a partition brings that to the end, and only it is sorted. Some rows at a time
    stay in the processor's cache, and their copy is memory that the next ones take over.
    """
    count, length = rows.shape
    below, top = np.empty(count), np.empty((count, length - first))
    if not length:
        return below, top
    step = max(AT_A_TIME // length, 1)
    for begin in range(0, count, step):
        part = slice(begin, begin + step)
        parted = np.partition(rows[part], first, axis=1)
        below[part] = parted[:, :first].sum(axis=1)
        top[part] = parted[:, first:]
    top.sort(axis=1)
    return below, top


def _at_ranks(below: int, top: Floats, n: Ints, ranks: Ints) -> Floats:
    """Return each row's values at 1-based ranks, shape as ``ranks``; infinite at ranks of no reading."""
    outside = np.where(ranks < 1, -np.inf, np.inf)
    if not top.shape[1]:
        return outside
    place = np.clip(ranks - 1 - below, 0, top.shape[1] - 1)
    return np.where((ranks >= 1) & (ranks <= n), top[np.arange(len(top)), place], outside)
