"""Estimation of registers (示数估算) where a read is missing: from intervals, history, profile or two reads.

The rules are those that Oracle Utilities Meter Data Management names: Scalar Calculation From Interval,
Scalar Estimation, Scalar Profile, Scalar Proration. Registers are whole counts of their resolution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.errors import DataError

Counts = NDArray[np.int64]


def from_intervals(start: int, counts: Counts, full_scale: int | None = None) -> Counts:
    """Scalar Calculation From Interval: return the register at the end of each interval after ``start``."""
    registers: Counts = start + np.cumsum(counts)
    return registers if full_scale is None else registers % full_scale


def from_history(start: int, daily: NDArray[np.float64], days: float) -> int:
    """Scalar Estimation: return the register ``days`` after ``start`` at the mean use of known days.

    Raises:
        DataError: If no day of the history is known.
    """
    known = daily[np.isfinite(daily)]
    if not len(known):
        raise DataError("no day of the history is known: a register cannot be estimated from it")
    return start + round(float(known.mean()) * days)


def from_profile(start: int, history: int, over: float, ahead: float) -> int:
    """Scalar Profile: return the register after the profile has passed ``ahead``.

    ``history`` counts were used while the profile's factors added up to ``over``.

    Raises:
        DataError: If the profile has nothing where the history lies.
    """
    if over <= 0:
        raise DataError(f"the profile adds up to {over:g} where the history lies: expected more than zero")
    return start + round(history * ahead / over)


def prorated(times: Times, before: tuple[np.datetime64, int], after: tuple[np.datetime64, int]) -> Counts:
    """Scalar Proration: return the register at ``times`` on the line between two reads.

    Raises:
        DataError: If the second read is not later, or a time lies outside.
    """
    span = int((after[0] - before[0]) / np.timedelta64(1, "s"))
    passed = ((times - before[0]) / np.timedelta64(1, "s")).astype(np.int64)
    if span <= 0 or (passed < 0).any() or (passed > span).any():
        raise DataError(f"times to prorate must lie between the reads at {before[0]} and {after[0]}")
    on_line: Counts = before[1] + (after[1] - before[1]) * passed // span
    return on_line
