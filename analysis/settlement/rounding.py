"""Rounding of energies and amounts: half up, and shares that add up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from pipeline.apportion import apportion


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Return ``value`` rounded half up, away from zero: 0.125 is 0.13, -0.125 is -0.13 (四舍五入)."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def shares(total: Decimal, weights: Sequence[float], decimals: int) -> list[Decimal]:
    """Return shares of ``total`` in proportion to weights of zero or more; they add up to it exactly.

    They are whole steps of ``decimals``, or of the total's own last digit where that is finer, by the method
    of the largest remainder.
    """
    exponent = total.as_tuple().exponent
    finest = min(exponent if isinstance(exponent, int) else 0, -decimals)
    steps = int(total.scaleb(-finest))
    found = apportion(steps, np.asarray(weights, dtype=np.float64))
    return [Decimal(int(count)).scaleb(finest) for count in found]
