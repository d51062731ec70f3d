"""Jumps of one element's power factor (分相功率因数突变): slots against the level of the days before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.ratings import Element
from detectors.usage.medians import median_known
from pipeline.block import MeterMatrix
from pipeline.timegrid import MINUTES_PER_DAY

Floats = NDArray[np.float64]
Column = NDArray[np.floating]
LEVEL_DAYS, LEAST_DAYS = 30, 7
"""Days that the usual level is the median of, and known ones that it needs."""
LEAST_OF_DAY = 4
"""Slots that make a day's mean."""


def power_factors(window: MeterMatrix, element: Element, floor_a: Floats) -> Column:
    """Return P / sqrt(P^2 + Q^2) of an element, shape (meters, slots); NaN below ``floor_a`` amperes.

    It bears the sign of P: below zero the energy flows back, or the wiring is wrong.
    """
    power, reactive, current = (window.values[q] for q in (element.power, element.reactive, element.current))
    apparent = np.hypot(power, reactive)
    flows = (current > floor_a.astype(current.dtype)[:, None]) & (apparent > 0)
    unknown = np.full(power.shape, np.nan, dtype=power.dtype)
    factors: Column = np.divide(power, apparent, out=unknown, where=flows)
    return factors


def usual_levels(factors: Column, minutes: int) -> Column:
    """Return for each slot the median of the means of the days before, shape (meters, slots).

    Days are counted back from the window's end, 24 hours each: a level has no need of midnights.
    """
    size = MINUTES_PER_DAY // minutes
    meters, slots = factors.shape
    lead = slots % size
    days = factors[:, lead:].reshape(meters, -1, size)
    known = np.isfinite(days)
    count = known.sum(axis=2)
    total = np.where(known, days, days.dtype.type(0)).sum(axis=2, dtype=np.float64)
    means = np.divide(total, count, out=np.full(count.shape, np.nan), where=count >= LEAST_OF_DAY)
    levels = np.full(means.shape, np.nan)
    for day in range(LEAST_DAYS, means.shape[1]):
        before = means[:, max(day - LEVEL_DAYS, 0) : day]
        enough = np.isfinite(before).sum(axis=1) >= LEAST_DAYS
        levels[:, day] = np.where(enough, median_known(before), np.nan)
    spread = np.full(factors.shape, np.nan, dtype=factors.dtype)
    spread[:, lead:] = np.repeat(levels, size, axis=1)
    return spread
