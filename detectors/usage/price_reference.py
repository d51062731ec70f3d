"""What a price is held against (参照均价): the median of like customers' months, or of the customer's own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from analysis.settlement.average_price import PriceChange, PriceParts, median_parts, price_change
from detectors.usage.medians import NORMAL
from pipeline.contracts import Contract
from pipeline.records import BilledPrice

CAPACITY_BANDS_KVA = (100.0, 315.0, 1000.0, 10000.0)
"""Edges of the bands of like customers: from 100 kVA power factor counts, from 315 kVA two parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A bill with its price as a number, yuan/kWh."""

    bill: BilledPrice
    price: float
    contract: Contract | None


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
        spread = NORMAL * max(self.mad, least_spread * abs(self.usual))
        return (price - self.usual) / spread if spread > 0 else 0.0

    def apart(self, price: float) -> float:
        """Return how far a price is from the usual one, as a share of it."""
        return price / self.usual - 1.0 if self.usual > 0 else 0.0


def priced(bill: BilledPrice, contract: Contract | None, least_kwh: float) -> Priced | None:
    """Return a bill with its number; None where too little was used for a price to mean anything."""
    if bill.kwh <= 0 or float(bill.kwh) < least_kwh:
        return None
    return Priced(bill=bill, price=float(bill.price), contract=contract)


def reference(kind: str, prices: Sequence[float]) -> Reference:
    """Return the median and MAD of some prices."""
    usual = median(prices)
    mad = median([abs(price - usual) for price in prices])
    return Reference(kind=kind, members=len(prices), usual=usual, mad=mad)


def change(month: Priced, others: Sequence[Priced], levels: Sequence[float]) -> PriceChange | None:
    """Return why a month's price is not the median one of others, each at its level.

    Energy and amounts are those of one kVA, so that customers of other sizes may be compared: the basic
    charge then differs by its price, and by the hours of use.
    """
    usual = median_parts([_parts(other, by) for other, by in zip(others, levels, strict=True)])
    return None if usual is None else price_change(_parts(month, 1.0), usual)


def _parts(month: Priced, level: float) -> PriceParts:
    bill, contract = month.bill, month.contract
    size = Fraction(1) if contract is None or not contract.capacity_kva else Fraction(contract.capacity_kva)
    by = Fraction(level)
    return PriceParts(
        kwh=Fraction(bill.kwh) / size,
        shares=bill.shares,
        prices={period: price * by for period, price in bill.prices.items()},
        steps=bill.steps * by / size,
        power_factor=bill.power_factor * by / size,
        basic=bill.basic * by / size,
        other=bill.other * by / size,
    )


def likeness(contract: Contract | None) -> tuple[str, int] | None:
    """Return the class and capacity band of a customer; None where the contract lacks one."""
    if contract is None or contract.category is None or contract.capacity_kva is None:
        return None
    return contract.category, bisect_right(CAPACITY_BANDS_KVA, contract.capacity_kva)
