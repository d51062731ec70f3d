"""The demand that a month is charged by (计费需量): of what its meters kept, and of what was agreed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.billing_month import BillingMonth
from pipeline.tariff import BasicTerms


def actual_demand(month: BillingMonth) -> Decimal | None:
    """Return the maximum demand, kW on the primary side; None where no meter kept one.

    Demands of meters that hung at the same time are added; of meters one after another the highest counts.
    """
    spans = [
        (reading.starts_at or month.starts_at, reading.ends_at or month.ends_at, reading)
        for reading in month.demands
        if reading.kw.is_finite()
    ]
    sums = [
        sum(
            (r.kw * r.factor * r.sign for starts_at, ends_at, r in spans if starts_at <= edge < ends_at),
            Decimal(0),
        )
        for edge in {starts_at for starts_at, _, _ in spans}
    ]
    return max(sums, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledDemand:
    """What of a demand costs its price, and what costs more."""

    kw: Decimal
    over_kw: Decimal = Decimal(0)
    """Above ``over_share`` of what was agreed; costs ``over_factor`` times."""
    least_kw: Decimal | None = None
    """The least that is charged, where the demand is below it."""


def billed_demand(
    terms: BasicTerms, actual_kw: Decimal | None, agreed_kw: Decimal | None, capacity_kva: Decimal | None
) -> BilledDemand | None:
    """Return the demand to charge; None where it hangs on a demand that is not known.

    Without a contract demand it is the actual one. A contract demand is charged as agreed up to
    ``over_share`` of it, used or not; what is above that share costs ``over_factor`` times
    (国家电网财 (2016) 633).
    """
    share = terms.least_actual_share if agreed_kw is None else terms.least_demand_share
    least = Decimal(0) if capacity_kva is None else capacity_kva * share
    asked = actual_kw if agreed_kw is None else agreed_kw
    if asked is None:
        return None
    lifted = least if least > asked else None
    kw = asked if lifted is None else lifted
    if agreed_kw is None:
        return BilledDemand(kw=kw, least_kw=lifted)
    over = Decimal(0) if actual_kw is None else max(actual_kw - kw * terms.over_share, Decimal(0))
    return BilledDemand(kw=kw, over_kw=over, least_kw=lifted)


def demand_price_factor(
    terms: BasicTerms, kwh: Decimal, capacity_kva: Decimal | None
) -> tuple[Decimal, Decimal | None]:
    """Return the factor on the price of demand, and the kWh for each kVA that it follows from.

    From ``full_use_kwh_per_kva`` on it is ``full_use_factor`` (发改价格 (2023) 526: the month's energy
    divided by the contract's capacity; to be confirmed).
    """
    if terms.full_use_kwh_per_kva is None or not capacity_kva:
        return Decimal(1), None
    use = kwh / capacity_kva
    return (terms.full_use_factor if use >= terms.full_use_kwh_per_kva else Decimal(1)), use
