"""Total distortion (总谐波畸变率) against the orders of which it is the sum of squares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.plausibility import Block, blocked
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.quantities import Quantity

HALF_STEP: Final = 0.005
"""Half a step of registers of 0.01 %: the most that rounding takes from a value."""
TOGETHER_S: Final = 1.0
"""Readings no further apart than this are of one instant."""
TELLING_PERCENT: Final = 10.0
"""Above it THD of the fundamental and of the total rms differ by more than 0.05 points."""

Bools = NDArray[np.bool_]


def residual(thd: Columns, orders: Columns) -> Columns:
    """Return ``THD^2 - sum of HR_h^2`` in %^2: what lies above the last order, if it is not negative.

    Args:
        thd: %, shape ``(n,)``.
        orders: % of the fundamental, shape ``(n, orders + 1)``; orders 0 and 1 are left out, NaN is 0.
    """
    return np.asarray(thd**2 - _square_sum(orders))


def rounding_bound(thd: Columns, orders: Columns) -> Columns:
    """Return how far rounding alone can move :func:`residual`, %^2.

    ``(2 q THD + q^2) + sum (2 q HR_h + q^2)`` with q half a step.
    """
    count = np.isfinite(orders[:, 2:]).sum(axis=1)
    linear = np.nansum(np.abs(orders[:, 2:]), axis=1)
    return np.asarray(2.0 * HALF_STEP * (np.abs(thd) + linear) + HALF_STEP**2 * (count + 1))


def total_of_rms(thd_f: Columns) -> Columns:
    """Return THD related to the total rms (THD_R), %, for THD related to the fundamental (THD_F), %."""
    return np.asarray(thd_f / np.sqrt(1.0 + (thd_f / 100.0) ** 2))


def distortion_blocks(month: PointMonth) -> Iterator[Block]:
    """Yield distortion whose squares are less than those of its orders: registers of other instants or bases.

    A meter that relates THD to the total rms (THD_R) contradicts nothing; its THD is no THD_F, and only that
    is blocked. Otherwise nobody knows which of both is wrong.
    """
    for quantity, orders in month.spectra.items():
        thd_name = Quantity(quantity.replace("_harmonic_", "_thd_"))
        column = month.values.get(thd_name)
        if column is None or not len(column) or not len(orders):
            continue
        rows, spectrum_rows = _together(month)
        thd, beside = column[rows], orders[spectrum_rows]
        known = np.isfinite(thd) & np.isfinite(beside[:, 2:]).any(axis=1)
        thd, beside = thd[known], beside[known]
        rows, spectrum_rows = rows[known], spectrum_rows[known]
        bound = rounding_bound(thd, beside)
        below = residual(thd, beside) < -bound
        sums = np.sqrt(_square_sum(beside))
        of_rms = below & (sums > TELLING_PERCENT) & (np.abs(thd - total_of_rms(sums)) * sums <= bound)
        wrong = below & ~of_rms
        for key, mask, names in (
            ("thd_of_total_rms", of_rms, (thd_name,)),
            ("thd_below_orders", wrong, (thd_name, quantity)),
        ):
            for name in names:
                places, length = (rows, len(column)) if name is thd_name else (spectrum_rows, len(orders))
                full = np.zeros(length, dtype=np.bool_)
                full[places[mask]] = True
                compared = np.zeros(length, dtype=np.bool_)
                compared[places] = True
                yield from blocked(key, name, full, compared)


def _square_sum(orders: Columns) -> Columns:
    squares = np.where(np.isnan(orders[:, 2:]), 0.0, orders[:, 2:])
    return np.asarray(np.einsum("ij,ij->i", squares, squares))


def _together(month: PointMonth) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of ``taken_at`` and of ``spectrum_at`` that are of one instant, in pairs."""
    if not len(month.taken_at) or not len(month.spectrum_at):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    after = np.searchsorted(month.taken_at, month.spectrum_at).clip(1, max(len(month.taken_at) - 1, 1))
    candidates = np.stack([after - 1, after.clip(max=len(month.taken_at) - 1)])
    apart = np.abs(month.taken_at[candidates] - month.spectrum_at)
    nearest = candidates[apart.argmin(axis=0), np.arange(len(month.spectrum_at))]
    near = apart.min(axis=0) <= np.timedelta64(round(TOGETHER_S * 1e6), "us")
    return nearest[near], np.flatnonzero(near)
