"""The basic charge by demand (按需量计收): what was agreed or drawn, and what exceeds the contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from analysis.settlement.basic_rates import Part, basic_line, parts_of
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, plain, refusal
from analysis.settlement.demand import actual_demand, billed_demand, demand_price_factor
from analysis.settlement.priced import Priced, Step
from analysis.settlement.rounding import rounded
from analysis.settlement.running_capacity import RunningDay, capacity_of
from analysis.settlement.segments import Segment
from pipeline.model import Json


def demand_charge(
    month: BillingMonth, days: Sequence[RunningDay], kwh: Decimal, by_capacity: int = 0
) -> Step:
    """Return a line for each agreed demand and rate, and one for what was drawn above it.

    The month's demand counts for each contract within it; days on which everything rested are not charged.

    Args:
        month: The billing month.
        days: Days on which the basic charge counts by demand.
        kwh: The month's energy, for the share of use that makes demand cheaper.
        by_capacity: How many of the month's other days are charged by capacity.
    """
    if not days:
        return Step()
    known = actual_demand(month) is not None
    findings = [] if known else [refusal(Code.DEMAND_MISSING, what=month.service_point)]
    used = [day for day in days if not day.rests]
    charged = len(used) + by_capacity
    agreed: dict[tuple[Decimal | None, Decimal | None], list[RunningDay]] = defaultdict(list)
    for day in used:
        agreed[_agreed(day.segment), capacity_of(month, day.segment)].append(day)
    largest = max((kva for _, kva in agreed if kva is not None), default=None)
    lines = [
        line
        for (agreed_kw, capacity), those in agreed.items()
        for part in parts_of(month, those, charged - len(those))
        for line in _lines(month, part, (agreed_kw, capacity), (kwh, largest))
    ]
    return Step(lines=lines, findings=findings)


def _lines(
    month: BillingMonth,
    part: Part,
    agreed: tuple[Decimal | None, Decimal | None],
    use: tuple[Decimal, Decimal | None],
) -> Iterator[Priced]:
    """Yield the lines of one part, for a demand and a capacity agreed, and an energy by a capacity used."""
    terms, actual = part.rate.terms, actual_demand(month)
    billed = billed_demand(terms, actual, *agreed)
    if billed is None:
        return
    factor, kwh_per_kva = demand_price_factor(terms, *use)
    price = part.rate.price * factor
    basis: dict[str, Json] = {
        "actual_kw": None if actual is None else plain(rounded(actual, terms.kw_decimals)),
        "agreed_kw": plain(agreed[0]),
        "readings": _readings(month),
        "month_price": plain(part.rate.price),
    }
    if billed.least_kw is not None:
        basis["least_kw"] = plain(billed.least_kw)
    if kwh_per_kva is not None:
        basis.update({"kwh_per_kva": plain(rounded(kwh_per_kva, 2)), "price_factor": plain(factor)})
    yield basic_line("basic_demand", part, rounded(billed.kw, terms.kw_decimals), price, basis)
    over = rounded(billed.over_kw, terms.kw_decimals)
    if over:
        more: Mapping[str, Json] = {
            "over_share": plain(terms.over_share),
            "over_factor": plain(terms.over_factor),
        }
        yield basic_line("basic_demand_over", part, over, price * terms.over_factor, {**basis, **more})


def _readings(month: BillingMonth) -> list[str]:
    """Return the demands that meters kept, as a person would write them down."""
    return sorted(
        f"{r.meter}: {r.kw:f} kW x {r.factor * r.sign:f}" + ("" if r.at is None else f", {r.at.isoformat()}")
        for r in month.demands
    )


def _agreed(segment: Segment) -> Decimal | None:
    agreed = segment.contract.contract_demand_kw
    return None if agreed is None else Decimal(str(agreed))
