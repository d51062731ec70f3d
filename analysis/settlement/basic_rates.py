"""What a basic charge is priced by on each day, and the parts of a month that its lines are for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.bill import BillLine
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.priced import Priced, amount_of
from analysis.settlement.running_capacity import RunningDay
from analysis.settlement.segments import Segment, days_beyond, whole_days
from pipeline.contracts import BasicCharge
from pipeline.model import Json
from pipeline.tariff import BasicTerms

UNITS: Mapping[str, str] = {
    "basic_capacity": "kVA",
    "basic_resting": "kVA",
    "basic_demand": "kW",
    "basic_demand_over": "kW",
}
"""What the lines of a basic charge count."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a line is priced, adjusted and taxed by: days that agree in it share a line."""

    price: Decimal
    """Yuan a month for a kVA or a kW."""
    terms: BasicTerms
    adjusted_as: tuple[bool, float | None, str | None]
    taxed_as: tuple[Decimal, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some days of a month at one rate."""

    owner: Segment
    """The first segment that has them."""
    rate: Rate
    days: int
    of_days: int


def basic_price(terms: BasicTerms, kind: BasicCharge | None) -> Decimal | None:
    """Return the price of a kind of basic charge; None where the terms have none."""
    return terms.capacity_price if kind == BasicCharge.CAPACITY else terms.demand_price


def parts_of(
    month: BillingMonth, days: Sequence[RunningDay], beside: Sequence[RunningDay] = ()
) -> Iterator[Part]:
    """Yield the parts that days make, by rate.

    All days of the bill's month, those beside them included, are one month; fewer are as many
    ``days_of_month``-ths, and so are those of a period that is longer than the month.

    Args:
        month: The billing month.
        days: Days that are charged for.
        beside: Other days that are charged for the same use otherwise: by another demand or kind.
    """
    beyond = days_beyond(month)
    for is_beyond in (False, True):
        these = [day for day in days if (day.day in beyond) is is_beyond]
        others = sum((day.day in beyond) is is_beyond for day in beside)
        yield from _by_rate(month, these, is_whole=len(these) + others == whole_days(month))


def _by_rate(month: BillingMonth, days: Sequence[RunningDay], *, is_whole: bool) -> Iterator[Part]:
    counts: dict[Rate, list[Segment]] = defaultdict(list)
    for day in days:
        rate = _rate_of(day.segment)
        if rate is not None:
            counts[rate].append(day.segment)
    for rate, owners in counts.items():
        of_days = whole_days(month) if is_whole else rate.terms.days_of_month
        yield Part(owner=owners[0], rate=rate, days=len(owners), of_days=of_days)


def basic_line(item: str, part: Part, quantity: Decimal, price: Decimal, basis: Mapping[str, Json]) -> Priced:
    """Return a line of the basic charge; ``price`` is that of a month."""
    tariff = part.owner.tariff
    line = BillLine(
        item=item,
        quantity=quantity,
        unit=UNITS[item],
        price=price,
        days=part.days,
        of_days=part.of_days,
        amount=amount_of(tariff, quantity, price, part.days, part.of_days),
        basis={"tariff": tariff.id, **basis},
    )
    return Priced(line=line, segment=part.owner.number, power_factor=part.rate.terms.power_factor)


def _rate_of(segment: Segment) -> Rate | None:
    contract, tariff = segment.contract, segment.tariff
    price = None if tariff.basic is None else basic_price(tariff.basic, contract.basic_charge)
    if tariff.basic is None or price is None:
        return None
    return Rate(
        price=price,
        terms=tariff.basic,
        adjusted_as=(tariff.power_factor, contract.power_factor_standard, contract.category),
        taxed_as=(tariff.tax_percent, tariff.tax_included),
    )
