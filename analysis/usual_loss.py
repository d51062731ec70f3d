"""The usual loss of an area: median and spread (MAD) of the days before, those that stood out left aside."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NORMAL_MAD = 1.4826
"""Times a MAD: the standard deviation of a normal spread."""


class Usual(NamedTuple):
    """The usual of each day as known from the days before it, shape (areas, days); NaN without enough."""

    median: Floats
    limit: Floats
    """Above it a day stands out."""


def usual_loss(  # noqa: PLR0913 - one rule with all its numbers
    loss: Floats, sure: Floats, load: Floats, *, mads: Floats, floor: Floats, days: tuple[int, int]
) -> Usual:
    """Return median and limit for every day, from days before it alone.

    A day's load moves the share that is lost: were all of the loss in windings and lines, it would go with
    the load, were all of it iron, against it. The limit allows for either, and for no more.

    Args:
        loss: Loss of each day in percent, NaN where unknown.
        sure: The least that it can be; a day whose sure loss is above the limit is not learnt from.
        load: Energy in of each day.
        mads: How many MADs (as standard deviations) above the median the limit lies, shape (areas, days).
        floor: How far above the median it lies at least, percentage points.
        days: The fewest known days before, and the most that are looked back at.
    """
    fewest, most = days
    median, limit = np.full(loss.shape, np.nan), np.full(loss.shape, np.nan)
    learnt, loads = np.full((2, *loss.shape), np.nan)
    for day in range(loss.shape[1]):
        before = learnt[:, max(day - most, 0) : day]
        enough = np.isfinite(before).sum(axis=1) >= max(fewest, 1)
        if enough.any():
            middle = _median(before[enough])
            spread = NORMAL_MAD * _median(np.abs(before[enough] - middle[:, None]))
            median[enough, day] = middle
            usual_load = _median(loads[enough, max(day - most, 0) : day])
            moved = np.maximum(middle, 0.0) * (_apart(load[enough, day], usual_load) - 1.0)
            above = np.maximum(mads[enough, day] * spread, floor[enough, day])
            limit[enough, day] = middle + moved + above
        is_learnt = np.isfinite(loss[:, day]) & ~(sure[:, day] > limit[:, day])
        learnt[:, day] = np.where(is_learnt, loss[:, day], np.nan)
        loads[:, day] = np.where(is_learnt, load[:, day], np.nan)
    return Usual(median=median, limit=limit)


def _apart(load: Floats, usual: Floats) -> Floats:
    """Return how many times more or less than usual a load is, at least 1."""
    ratio = np.divide(load, usual, out=np.ones_like(usual), where=(usual > 0) & (load > 0))
    apart: Floats = np.maximum(ratio, 1.0 / ratio)
    return apart


def _median(rows: Floats) -> Floats:
    """Return the median of the known values of each row, of which there is at least one."""
    ordered = np.sort(rows, axis=1)
    count = np.isfinite(rows).sum(axis=1)
    pick = np.arange(len(rows))
    middle: Floats = (ordered[pick, (count - 1) // 2] + ordered[pick, count // 2]) / 2.0
    return middle
