"""Harmonics of voltage and current: spectra whose total distortion is the one that the meter shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LAST_ORDER = 21
"""Meters by DL/T 645-2007 give the orders 1 to 21 (0A01 .. 0A06)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distortion:
    """What a customer's load does to current and voltage; THD in % without and at full load."""

    weights: Mapping[int, float]
    """Size of each order against the others; even and missing orders are small or none."""
    voltage_thd: tuple[float, float]
    current_thd: tuple[float, float]

    def voltage_percent(self, load_pu: float) -> float:
        """Return the voltage's THD at a share of the peak load."""
        return _between(self.voltage_thd, load_pu)

    def current_percent(self, load_pu: float) -> float:
        """Return the current's THD at a share of the peak load."""
        return _between(self.current_thd, load_pu)


def contents(weights: Mapping[int, float], thd_percent: float) -> tuple[float, ...]:
    """Return a spectrum of a given THD: index = order, 0 the constant part, 1 the fundamental, in %."""
    size = math.sqrt(sum(weight * weight for weight in weights.values()))
    orders = (thd_percent * weights.get(order, 0.0) / size for order in range(2, LAST_ORDER + 1))
    return (0.0, 100.0, *orders)


def thd_of(content: tuple[float, ...]) -> float:
    """Return the total distortion of a spectrum in % of its fundamental."""
    return math.sqrt(sum(part * part for part in content[2:]))


def _between(ends: tuple[float, float], load_pu: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * load_pu


_ODD = {order: 1.0 / order for order in range(3, LAST_ORDER + 1, 2)}
_SIX_PULSE = {order: 1.0 / order for order in range(2, LAST_ORDER + 1) if order % 6 in {1, 5}}

DISTORTIONS: Mapping[str, Distortion] = MappingProxyType(
    {
        # Single-phase electronics: odd orders, the third first; the shape 1/h is ours.
        "electronics": Distortion(
            weights=MappingProxyType(_ODD), voltage_thd=(1.2, 2.0), current_thd=(9.0, 5.0)
        ),
        # An ideal six-pulse bridge: orders 6k-1 and 6k+1 at 1/h, 29.7 % up to order 40 (closed form).
        "six_pulse": Distortion(
            weights=MappingProxyType(_SIX_PULSE), voltage_thd=(1.4, 4.6), current_thd=(28.0, 24.0)
        ),
        "clean": Distortion(weights=MappingProxyType(_ODD), voltage_thd=(0.6, 0.8), current_thd=(2.0, 1.5)),
    }
)
"""Kinds of load by the name that a fleet file uses."""
