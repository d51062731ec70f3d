"""Medians and spreads of what is known: sorted once, with gaps, without ``np.median``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NORMAL = 1.4826
"""Makes a median absolute deviation a standard deviation, if the values are normal."""


def median_known(values: Floats) -> Floats:
    """Return the median along the last axis of the values that are known; NaN where none is."""
    ordered = np.sort(values, axis=-1)  # puts NaN last
    count = np.isfinite(values).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    middle: Floats = (low[..., 0] + high[..., 0]) / 2.0
    return middle


def spread_known(values: Floats, centre: Floats | float = 0.0) -> Floats:
    """Return the robust standard deviation along the last axis: the median distance from ``centre``."""
    return NORMAL * median_known(np.abs(values - np.asarray(centre)[..., None]))
