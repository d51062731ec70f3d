"""The habits (用电习惯) of meters over some weeks, each as one figure or one curve by the clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_DAYS = 7
"""Whole days without which nothing is said of a meter."""
WHOLE_SHARE = 0.9
"""Share of its slots that a day must have to count."""
AT_TOP = 0.0015
"""How near to the highest slot counts as at the top: share of it, a meter's own error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Figures of shape (meters,), energies in kWh a slot; curves of shape (meters, slots of a day)."""

    known: NDArray[np.bool_]
    """Whether there are enough whole days; the rest of such a row means nothing."""
    level: Floats
    """Mean of all slots."""
    base: Floats
    """Of a usual day: mean of its lowest quarter (fridge, stand-by)."""
    middle: Floats
    """Of a usual day: mean of its middle half."""
    peak: Floats
    """Of a usual day: its highest slot."""
    high_days: Floats
    """The level that a quarter of the days lie above."""
    top_share: Floats
    """Share of slots that stand at the highest value: a cap shows here."""
    variation: Floats
    """Standard deviation of the slots over their mean."""
    roughness: Floats
    """Mean step from slot to slot over the mean."""
    clock: Floats
    """Mean of each slot of the day, smoothed over two hours."""
    zeros: Floats
    """Share of days on which a slot of the day is zero."""


def habits(kwh: Floats, step_kwh: float = 0.01) -> Habits:
    """Return the habits of meters.

    Args:
        kwh: Energy of each slot, shape (meters, days, slots of a day), NaN where missing.
        step_kwh: What the meters count in: no difference below it means anything.

    Days without nine tenths of their slots are left out.
    """
    whole = np.isfinite(kwh).mean(axis=2) >= WHOLE_SHARE
    known = whole.sum(axis=1) >= LEAST_DAYS
    # A row that is not known is reckoned as all zeros, so that no step below meets a row of gaps alone.
    kwh = np.where(whole[:, :, None], kwh, np.nan)
    kwh[~known] = 0.0
    flat = kwh.reshape(len(kwh), -1)
    there = np.isfinite(kwh)
    # Missing slots as zeros, once for all sums.
    filled = np.where(there, kwh, 0.0)
    of_day, days = there.sum(axis=2), there.sum(axis=1)
    slots = of_day.sum(axis=1)
    by_size = np.sort(kwh, axis=2)
    quarter = max(kwh.shape[2] // 4, 1)
    level = filled.reshape(flat.shape).sum(axis=1) / np.maximum(slots, 1)
    top = np.fmax.reduce(flat, axis=1, keepdims=True)
    at_top = flat >= np.minimum(top * (1.0 - AT_TOP), top - 1.5 * step_kwh)
    return Habits(
        known=known,
        level=level,
        base=at_share(_mean(by_size[:, :, :quarter], axis=2), 0.5),
        middle=at_share(_mean(by_size[:, :, quarter : 3 * quarter], axis=2), 0.5),
        peak=at_share(np.fmax.reduce(kwh, axis=2), 0.5),
        high_days=at_share(np.where(of_day > 0, filled.sum(axis=2) / np.maximum(of_day, 1), np.nan), 0.75),
        top_share=at_top.sum(axis=1) / slots,
        variation=_deviation(filled, there, level, slots) / (level + step_kwh),
        roughness=_mean(np.abs(np.diff(flat, axis=1))) / (level + step_kwh),
        clock=_smoothed(filled.sum(axis=1) / np.maximum(days, 1)),
        zeros=(kwh <= 0.0).sum(axis=1) / np.maximum(days, 1),
    )


def at_share(values: Floats, share: float) -> Floats:
    """Return the value of each row below which a share of its known values lie; NaN for a row of gaps."""
    ranked = np.sort(values, axis=1)
    place = share * (np.maximum(np.isfinite(values).sum(axis=1), 1) - 1)
    below, above = np.floor(place).astype(np.intp), np.ceil(place).astype(np.intp)
    rows = np.arange(len(values))
    lower, upper = ranked[rows, below], ranked[rows, above]
    interpolated: Floats = lower + (upper - lower) * (place - below)
    return interpolated


def _mean(values: Floats, axis: int = 1) -> Floats:
    """Return the mean of what is known along the last axis; NaN where nothing is."""
    there = np.isfinite(values)
    count = there.sum(axis=axis)
    mean: Floats = np.where(there, values, 0.0).sum(axis=axis) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan)


def _deviation(filled: Floats, there: NDArray[np.bool_], level: Floats, slots: NDArray[np.integer]) -> Floats:
    """Return the standard deviation of the slots that are there."""
    apart = np.where(there, filled - level[:, None, None], 0.0).reshape(len(filled), -1)
    deviation: Floats = np.sqrt(np.einsum("ij,ij->i", apart, apart) / np.maximum(slots, 1))
    return deviation


def _smoothed(clock: Floats) -> Floats:
    """Return each slot's mean with those of an hour before and after it, over midnight too."""
    half = clock.shape[1] // 24
    around = np.concatenate([clock[:, clock.shape[1] - half :], clock, clock[:, :half]], axis=1)
    smoothed: Floats = np.lib.stride_tricks.sliding_window_view(around, 2 * half + 1, axis=1).mean(axis=2)
    return smoothed
