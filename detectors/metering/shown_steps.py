"""In which steps (分辨力) a meter shows a value, told by the values themselves: 0.2 A here, 0.001 A there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOISE = 1e-6
"""Share of the largest value below which two values are one: what single precision leaves."""
OFF = 0.05
"""Steps that a value may lie beside a whole number of them, for the same reason."""
LEAST_GAPS = 8
"""Different values a step apart that tell it: a load of two values alone is shown in no known steps."""


def shown_steps(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the step of each row of values of shape (rows, slots), in their unit; shape (rows,).

    It is the smallest distance between two values, if it occurs often and all values are whole numbers of it;
    otherwise 0: the row is shown more finely than its values tell, or in no steps.
    """
    known = values.astype(np.float64)
    ordered = np.sort(known, axis=1)  # puts NaN last
    size = np.fmax(np.nanmax(np.abs(np.where(np.isnan(known), 0.0, known)), axis=1), NOISE)
    gaps = np.diff(ordered, axis=1)
    gaps[~(gaps > NOISE * size[:, None])] = np.inf
    least = gaps.min(axis=1, initial=np.inf)
    # Many gaps of one step, and then the whole range in steps, tell it more finely than one rounded number.
    alike = np.isfinite(gaps) & (gaps < 1.5 * least[:, None])
    least = np.divide(
        np.where(alike, gaps, 0.0).sum(axis=1), alike.sum(axis=1), out=least, where=alike.any(axis=1)
    )
    span = np.fmax.reduce(ordered, axis=1) - np.fmin.reduce(ordered, axis=1)
    count = np.rint(np.divide(span, least, out=np.zeros_like(span), where=np.isfinite(least)))
    step = np.divide(span, count, out=np.zeros_like(span), where=count > 0)
    parts = np.divide(known, step[:, None], out=np.zeros_like(known), where=step[:, None] > 0)
    fits = ~(np.abs(parts - np.rint(parts)) > OFF).any(axis=1) & (alike.sum(axis=1) >= LEAST_GAPS)
    return np.where(fits, step, 0.0)
