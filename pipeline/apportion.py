"""Shares a whole number of register steps among slots by the method of the largest remainder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DataError


def apportion(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole shares of ``total`` in proportion to ``weights``; they add up to it exactly.

    Each share is its quota or the next whole number; of equal remainders the earlier slot goes first. Without
    any weight the shares are equal.

    Raises:
        DataError: If a weight is negative or missing, or there is nobody to share among.
    """
    if len(weights) == 0 or not np.isfinite(weights).all() or (weights < 0).any():
        raise DataError("shares need weights of zero or more, at least one; missing ones are to be left out")
    whole = float(weights.sum())
    # Above what a double counts in ones the quotas would lose steps; scaling first keeps them apart.
    part = weights / whole if whole > 0 else np.full(len(weights), 1.0 / len(weights))
    quota = part * abs(total)
    shares: NDArray[np.int64] = np.floor(quota).astype(np.int64)
    left = abs(total) - int(shares.sum())
    # Rounded, so that remainders that are equal on paper are equal here too.
    first = np.argsort(-np.round(quota - shares, 6), kind="stable")
    if left > 0:
        shares[first[:left]] += 1
    elif left < 0:
        # Rounding may have lifted a quota to the next whole number.
        shares[[slot for slot in first[::-1] if shares[slot] > 0][:-left]] -= 1
    return shares if total >= 0 else -shares
