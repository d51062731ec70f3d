"""Active, reactive and apparent power and power factor of one reading against each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from analysis.power_quality.plausibility import Block, blocked
from analysis.power_quality.point_month import PointMonth
from pipeline.quantities import Quantity

TOLERANCE: Final = 0.05
"""Of the apparent power: trigger of the detector ``power_identity`` (own, to be confirmed)."""
LEAST_SHARE: Final = 0.05
"""Of the month's greatest apparent power; below it values are mostly rounding (own)."""
MOST_DISTORTED: Final = 2.0
"""Apparent power over that of P and Q: a distorted current carries some that neither has."""


def power_blocks(month: PointMonth) -> Iterator[Block]:
    """Yield powers of which ``S^2 < P^2 + Q^2``, far more, or ``PF`` is not ``P / S``.

    Distortion makes S greater than P and Q, never smaller: ``S^2 = P^2 + Q^2 + D^2``.
    """
    for suffix in ("", "_a", "_b", "_c"):
        names = [
            Quantity(f"{stem}{suffix}")
            for stem in ("active_power", "reactive_power", "apparent_power", "power_factor")
        ]
        active, reactive, apparent, factor = (month.values.get(name) for name in names)
        if active is None or apparent is None or not len(apparent):
            continue
        greatest = np.fmax.reduce(apparent)
        loaded = apparent > LEAST_SHARE * greatest
        wrong = np.zeros(len(apparent), dtype=np.bool_)
        with np.errstate(divide="ignore", invalid="ignore"):
            if reactive is not None:
                due = np.hypot(active, reactive)
                wrong |= (due > (1.0 + TOLERANCE) * apparent) | (apparent > MOST_DISTORTED * due)
            if factor is not None:
                wrong |= np.abs(np.abs(active) / apparent - np.abs(factor)) > TOLERANCE
        wrong &= loaded
        for name in names:
            if name in month.values:
                known = np.isfinite(month.values[name])
                yield from blocked("powers_disagree", name, wrong & known, known)
