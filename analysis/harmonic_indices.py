"""Distortion indices of registers in % of the fundamental: totals, bounds of the K factor, ratings left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIX_PULSE: Final = tuple(order for order in range(5, 51) if order % 6 in {1, 5})
"""Orders of a six-pulse converter; ideally each has 1 / h of the fundamental."""
EDDY_SHARE: Final = 0.1
"""e: eddy current loss over the loss of a direct current of the same size; typical, of no one transformer."""
EDDY_EXPONENT: Final = 1.7
"""q of round or rectangular windings (HD 538.3 S1, as in Copper Development Association publication 144)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KRange:
    """Between what the K factor lies when only the total distortion is known."""

    lowest: float
    """All of it were order 2."""
    six_pulse: float
    """It had the shape of a six-pulse converter: the usual guess, and no more than that."""
    highest: float
    """All of it were the highest order."""


def distortion_percent(orders_percent: Floats) -> Floats:
    """Return THD, % of the fundamental: the root of the sum of squares along the last axis, from order 2."""
    squares: Floats = np.sqrt(np.sum(np.square(orders_percent), axis=-1))
    return squares


def fundamental(rms: Floats, thd_percent: Floats) -> Floats:
    """Return the fundamental of an rms value: ``I / sqrt(1 + THD^2)``."""
    return rms / np.sqrt(1.0 + np.square(thd_percent / 100.0))


def k_range(thd_percent: float, highest_order: int) -> KRange:
    """Return what K could be for a total distortion whose orders nobody knows."""
    d2 = (thd_percent / 100.0) ** 2
    shape = np.array([order for order in SIX_PULSE if order <= highest_order], np.float64)
    # Orders in the shape c / h with the right total: each then adds c^2 to the sum of (h I_h)^2.
    six_pulse = 1.0 + len(shape) * d2 / float(np.sum(shape**-2)) if len(shape) else 1.0 + 4.0 * d2
    return KRange(
        lowest=(1.0 + 4.0 * d2) / (1.0 + d2),
        six_pulse=six_pulse / (1.0 + d2),
        highest=(1.0 + highest_order**2 * d2) / (1.0 + d2),
    )


def rating_share(
    orders_percent: Floats,
    orders: NDArray[np.intp],
    eddy_share: float = EDDY_SHARE,
    exponent: float = EDDY_EXPONENT,
) -> Floats:
    """Return which share of its rated current a transformer can carry with this spectrum: 1 over factor K.

    ``K^2 = 1 + e / (1 + e) (I_1 / I)^2 sum h^q (I_h / I_1)^2`` (HD 538.3 S1). The transformer's own eddy loss
    share decides: the answer holds for the ``eddy_share`` assumed.
    """
    squares = np.square(orders_percent / 100.0)
    weighted = squares @ np.power(orders.astype(np.float64), exponent) / (1.0 + squares.sum(axis=-1))
    share: Floats = 1.0 / np.sqrt(1.0 + eddy_share / (1.0 + eddy_share) * weighted)
    return share
