"""So many of so many points (如 8 点中 4 点): a condition that need not hold without a break."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bools = NDArray[np.bool_]


def dense(mask: Bools, least: ArrayLike, among: int) -> Bools:
    """Return the slots of ``mask`` that lie in some stretch of ``among`` slots in which ``least`` hold.

    ``mask`` has shape (rows, slots), ``least`` is one number or shape (rows, 1). Missing values are points at
    which nothing holds.
    """
    found = np.zeros_like(mask)
    suspects = np.flatnonzero(mask.any(axis=1))
    if not len(suspects):
        return found
    own = mask[suspects]
    wanted = np.broadcast_to(np.asarray(least, dtype=np.float64), (len(mask), 1))[suspects]
    # Stretches may reach over either end, where nothing holds.
    padded = np.zeros((len(own), own.shape[1] + 2 * among - 1), dtype=np.int32)
    padded[:, among : among + own.shape[1]] = own
    total = np.cumsum(padded, axis=1)
    enough = total[:, among:] - total[:, :-among] >= wanted
    covered = np.zeros_like(own)
    for shift in range(among):
        covered |= enough[:, shift : shift + own.shape[1]]
    found[suspects] = own & covered
    return found
