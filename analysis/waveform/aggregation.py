"""Joins 10/12-cycle values into those of 3 s, 10 minutes and 2 hours, with and without flagged ones.

IEC 61000-4-30:2015, 4.4 to 4.7: the square root of the mean of the squares; what a dip, swell or interruption
touched is flagged, and so is everything joined from it. GB/T 14549-1993, annex D: a reading is the rms mean
over 3 s of at least six values equally far apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.events import Event

LEAST_VALUES_OF_3_S: Final = 6
"""GB/T 14549-1993, D: m >= 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregates:
    """Values joined from shorter ones, one an interval."""

    intervals: NDArray[np.int64]
    values: NDArray[np.float64]
    """From all values that are there; NaN where none is."""
    unflagged: NDArray[np.float64]
    """From those that no event touched; NaN where none is."""
    counts: NDArray[np.int64]
    """How many shorter values each was joined from, missing ones included."""
    flagged: NDArray[np.bool_]


def rms_mean(values: NDArray[np.float64], least: int = 1) -> NDArray[np.float64]:
    """Return the square root of the mean of the squares along the first axis.

    NaN is missing, and so is the mean of fewer than ``least`` values that are there.
    """
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.square(np.where(known, values, 0.0)).sum(axis=0)
    return np.asarray(np.sqrt(np.where(count >= max(1, least), total, np.nan) / np.maximum(count, 1)))


def aggregate(
    values: NDArray[np.float64],
    intervals: NDArray[np.int64],
    flags: NDArray[np.bool_],
    *,
    least: int = 1,
) -> Aggregates:
    """Return the values of each interval joined.

    Args:
        values: Shorter ones along the first axis; NaN is missing.
        intervals: The longer interval that each belongs to.
        flags: Those that an event touched.
        least: An interval with fewer values than this has none.
    """
    numbers = np.unique(intervals)
    members = [np.flatnonzero(intervals == number) for number in numbers]
    rest = values.shape[1:]
    return Aggregates(
        intervals=numbers,
        values=np.array([rms_mean(values[m], least) for m in members]).reshape(-1, *rest),
        unflagged=np.array([rms_mean(values[m[~flags[m]]], least) for m in members]).reshape(-1, *rest),
        counts=np.array([len(m) for m in members], dtype=np.int64),
        flagged=np.array([bool(flags[m].any()) for m in members], dtype=np.bool_),
    )


def touched(
    starts_s: NDArray[np.float64], ends_s: NDArray[np.float64], events: Iterable[Event]
) -> NDArray[np.bool_]:
    """Tell which spans of time an event touched."""
    flags = np.zeros(len(starts_s), dtype=np.bool_)
    for event in events:
        flags |= (starts_s < event.ends_s) & (event.starts_s < ends_s)
    return flags
