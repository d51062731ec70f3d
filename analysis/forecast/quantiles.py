"""P10, P50 and P90 from a meter's own past errors: how far off the same slots were, from as far ahead."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SHARES: Final = (0.1, 0.5, 0.9)
FLOOR: Final = 0.1
"""Share of the meter's mean that is added to what was expected, where errors are taken relative to it: the
spread grows with the load, and does not vanish where nothing was expected."""
AROUND_MINUTES: Final = 30
"""Errors of slots so near by the clock count too."""


def spread(kwh: Floats, level: Floats) -> Floats:
    """Return what errors are taken relative to.

    Args:
        kwh: What is expected, shape (meters, ...).
        level: Mean of each meter's absolute values.
    """
    return np.abs(kwh) + FLOOR * level.reshape(-1, *[1] * (kwh.ndim - 1))


def level_of(kwh: Floats) -> Floats:
    """Return the mean of the absolute values of each meter that are known; 0 where none is."""
    known = np.isfinite(kwh)
    axes = tuple(range(1, kwh.ndim))
    mean: Floats = np.where(known, np.abs(kwh), 0.0).sum(axis=axes) / np.maximum(known.sum(axis=axes), 1)
    return mean


def slot_quantiles(expected: Floats, happened: Floats, minutes: int, shares: Floats | None = None) -> Floats:
    """Return the quantiles of what the last row will be, shape (shares, meters, slots).

    Args:
        expected: Shape (meters, rows, slots); the last row is to come, the others are over.
        happened: The rows that are over, NaN where missing.
        minutes: Length of a slot.
        shares: Of which quantiles; by default ``SHARES``.
    """
    level = level_of(happened)
    scale = spread(expected, level)
    wrong = (happened - expected[:, :-1]) / np.where(scale > 0.0, scale, 1.0)[:, :-1]
    pooled = _pooled(wrong, min(AROUND_MINUTES // minutes, (wrong.shape[2] - 1) // 2))
    moved = at_shares(pooled, np.array(SHARES) if shares is None else shares)
    return expected[None, :, -1] + moved * scale[None, :, -1]


def at_shares(values: Floats, shares: Floats) -> Floats:
    """Return the values below which shares of the known ones lie, along the last axis; NaN where none is.

    The n-th of N values stands for the share n / (N + 1): a value to come falls above the highest of them
    as often as between two of them.
    """
    ordered = np.sort(values, axis=-1)  # puts NaN last
    count = np.isfinite(ordered).sum(axis=-1)
    top = np.maximum(count - 1, 0)
    found = []
    for share in shares.tolist():
        place = np.clip(share * (count + 1) - 1.0, 0.0, top)
        low = np.floor(place).astype(np.intp)
        high = np.minimum(low + 1, top)
        below, above = (np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0] for at in (low, high))
        found.append(below + (above - below) * (place - low))
    return np.stack(found)


def _pooled(wrong: Floats, half: int) -> Floats:
    """Return the errors of each slot with those of ``half`` slots before and after it, round the clock.

    Shape (meters, slots, errors).
    """
    if half <= 0:
        return np.moveaxis(wrong, 1, 2)
    round_clock = np.concatenate([wrong[:, :, -half:], wrong, wrong[:, :, :half]], axis=2)
    near = np.lib.stride_tricks.sliding_window_view(round_clock, 2 * half + 1, axis=2)
    return np.moveaxis(near, 1, 2).reshape(wrong.shape[0], wrong.shape[2], -1)
