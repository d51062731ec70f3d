"""Unbalance (不平衡度) of three phases from three line voltages, or what magnitudes can bound of it.

Negative over positive sequence, GB/T 15543-2008 and IEC 61000-4-30. All figures in %.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.point_month import Columns

Phasors = NDArray[np.complex128]

CLOSED: Final = 1e-6
"""Lines that miss a triangle by so much of the longest one do by rounding only (single precision at rest)."""


def phasor(magnitude: Columns, degrees: Columns | float) -> Phasors:
    """Return phasors by magnitude and angle."""
    return np.asarray(magnitude * np.exp(1j * np.radians(degrees)), dtype=np.complex128)


def of_lines(ab: Columns, bc: Columns, ca: Columns) -> Columns:
    """Return negative sequence unbalance from three line voltages: exact, as zero sequence cancels in them.

    NaN where they make no triangle: such values were not measured at one instant, or not on one supply.
    """
    longest = np.maximum(np.maximum(ab, bc), ca)
    closes = 2.0 * longest <= (ab + bc + ca) * (1.0 + CLOSED)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (ab**4 + bc**4 + ca**4) / (ab**2 + bc**2 + ca**2) ** 2
        # On the edge of a triangle rounding makes it slightly negative.
        root = np.sqrt(np.maximum(3.0 - 6.0 * ratio, 0.0))
        unbalance = 100.0 * np.sqrt(np.maximum(1.0 - root, 0.0) / (1.0 + root))
    return np.where(closes, unbalance, np.nan)


def least_of_two_lines(first: Columns, second: Columns) -> Columns:
    """Return the least negative sequence unbalance that two line voltages allow, whatever the third is.

    It is least for a third line of ``sqrt((a^4 + b^4) / (a^2 + b^2))``.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        third = np.sqrt((first**4 + second**4) / (first**2 + second**2))
    return of_lines(first, second, third)


def deviation_from_mean(*magnitudes: Columns) -> Columns:
    """Return the greatest deviation from the mean of magnitudes: NEMA's LVUR of lines, IEEE's PVUR of phases.

    Of phase voltages it is an indicator only: it doubles a single-phase sag and is blind to angles.
    """
    stacked = np.stack(magnitudes)
    mean = stacked.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(100.0 * np.abs(stacked - mean).max(axis=0) / mean)
