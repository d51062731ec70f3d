"""The demand that a month is charged by (计费需量): of what its meters kept, and of what was agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from analysis.settlement.billing_month import BillingMonth, DemandReading, RegisterSource
from analysis.settlement.interval_demand import ShownDemand, shown_demand
from pipeline.registry import in_force
from pipeline.tariff import BasicTerms

Stretches: TypeAlias = Sequence[tuple[datetime, datetime]]
"""From when to when, one or several times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDemand:
    """The maximum demand of a part of a month, kW on the primary side."""

    kw: Decimal | None = None
    """None where it is not known."""
    at_most_kw: Decimal | None = None
    """What it cannot exceed: the month's; None where that is not known either."""
    shown: ShownDemand | None = None
    """The intervals that it follows from, where the meters' own was of another part of the month."""


def is_of_its_time(reading: DemandReading) -> bool:
    """Tell whether a demand came while it was to count; one without a time is taken as it is."""
    begun = reading.at is None or reading.starts_at is None or reading.at >= reading.starts_at
    return begun and (reading.at is None or reading.ends_at is None or reading.at <= reading.ends_at)


def demands_elsewhen(month: BillingMonth) -> list[DemandReading]:
    """Return the demands that came before or after this month: the meter was not reset, or read late."""
    return [reading for reading in month.demands if not is_of_its_time(_bounded(month, reading))]


def actual_demand(month: BillingMonth) -> Decimal | None:
    """Return the maximum demand, kW on the primary side; None where no meter kept one of this month.

    Demands of meters that hung at the same time are added; of meters one after another the highest counts.
    """
    return _together(_usable(month))


def part_demand(month: BillingMonth, stretches: Stretches) -> PartDemand:
    """Return the demand of a part of the month.

    A meter keeps one maximum: it counts for the part in which it came. What was drawn in the others, the
    point's intervals say.
    """
    usable = _usable(month)
    whole = _together(usable)
    if [(month.starts_at, month.ends_at)] == list(stretches):
        return PartDemand(kw=whole, at_most_kw=whole)
    here = [r for r in usable if any(_meets(r, starts_at, ends_at) for starts_at, ends_at in stretches)]
    if all(_came_in(reading, stretches) for reading in here):
        return PartDemand(kw=_together(here), at_most_kw=whole)
    shown = [shown_demand(month.intervals, *stretch) for stretch in stretches]
    known = [demand for demand in shown if demand is not None]
    if len(known) < len(shown):
        return PartDemand(at_most_kw=whole)
    largest = max(known, key=lambda demand: demand.kw)
    return PartDemand(kw=largest.kw, at_most_kw=whole, shown=largest)


def _bounded(month: BillingMonth, reading: DemandReading) -> DemandReading:
    return replace(
        reading,
        starts_at=reading.starts_at or month.starts_at,
        ends_at=reading.ends_at or month.ends_at,
    )


def _usable(month: BillingMonth) -> list[DemandReading]:
    bounded = [_bounded(month, reading) for reading in month.demands if reading.kw.is_finite()]
    return [reading for reading in bounded if is_of_its_time(reading)]


def _together(readings: Sequence[DemandReading]) -> Decimal | None:
    sums = [
        sum(
            (r.kw * r.factor * r.sign for r in readings if _hangs(r, edge)),
            Decimal(0),
        )
        for edge in {reading.starts_at for reading in readings if reading.starts_at is not None}
    ]
    return max(sums, default=None)


def _hangs(reading: DemandReading, at: datetime) -> bool:
    return in_force(reading.starts_at, reading.ends_at, at)


def _meets(reading: DemandReading, starts_at: datetime, ends_at: datetime) -> bool:
    begun = reading.starts_at is None or reading.starts_at < ends_at
    return begun and (reading.ends_at is None or reading.ends_at > starts_at)


def _came_in(reading: DemandReading, stretches: Stretches) -> bool:
    """Tell whether a maximum is of a part; its time is the end of the quarter of an hour that it is of."""
    if reading.at is None:
        return True
    own = reading.source != RegisterSource.ESTIMATED
    return own and any(starts_at < reading.at <= ends_at for starts_at, ends_at in stretches)


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
