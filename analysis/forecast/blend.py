"""The forecast without a model: six ways to continue the past, blended by how well each did lately.

They join the level of yesterday or of the last week with the shape of the last four like days, taken as
mean and as median: a plant that sometimes rests is served by the median, a home by the mean, and a season's
ramp by yesterday alone (measured: docs/forecast.md). Which one counts is decided by each meter's own past
errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.history import ALIKE, Part

Floats = NDArray[np.float64]
LEAST_NEARNESS = 0.1
"""Every way keeps some weight, however little: it stands in where the better ones have a gap."""
LEARNT_ROWS = 28
"""By the errors of so many days the ways are weighed, and the quantiles made."""
WARM_UP_ROWS = 14
"""Days before the first one that is judged: each then has two like days."""
WEEK = 7
RATIO_BOUNDS = (0.3, 3.0)
"""How far the level may move a shape: beyond stand holidays and gaps, not levels."""
HALF_WAY = 0.5
"""Share of yesterday's distance from its shape that is expected again."""
SHARPNESS = 16.0
"""Weights go by this power of the mean error: nearly the best way alone, mixed where several are as good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blended:
    """What the blend says of days: of those that are over, what it would have said before them."""

    rows: NDArray[np.int64]
    """Numbers of the days in the past; the last one is the day that is asked for."""
    kwh: Floats
    """Shape (meters, rows, slots); NaN where no way could say anything."""


Expect: TypeAlias = Callable[[Floats, Sequence[Part], int, int], Blended]
"""A way to say what is expected: of the past, its parts, so many days ahead, learnt from so many days."""


def blend(kwh: Floats, parts: Sequence[Part], lead: int, learnt: int = LEARNT_ROWS) -> Blended:
    """Return the blend for the day ``lead`` days ahead, and for past days from as far ahead.

    Args:
        kwh: The past, shape (meters, rows, slots of a row), NaN where missing; a week of rows at least.
        parts: The slots by the date on which they lie.
        lead: 1 is the day that begins at the origin.
        learnt: How many days that are over are looked at.
    """
    return blended_ways(kwh, parts, lead, learnt)[0]


def blended_ways(kwh: Floats, parts: Sequence[Part], lead: int, learnt: int) -> tuple[Blended, Floats]:
    """Return the blend and, of the same days, what each way says: shape (ways, meters, rows, slots)."""
    past = kwh.shape[1]
    first = max(past - learnt, WARM_UP_ROWS + lead - 1)
    rows = np.append(np.arange(first, past), past - 1 + lead)
    ways = _ways(kwh, parts, rows, lead)
    weights = _weights(ways[:, :, :-1], kwh[:, first:])
    there = np.isfinite(ways)
    share = np.where(there, weights[:, :, None, None], 0.0)
    total = share.sum(axis=0)
    mixed = (np.where(there, ways, 0.0) * share).sum(axis=0)
    blended = np.where(total > 0.0, mixed / np.where(total > 0.0, total, 1.0), np.nan)
    return Blended(rows=rows, kwh=blended), ways


def _ways(kwh: Floats, parts: Sequence[Part], rows: NDArray[np.int64], lead: int) -> Floats:
    """Return each way's forecast of ``rows``, shape (ways, meters, rows, slots)."""
    past = kwh.shape[1]
    last_known = rows - lead
    # What the mean of like days said of the days from which levels are taken.
    levels_from = int(last_known[0]) - WEEK + 1
    judged = np.arange(levels_from, past)
    expected = _shape(kwh, parts, judged, judged)[0]
    happened = kwh[:, levels_from:]
    both = np.isfinite(expected) & np.isfinite(happened)
    drawn = np.where(both, happened, 0.0).sum(axis=2)
    said = np.where(both, expected, 0.0).sum(axis=2)
    place = last_known - levels_from
    mean, median = _shape(kwh, parts, rows, last_known + 1)
    yesterday = kwh[:, last_known]
    return np.stack(
        [
            yesterday,
            median,
            mean * _ratio(drawn, said)[:, place, None],
            median * _ratio(_last_week(drawn), _last_week(said))[:, place - WEEK + 1, None],
            mean + HALF_WAY * (yesterday - expected[:, place]),
            _week_mean(happened, place),
        ]
    )


