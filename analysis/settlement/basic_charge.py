"""The basic charge (基本电费): by the capacity that ran, or by demand, in parts of a month by days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.bill import BillFinding, BillLine
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, plain, refusal
from analysis.settlement.demand import actual_demand, billed_demand, demand_price_factor
from analysis.settlement.priced import Priced, Step, amount_of
from analysis.settlement.rounding import rounded
from analysis.settlement.running_capacity import RunningDay, capacity_of, running_days, suspension_findings
from analysis.settlement.segments import Segment, whole_days
from pipeline.model import Json
from pipeline.registry import BasicCharge
from pipeline.tariff import BasicTerms


def basic_charge(month: BillingMonth, segments: Sequence[Segment], kwh: Decimal) -> Step:
    """Return the lines of the basic charge.

    What ran, or was agreed, over the whole bill's month costs one month; what did so on some of its days
    costs one ``days_of_month``-th for each of them.

    Args:
        month: The billing month.
        segments: Its segments.
        kwh: Its energy, for the share of use that makes demand cheaper.
    """
    two_part = [s for s in segments if s.contract.basic_charge not in {None, BasicCharge.NONE}]
    findings = _term_findings(segments)
    charged = [s for s in two_part if s.tariff.basic is not None]
    findings += suspension_findings(month, [s.tariff.basic for s in charged if s.tariff.basic is not None])
    days = running_days(month, charged)
    by_capacity = [day for day in days if day.segment.contract.basic_charge == BasicCharge.CAPACITY]
    by_demand = [day for day in days if day.segment.contract.basic_charge == BasicCharge.DEMAND]
    capacity = _capacity_lines(month, by_capacity)
    demand = _demand_lines(month, by_demand, kwh)
    return Step(
        lines=[*capacity.lines, *demand.lines], findings=[*findings, *capacity.findings, *demand.findings]
    )


def _term_findings(segments: Sequence[Segment]) -> list[BillFinding]:
    found = []
    for segment in segments:
        kind, terms = segment.contract.basic_charge, segment.tariff.basic
        about = {"tariff": segment.tariff.id}
        if terms is not None and kind is None:
            found.append(refusal(Code.BASIC_KIND_UNKNOWN, **about))
        if kind in {None, BasicCharge.NONE}:
            continue
        price = None if terms is None else _price(terms, kind == BasicCharge.CAPACITY)
        if price is None:
            found.append(refusal(Code.BASIC_TERMS_MISSING, kind=kind, **about))
    return found


def _price(terms: BasicTerms, by_capacity: bool) -> Decimal | None:  # noqa: FBT001 - which of two prices
    return terms.capacity_price if by_capacity else terms.demand_price


@dataclass(frozen=True, slots=True)
class _Rate:
    """Days of the same rate share a line."""

    price: Decimal
    standard: float | None
    days_of_month: int


def _capacity_lines(month: BillingMonth, days: Sequence[RunningDay]) -> Step:
    """Return lines for what ran, and for what rested where the terms charge a part of that."""
    unknown = sorted({day.segment.tariff.id for day in days if day.running_kva is None})
    findings = [refusal(Code.CAPACITY_UNKNOWN, what=month.service_point, tariff=tariff) for tariff in unknown]
    rested = sorted({name for day in days for name in day.suspensions})
    basis: dict[str, Json] = {"suspensions": rested} if rested else {}
    lines = [
        _line("basic_capacity", owner, kva, "kVA", rate, part, basis)
        for kva, owner, rate, part in _layers(month, [(day, day.running_kva or Decimal(0)) for day in days])
    ]
    for kva, owner, rate, part in _layers(month, [(day, day.resting_kva) for day in days]):
        share = Decimal(0) if owner.tariff.basic is None else owner.tariff.basic.resting_share
        if share:
            shared = {**basis, "resting_share": plain(share)}
            lines.append(_line("basic_resting", owner, kva, "kVA", rate, part, shared, rate.price * share))
    return Step(lines=lines, findings=findings)


def _layers(
    month: BillingMonth, capacities: Sequence[tuple[RunningDay, Decimal]]
) -> Iterator[tuple[Decimal, Segment, _Rate, tuple[int, int]]]:
    """Yield the layers of a capacity that varies from day to day: the lowest on the most days.

    So what was there all month costs one month, and only what was not is charged by days.
    """
    levels = sorted({kva for _, kva in capacities if kva > 0})
    for low, high in zip([Decimal(0), *levels], levels, strict=False):
        there = [day for day, kva in capacities if kva >= high]
        for owner, rate, count, of_days in _by_rate(month, there, by_capacity=True):
            yield high - low, owner, rate, (count, of_days)


def _by_rate(
    month: BillingMonth, ran: Sequence[RunningDay], *, by_capacity: bool
) -> Iterator[tuple[Segment, _Rate, int, int]]:
    """Yield the segment, the rate, the days and of how many they are, for each rate of some days."""
    whole = len(ran) == whole_days(month)
    counts: dict[_Rate, list[Segment]] = defaultdict(list)
    for day in ran:
        terms = day.segment.tariff.basic
        price = None if terms is None else _price(terms, by_capacity)
        if terms is None or price is None:
            continue
        rate = _Rate(price, day.segment.contract.power_factor_standard, terms.days_of_month)
        counts[rate].append(day.segment)
    for rate, owners in counts.items():
        yield owners[0], rate, len(owners), len(ran) if whole else rate.days_of_month


def _demand_lines(month: BillingMonth, days: Sequence[RunningDay], kwh: Decimal) -> Step:
    """Return a line for each agreed demand and rate, and one for what was drawn above it."""
    if not days:
        return Step()
    used = [day for day in days if not day.rests]
    actual = actual_demand(month)
    findings = []
    if actual is None:
        findings.append(refusal(Code.DEMAND_MISSING, what=month.service_point))
    agreed: Mapping[Decimal | None, list[RunningDay]] = defaultdict(list)
    for day in used:
        agreed[_agreed(day.segment)].append(day)
    capacities = [capacity_of(month, day.segment) for day in days]
    whole = len(used) == whole_days(month)
    lines: list[Priced] = []
    for agreed_kw, those in agreed.items():
        for owner, rate, count, of_days in _by_rate(month, those, by_capacity=False):
            terms = owner.tariff.basic
            if terms is None:
                continue
            billed = billed_demand(terms, actual, agreed_kw, capacity_of(month, owner))
            if billed is None:
                continue
            factor, use = demand_price_factor(terms, kwh, capacities)
            basis = {
                "actual_kw": None if actual is None else plain(rounded(actual, terms.kw_decimals)),
                "agreed_kw": plain(agreed_kw),
                "readings": _readings(month),
                "month_price": plain(rate.price),
                **({"least_kw": plain(billed.least_kw)} if billed.least_kw is not None else {}),
                **(
                    {"kwh_per_kva": plain(rounded(use, 2)), "price_factor": plain(factor)}
                    if use is not None
                    else {}
                ),
            }
            part = (count, whole_days(month) if whole else of_days)
            kw = rounded(billed.kw, terms.kw_decimals)
            price = rate.price * factor
            lines.append(_line("basic_demand", owner, kw, "kW", rate, part, basis, price))
            over = rounded(billed.over_kw, terms.kw_decimals)
            if over:
                basis = {
                    **basis,
                    "over_share": plain(terms.over_share),
                    "over_factor": plain(terms.over_factor),
                }
                price *= terms.over_factor
                lines.append(_line("basic_demand_over", owner, over, "kW", rate, part, basis, price))
    return Step(lines=lines, findings=findings)


def _readings(month: BillingMonth) -> list[str]:
    """Return the demands that meters kept, as a person would write them down."""
    return sorted(
        f"{r.meter}: {r.kw:f} kW x {r.factor * r.sign:f}" + ("" if r.at is None else f", {r.at.isoformat()}")
        for r in month.demands
    )


def _agreed(segment: Segment) -> Decimal | None:
    agreed = segment.contract.contract_demand_kw
    return None if agreed is None else Decimal(str(agreed))


def _line(  # noqa: PLR0913, PLR0917 - what a line is made of
    item: str,
    owner: Segment,
    quantity: Decimal,
    unit: str,
    rate: _Rate,
    part: tuple[int, int],
    basis: Mapping[str, Json],
    price: Decimal | None = None,
) -> Priced:
    price = rate.price if price is None else price
    days, of_days = part
    terms = owner.tariff.basic
    line = BillLine(
        item=item,
        quantity=quantity,
        unit=unit,
        price=price,
        days=days,
        of_days=of_days,
        amount=amount_of(owner.tariff, quantity, price, days, of_days),
        basis={"tariff": owner.tariff.id, **basis},
    )
    return Priced(line=line, segment=owner.number, power_factor=terms is not None and terms.power_factor)
