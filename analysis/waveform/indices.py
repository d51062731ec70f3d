"""Single figures of a spectrum: total distortion (总畸变率), demand distortion and the K-factor (K 系数).

Each takes the rms of orders 1, 2, ... along the last axis; which orders count is always said.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def thd_f(orders: NDArray[np.floating], highest: int) -> NDArray[np.floating]:
    """Return the distortion against the fundamental, 1: ``sqrt(sum of squares, 2..highest) / order 1``.

    NaN where there is no fundamental.
    """
    return _over(_distortion(orders, highest), orders[..., 0])


def thd_r(orders: NDArray[np.floating], highest: int) -> NDArray[np.floating]:
    """Return the distortion against the rms of orders 1 to ``highest``, 1: some meters tell this one."""
    return _over(_distortion(orders, highest), np.sqrt(np.square(orders[..., :highest]).sum(axis=-1)))


def tdd(orders: NDArray[np.floating], highest: int, demand_a: float) -> NDArray[np.floating]:
    """Return the demand distortion (IEEE 519), 1: harmonic amperes against the maximum demand current."""
    against: NDArray[np.floating] = _distortion(orders, highest) / demand_a
    return against


def k_factor(orders: NDArray[np.floating], highest: int) -> NDArray[np.floating]:
    """Return the K-factor of a current for transformers (UL 1561), 1: ``sum (h I_h)^2 / sum I_h^2``."""
    square = np.square(orders[..., :highest])
    weight = np.square(np.arange(1, square.shape[-1] + 1))
    return _over((square * weight).sum(axis=-1), square.sum(axis=-1))


def _distortion(orders: NDArray[np.floating], highest: int) -> NDArray[np.floating]:
    upper = orders[..., 1:highest]
    root: NDArray[np.floating] = np.sqrt(np.einsum("...h,...h->...", upper, upper))
    return root


def _over(above: NDArray[np.floating], below: NDArray[np.floating]) -> NDArray[np.floating]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = above / below
    return np.where(below > 0.0, ratio, np.nan).astype(ratio.dtype)
