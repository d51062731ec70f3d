"""Thins curves to what a screen can show, and packs them for the browser."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from storage.intervals import IntervalColumns

MAX_POINTS = 4000
"""Above this a curve is thinned: more points than a wide screen has columns, twice."""
ACTUAL = frozenset("A")
"""Quality letters drawn as measured; a final substitute (F) is none, whoever made it."""
Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Columns over one time axis, ready to be drawn; NaN where there is nothing."""

    seconds: Column
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.seconds)


def seconds_of(instants: Times) -> Column:
    """Return instants as POSIX seconds."""
    return instants.astype("datetime64[us]").astype(np.int64) / 1e6


def import_of(intervals: IntervalColumns) -> tuple[int, Column, Column, NDArray[np.str_]]:
    """Return minutes, slot starts, import kWh and quality of one meter's intervals of one length."""
    minutes = int(intervals.minutes.min(initial=1440))
    return minutes, seconds_of(intervals.starts_at), intervals.energies["import_kwh"], intervals.quality


def load_curve(minutes: int, seconds: Column, import_kwh: Column, quality: NDArray[np.str_]) -> Curves:
    """Return mean power of each slot in kW, measured and estimated apart, as steps.

    A point's value holds until the next point. A slot after which nothing follows is closed by an empty one.
    """
    if len(seconds) == 0:
        return Curves(seconds=seconds, columns={"actual_kw": import_kwh, "estimated_kw": import_kwh})
    power_kw = import_kwh * 60.0 / minutes
    measured = np.isin(quality, sorted(ACTUAL))
    length_s = minutes * 60.0
    # A missing row in the database must not stretch the slot before it.
    last_of_run = np.append(np.diff(seconds) > length_s * 1.5, True)
    places = np.flatnonzero(last_of_run) + 1
    return Curves(
        seconds=np.insert(seconds, places, seconds[last_of_run] + length_s),
        columns={
            "actual_kw": np.insert(np.where(measured, power_kw, np.nan), places, np.nan),
            "estimated_kw": np.insert(np.where(measured, np.nan, power_kw), places, np.nan),
        },
    )


def break_gaps(curves: Curves, longest_s: float) -> Curves:
    """Put an empty point into every hole longer than ``longest_s``, so that no line is drawn across it."""
    holes = np.flatnonzero(np.diff(curves.seconds) > longest_s) + 1
    return Curves(
        seconds=np.insert(curves.seconds, holes, curves.seconds[holes - 1] + 1.0),
        columns={name: np.insert(column, holes, np.nan) for name, column in curves.columns.items()},
    )


def usual_step_s(seconds: Column) -> float:
    """Return the usual distance between points in seconds; 0 for fewer than two."""
    return float(np.median(np.diff(seconds))) if len(seconds) > 1 else 0.0


def thin(curves: Curves, most: int = MAX_POINTS) -> Curves:
    """Return at most ``most`` points (and one bucket more) that keep every column's extremes, and its holes.

    The points are cut into buckets of about equal count; each leaves two points, and in each column these are
    its smallest and largest value in the order in which they came. A value moves by less than a bucket's
    width. An empty point that stands for more time than a bucket takes is a bucket of its own, and no line
    is drawn over an outage; where there are more of these than an eighth of ``most``, the longest.
    """
    if len(curves) <= most:
        return curves
    rows = _buckets(curves, most)
    return Curves(
        seconds=curves.seconds[rows[:, [0, rows.shape[1] // 2]]].reshape(-1),
        columns={name: _extremes(column[rows]) for name, column in curves.columns.items()},
    )


def _buckets(curves: Curves, most: int) -> NDArray[np.intp]:
    """Return the places of each bucket's points, a row a bucket; a short one repeats its last."""
    buckets = most // 2
    widths = range(-(-len(curves) // buckets), len(curves) + 1)
    holes = _holes(curves, longest_s=widths[0] * usual_step_s(curves.seconds), most=most // 8)
    cuts = np.unique(np.concatenate(([0], holes, holes + 1, [len(curves)])))
    # Stretches that end within a bucket cost more of them: the narrowest width that still fits.
    width = widths[
        bisect_left(widths, x=True, key=lambda w: bool((-(-np.diff(cuts) // w)).sum() <= buckets + 1))
    ]
    starts = [np.arange(begin, end, width) for begin, end in pairwise(cuts)]
    ends = np.repeat(cuts[1:], [len(each) for each in starts])
    rows: NDArray[np.intp] = np.concatenate(starts)[:, np.newaxis] + np.arange(width)
    return rows.clip(max=ends[:, np.newaxis] - 1)


def _holes(curves: Curves, *, longest_s: float, most: int) -> NDArray[np.intp]:
    """Return the places of empty points that stand for more than ``longest_s``, or for all that follows."""
    lengths_s = np.append(np.diff(curves.seconds), np.inf)
    is_empty = np.logical_and.reduce([np.isnan(column) for column in curves.columns.values()])
    holes = np.flatnonzero(is_empty & (lengths_s > longest_s))
    return holes[np.argsort(-lengths_s[holes], kind="stable")[:most]]


def _extremes(cells: Column) -> Column:
    empty = np.isnan(cells)
    lowest = np.where(empty, np.inf, cells).argmin(axis=1)
    highest = np.where(empty, -np.inf, cells).argmax(axis=1)
    rows = np.arange(len(cells))
    pair = np.stack([cells[rows, np.minimum(lowest, highest)], cells[rows, np.maximum(lowest, highest)]])
    return pair.T.reshape(-1)


def pack(curves: Curves) -> bytes:
    """Return little-endian bytes: all times as Float64, then each column as Float32, one after the other."""
    parts = [curves.seconds.astype("<f8"), *(c.astype("<f4") for c in curves.columns.values())]
    return b"".join(part.tobytes() for part in parts)
