"""The basic charge by demand (按需量计收): what was agreed or drawn, and what exceeds the contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from analysis.settlement.basic_rates import Part, basic_line, parts_of
from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, finding, plain, refusal
from analysis.settlement.demand import (
    BilledDemand,
    PartDemand,
    actual_demand,
    billed_demand,
    demand_price_factor,
    demands_elsewhen,
    part_demand,
)
from analysis.settlement.priced import Priced, Step
from analysis.settlement.rounding import rounded
from analysis.settlement.running_capacity import RunningDay, capacity_of
from analysis.settlement.segments import Segment
from pipeline.model import Json
from pipeline.tariff import LeastOf


def demand_charge(
    month: BillingMonth, days: Sequence[RunningDay], kwh: Decimal, by_capacity: Sequence[RunningDay] = ()
) -> Step:
    """Return a line for each agreed demand and rate, and one for what was drawn above it.

    What was drawn while a demand was agreed counts for it; days on which everything rested are not charged.

    Args:
        month: The billing month.
        days: Days on which the basic charge counts by demand.
        kwh: The month's energy, for the share of use that makes demand cheaper.
        by_capacity: The month's other days, those charged by capacity.
    """
    if not days:
        return Step()
    findings = _of_the_month(month)
    used = [day for day in days if not day.rests]
    agreed: dict[tuple[Decimal | None, Decimal | None], list[RunningDay]] = defaultdict(list)
    for day in used:
        agreed[_agreed(day.segment), _capacity_of_least(month, day)].append(day)
    capacities = [capacity_of(month, day.segment) for day in used]
    largest = max((kva for kva in capacities if kva is not None), default=None)
    lines: list[Priced] = []
    for (agreed_kw, capacity), those in agreed.items():
        drawn = part_demand(month, _stretches([day for day in days if _agreed(day.segment) == agreed_kw]))
        terms = those[0].segment.tariff.basic
        if not findings and terms is not None:
            findings += _of_a_part(month, those, drawn, billed_demand(terms, None, agreed_kw, capacity))
        mine = {day.day for day in those}
        beside = [day for day in (*used, *by_capacity) if day.day not in mine]
        for part in parts_of(month, those, beside):
            lines += _lines(month, part, (agreed_kw, capacity), (kwh, largest), drawn.kw)
    return Step(lines=lines, findings=findings)


def _of_the_month(month: BillingMonth) -> list[BillFinding]:
    elsewhen = [
        refusal(Code.DEMAND_OUTSIDE_MONTH, meter=reading.meter, kw=reading.kw, at=reading.at)
        for reading in demands_elsewhen(month)
    ]
    if elsewhen or actual_demand(month) is not None:
        return elsewhen
    return [refusal(Code.DEMAND_MISSING, what=month.service_point)]


def _of_a_part(
    month: BillingMonth, days: Sequence[RunningDay], drawn: PartDemand, agreed: BilledDemand | None
) -> list[BillFinding]:
    """Tell of a demand out of intervals; refuse one that is not known and might exceed what was agreed."""
    if drawn.shown is not None:
        return [finding(Code.DEMAND_FROM_INTERVALS, kw=drawn.shown.kw, at=drawn.shown.at)]
    terms = days[0].segment.tariff.basic
    allowed = None if agreed is None or terms is None else agreed.kw * terms.over_share
    within = allowed is not None and drawn.at_most_kw is not None and drawn.at_most_kw <= allowed
    if drawn.kw is not None or within:
        return []
    what = f"{month.service_point} {days[0].day.isoformat()}..{days[-1].day.isoformat()}"
    return [refusal(Code.DEMAND_MISSING, what=what)]


def _stretches(days: Sequence[RunningDay]) -> list[tuple[datetime, datetime]]:
    """Return from when to when segments hold, those that follow each other as one."""
    found: list[tuple[datetime, datetime]] = []
    for segment in {day.segment.number: day.segment for day in days}.values():
        if found and found[-1][1] == segment.starts_at:
            found[-1] = found[-1][0], segment.ends_at
        else:
            found.append((segment.starts_at, segment.ends_at))
    return found


def _lines(
    month: BillingMonth,
    part: Part,
    agreed: tuple[Decimal | None, Decimal | None],
    use: tuple[Decimal, Decimal | None],
    actual: Decimal | None,
) -> Iterator[Priced]:
    """Yield the lines of one part, for a demand and a capacity agreed, and an energy by a capacity used."""
    terms = part.rate.terms
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


def _capacity_of_least(month: BillingMonth, day: RunningDay) -> Decimal | None:
    """Return the capacity that the least demand of a day is a share of."""
    terms = day.segment.tariff.basic
    if terms is not None and terms.least_of is LeastOf.RUNNING and day.running_kva is not None:
        return day.running_kva
    return capacity_of(month, day.segment)


def _agreed(segment: Segment) -> Decimal | None:
    agreed = segment.contract.contract_demand_kw
    return None if agreed is None else Decimal(str(agreed))
