"""Drift of a meter's clock (日计时误差) out of its offsets: a median slope, which settings do not disturb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times

STEP_S: Final = 10.0
"""Neighbours that differ by more than this and what ``RUN_S_PER_DAY`` explains have a setting or a leap
between them."""
RUN_S_PER_DAY: Final = 10.0
"""No clock runs wrong so fast that a larger change between two readings is its drift."""
PAIR_LEAST_DAYS: Final = 0.25
"""A clock shows whole seconds: the slope between readings closer than this says nothing."""
SPAN_LEAST_DAYS: Final = 2.0
"""A shorter stretch gives no drift: one second of resolution would be half a second a day."""
READINGS_MOST: Final = 500
"""Of more than this, evenly many are taken: the pairs grow with the square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDrift:
    """How fast a clock runs away."""

    s_per_day: float
    """Above 0 for one that is fast."""
    readings: int
    days: float
    """From the first reading to the last."""


def clock_drift(taken_at: Times, offset_s: NDArray[np.float64]) -> ClockDrift | None:
    """Return the drift by Theil and Sen: the median of the slopes between all pairs of offsets.

    Pairs with a setting of the clock between them are left out.

    Args:
        taken_at: When the offsets were measured, in order.
        offset_s: Meter minus server, seconds; NaN where there is none.

    Returns:
        None when the readings are too few or too close.
    """
    there = ~np.isnan(offset_s)
    days = taken_at[there].astype("datetime64[us]").astype(np.float64) / 86_400e6
    offsets = offset_s[there]
    thinned = np.unique(np.linspace(0, len(days) - 1, min(len(days), READINGS_MOST)).astype(np.int64))
    stretch = np.concatenate(([0], np.cumsum(_is_step(np.diff(days), np.diff(offsets)))))[: len(days)]
    days, offsets, stretch = days[thinned], offsets[thinned], stretch[thinned]
    if len(days) < 2 or days[-1] - days[0] < SPAN_LEAST_DAYS:  # noqa: PLR2004 - a pair
        return None
    first, second = np.triu_indices(len(days), k=1)
    apart = days[second] - days[first]
    fit = (apart >= PAIR_LEAST_DAYS) & (stretch[first] == stretch[second])
    if not fit.any() or apart[fit].max() < SPAN_LEAST_DAYS:
        return None
    slopes = (offsets[second] - offsets[first])[fit] / apart[fit]
    return ClockDrift(
        s_per_day=float(np.median(slopes)), readings=int(there.sum()), days=float(days[-1] - days[0])
    )


def _is_step(apart_days: NDArray[np.float64], change_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    steps: NDArray[np.bool_] = np.abs(change_s) > STEP_S + RUN_S_PER_DAY * apart_days
    return steps
