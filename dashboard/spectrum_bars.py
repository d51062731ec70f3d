"""A spectrum (谐波频谱) as bars by order, with the limit of each order beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.harmonic_limits import GB_14549, VoltageLimits, voltage_limits
from analysis.limits import nominal_seen_v
from analysis.power_quality.assembly import level_kv
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Wiring
from storage.dashboard_queries import MeterCard

WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 6, 12, 22
LEAST_TOP = 1.0
"""The axis reaches at least so many percent."""
ALL_NAMED = 25
"""Up to so many orders each is named, else the odd ones."""
STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One order of one phase."""

    order: int
    phase: str
    percent: float
    limit: float | None
    x: float
    y: float
    width: float
    height: float

    @property
    def over(self) -> bool:
        """Whether it is above its limit."""
        return self.limit is not None and self.percent > self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitMark:
    """The limit of one order: a line across its bars."""

    order: int
    percent: float
    x: float
    width: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A drawing in units of ``WIDTH`` by ``HEIGHT``."""

    bars: Sequence[Bar]
    limits: Sequence[LimitMark]
    ticks: Sequence[tuple[float, float]]
    """Percent and height."""
    orders: Sequence[tuple[int, float]]
    """Order and the middle of its bars."""
    total: Mapping[str, float]
    """Total distortion of each phase out of its orders, %."""

    @property
    def over(self) -> list[Bar]:
        """The bars above their limits, the worst first."""
        found = [bar for bar in self.bars if bar.over]
        return sorted(found, key=lambda bar: -bar.percent / (bar.limit or 1.0))


def limits_of(card: MeterCard, day: date) -> VoltageLimits | None:
    """Return what GB/T 14549 allows in the voltage where the meter hangs; None for other levels."""
    meter = Meter(
        id=MeterId(card.meter),
        wiring=Wiring(card.wiring),
        rated_voltage_v=card.rated_voltage_v,
        nominal_voltage_v=card.nominal_voltage_v,
    )
    pt = card.pt or 1.0
    line_v = nominal_seen_v(meter, pt) * pt
    if card.wiring == Wiring.THREE_PHASE_FOUR_WIRE:
        line_v *= sqrt(3.0)
    return voltage_limits(GB_14549, level_kv(line_v / 1000.0), day)


def bars_of(spectra: Mapping[Quantity, NDArray[np.float64]], limits: Mapping[int, float]) -> Bars | None:
    """Draw one instant's spectra of several phases, orders from 2; None where there is no order at all."""
    phases = {quantity.value.rpartition("_")[2]: row for quantity, row in spectra.items()}
    orders = range(2, max((len(row) for row in phases.values()), default=0))
    percents = [float(row[n]) for row in phases.values() for n in orders if n < len(row) and isfinite(row[n])]
    if not percents:
        return None
    step = next((s for s in STEPS if max(percents) <= 5 * s), 100.0)
    top = max(*percents, *(limits.get(n, 0.0) for n in orders if limits), LEAST_TOP) * 1.06
    slot = (WIDTH - LEFT - RIGHT) / len(orders)
    width = slot * 0.8 / len(phases)

    def height(percent: float) -> float:
        return round(percent / top * (HEIGHT - TOP - BOTTOM), 1)

    def left(order: int) -> float:
        return LEFT + (order - 2) * slot + slot * 0.1

    bars = [
        Bar(
            order=n,
            phase=phase,
            percent=float(row[n]),
            limit=limits.get(n),
            x=round(left(n) + place * width, 1),
            y=HEIGHT - BOTTOM - height(float(row[n])),
            width=round(width, 1),
            height=height(float(row[n])),
        )
        for place, (phase, row) in enumerate(phases.items())
        for n in orders
        if n < len(row) and isfinite(row[n])
    ]
    return Bars(
        bars=bars,
        limits=[
            LimitMark(
                order=n,
                percent=limits[n],
                x=round(left(n), 1),
                width=round(slot * 0.8, 1),
                y=HEIGHT - BOTTOM - height(limits[n]),
            )
            for n in orders
            if n in limits
        ],
        ticks=[(n * step, HEIGHT - BOTTOM - height(n * step)) for n in range(int(top / step) + 1)],
        orders=[(n, round(left(n) + slot * 0.4, 1)) for n in orders if n % 2 or len(orders) <= ALL_NAMED],
        total={
            phase: sqrt(sum(float(v) ** 2 for v in row[2:] if isfinite(v))) for phase, row in phases.items()
        },
    )
