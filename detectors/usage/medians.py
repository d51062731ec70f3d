"""Medians and spreads of what is known: sorted once, with gaps, without ``np.median``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NORMAL = 1.4826
"""Makes a median absolute deviation a standard deviation, if the values are normal."""


def median_known(values: Floats) -> Floats:
    """Return the median along the last axis of the values that are known; NaN where none is."""
    wide = values.shape[-1]
    ordered = np.sort(values, axis=-1).reshape(-1, wide)  # puts NaN last
    count = np.isfinite(ordered).sum(axis=1)
    row = np.arange(len(ordered))
    low, high = ordered[row, np.maximum(count - 1, 0) // 2], ordered[row, np.minimum(count // 2, wide - 1)]
    middle: Floats = ((low + high) / 2.0).reshape(values.shape[:-1])
    return middle


def spread_known(values: Floats, centre: Floats | float = 0.0) -> Floats:
    """Return the robust standard deviation along the last axis: the median distance from ``centre``."""
    return NORMAL * median_known(np.abs(values - np.asarray(centre)[..., None]))
