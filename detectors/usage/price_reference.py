"""What a price is held against (参照均价): the median of like customers' months, or of the customer's own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from pipeline.records import BilledPrice
from pipeline.registry import Contract

CAPACITY_BANDS_KVA = (100.0, 315.0, 1000.0, 10000.0)
"""Edges of the bands of like customers: from 100 kVA power factor counts, from 315 kVA two parts."""
NORMAL_MAD = 1.4826
"""Standard deviations in one MAD of a normal spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A bill as numbers, yuan/kWh."""

    bill: BilledPrice
    price: float
    effects: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is usual, yuan/kWh."""

    kind: str
    """``peers`` or ``own``."""
    members: int
    usual: float
    mad: float

    def scores(self, price: float, least_spread: float) -> float:
        """Return how many robust standard deviations a price is from the usual one.

        ``least_spread`` is the least MAD as a share of the usual price: prices that are all alike would make
        every cent an outlier.
        """
        spread = NORMAL_MAD * max(self.mad, least_spread * abs(self.usual))
        return (price - self.usual) / spread if spread > 0 else 0.0

    def apart(self, price: float) -> float:
        """Return how far a price is from the usual one, as a share of it."""
        return price / self.usual - 1.0 if self.usual > 0 else 0.0


def priced(bill: BilledPrice, least_kwh: float) -> Priced | None:
    """Return a bill as numbers; None where too little was used for a price to mean anything."""
    if bill.kwh <= 0 or float(bill.kwh) < least_kwh:
        return None
    kwh = float(bill.kwh)
    effects = {name: float(yuan) / kwh for name, yuan in bill.effects.items()}
    return Priced(bill=bill, price=float(bill.amount) / kwh, effects=effects)


def reference(kind: str, prices: Sequence[float]) -> Reference:
    """Return the median and MAD of some prices."""
    usual = median(prices)
    mad = median([abs(price - usual) for price in prices])
    return Reference(kind=kind, members=len(prices), usual=usual, mad=mad)


def usual_effects(others: Sequence[Priced], levels: Sequence[float]) -> Mapping[str, float]:
    """Return the median of each effect, yuan/kWh, each month times its level."""
    names = sorted({name for other in others for name in other.effects})
    moved = list(zip(others, levels, strict=True))
    return {name: median([other.effects.get(name, 0.0) * by for other, by in moved]) for name in names}


def likeness(contract: Contract | None) -> tuple[str, int] | None:
    """Return the class and capacity band of a customer; None where the contract lacks one."""
    if contract is None or contract.category is None or contract.capacity_kva is None:
        return None
    return contract.category, bisect_right(CAPACITY_BANDS_KVA, contract.capacity_kva)
