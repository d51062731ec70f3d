"""How much of a harmonic voltage goes with the customer's own current: regression with a bootstrap by days.

Squares add up where angles are unknown: ``U_h^2 = background^2 + (Z_h I_h)^2``. The intercept is what the
network brings, the slope is the impedance. It is an estimate: without angles the direction of harmonic power
is not observable, and neighbours who switch at the same hours look like the customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REPLICATES: Final = 400
LEAST_READINGS: Final = 59
"""Fewer tell nothing of a 95 % value (GB/T 14549 asks for 30, which is no proof)."""
LEAST_BLOCKS: Final = 7
"""Readings of one day hang together: so many days are drawn from at least (own)."""
UNSURE: Final = 2.5
"""% of the replicates on each side of the interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnShare:
    """What the regression says, and between what the bootstrap puts it with 95 %."""

    share: float
    """Of the mean square of the voltage: what goes with the own current; below 0 where less current goes with
    more voltage, which no source in the network's impedance does."""
    low: float
    high: float
    background_percent: float
    """Voltage without the own current, % of the fundamental."""
    slope: float
    """%^2 an A^2."""
    n: int


def own_share(
    voltage_percent: Floats, amperes: Floats, blocks: NDArray[np.int64], seed: int
) -> OwnShare | None:
    """Return how much of a harmonic voltage goes with the current; None where there is too little to tell.

    Args:
        voltage_percent: HRU_h, shape ``(n,)``, NaN is missing.
        amperes: I_h at the same times.
        blocks: Which readings are drawn together: their day.
        seed: The same one gives the same interval.
    """
    known = np.isfinite(voltage_percent) & np.isfinite(amperes)
    y, x = voltage_percent[known] ** 2, amperes[known] ** 2
    names, place = np.unique(blocks[known], return_inverse=True)
    if len(y) < LEAST_READINGS or len(names) < LEAST_BLOCKS or not y.any() or np.ptp(x) == 0.0:
        return None
    # Sums of each block suffice: a replicate is a sum of sums, and all are one matrix product.
    terms = (np.ones_like(x), x, y, x * y, x * x)
    sums = np.stack([np.bincount(place, term, len(names)) for term in terms], axis=1)
    slope, share = _fit(sums.sum(axis=0))
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(names), np.full(len(names), 1.0 / len(names)), REPLICATES)
    _, shares = _fit((drawn.astype(np.float64) @ sums).T)
    low, high = np.nanpercentile(shares, [UNSURE, 100.0 - UNSURE])
    background = max(float((1.0 - share) * y.mean()), 0.0)
    return OwnShare(
        share=float(share),
        low=float(low),
        high=float(high),
        background_percent=sqrt(background),
        slope=float(slope),
        n=len(y),
    )


def _fit(sums: Floats) -> tuple[Floats, Floats]:
    """Return the slope of the least squares line, and which share of the mean of y is not its intercept."""
    n, x, y, xy, xx = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (n * xy - x * y) / (n * xx - x * x)
        return slope, slope * x / y