def _shape(
    kwh: Floats, parts: Sequence[Part], rows: NDArray[np.int64], until: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return mean and median of the last like days that were over, slot by slot, of each row."""
    mean = np.full((len(kwh), len(rows), kwh.shape[2]), np.nan)
    median = mean.copy()
    for part in parts:
        likes = part.likes(rows, until)
        alike = [np.where(like[:, None] < 0, np.nan, kwh[:, like, part.slots]) for like in likes.T]
        mean[:, :, part.slots], median[:, :, part.slots] = _centre(alike)
    return mean, median


def _centre(alike: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return mean and median of up to four values that are known, cell by cell.

    Compared in pairs instead of sorted: a tenth of the time.
    """
    known = [np.isfinite(one) for one in alike]
    count = np.sum(known, axis=0)
    total = np.sum([np.where(there, one, 0.0) for there, one in zip(known, alike, strict=True)], axis=0)
    a, b, c, d = (np.where(there, one, np.inf) for there, one in zip(known, alike, strict=True))
    low, high = (np.minimum(a, b), np.minimum(c, d)), (np.maximum(a, b), np.maximum(c, d))
    least, inner, outer = np.minimum(*low), np.maximum(*low), np.minimum(*high)
    second, third = np.minimum(inner, outer), np.maximum(inner, outer)
    # Two of four known: the first and second; three: the second; four: the second and third.
    lower = np.where(count > 2, second, least)  # noqa: PLR2004 - see above
    upper = np.where(count == 1, least, np.where(count == ALIKE, third, second))
    nothing = count == 0
    mean = np.where(nothing, np.nan, total / np.maximum(count, 1))
    return mean, np.where(nothing, np.nan, (lower + upper) / 2.0)


def _ratio(drawn: Floats, said: Floats) -> Floats:
    """Return how far the level is from what was expected; 1 where that means nothing."""
    sensible = (said > 0.0) & (drawn >= 0.0)
    ratio: Floats = np.clip(drawn / np.where(sensible, said, 1.0), *RATIO_BOUNDS)
    return np.where(sensible, ratio, 1.0)


def _last_week(daily: Floats) -> Floats:
    """Return the sum of each seven days in a row."""
    total: Floats = np.lib.stride_tricks.sliding_window_view(daily, WEEK, axis=1).sum(axis=2)
    return total


def _week_mean(kwh: Floats, last: NDArray[np.int64]) -> Floats:
    """Return each slot's mean over the seven days that end with each of the ``last`` rows."""
    known = np.isfinite(kwh)
    total = _from_start(np.where(known, kwh, 0.0))
    count = _from_start(known.astype(np.float64))
    after, before = last + 1, last + 1 - WEEK
    days = count[:, after] - count[:, before]
    return np.where(days > 0.0, (total[:, after] - total[:, before]) / np.maximum(days, 1.0), np.nan)


def _from_start(values: Floats) -> Floats:
    """Return the sums of all rows before each, with one row more."""
    return np.concatenate([np.zeros_like(values[:, :1]), values.cumsum(axis=1)], axis=1)


def _weights(ways: Floats, happened: Floats) -> Floats:
    """Return how much each way counts for each meter, by its mean error over the days that are over."""
    wrong = np.abs(ways - happened)
    known = np.isfinite(wrong)
    count = known.sum(axis=(2, 3))
    mean = np.where(known, wrong, 0.0).sum(axis=(2, 3)) / np.maximum(count, 1)
    mean = np.where(count > 0, mean + np.finfo(np.float64).tiny, np.inf)
    best = np.broadcast_to(mean.min(axis=0), mean.shape)
    nearness = np.divide(best, mean, out=np.zeros_like(mean), where=np.isfinite(mean))
    weights: Floats = np.where(count > 0, np.maximum(nearness, LEAST_NEARNESS), 0.0) ** SHARPNESS
    return weights
