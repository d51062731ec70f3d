"""The basic charge by capacity (按容量计收): in layers, so that what ran all month costs one month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from analysis.settlement.basic_rates import Part, basic_line, parts_of
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, plain, refusal
from analysis.settlement.priced import Step
from analysis.settlement.running_capacity import RunningDay, capacity_of
from pipeline.model import Json


def capacity_charge(
    month: BillingMonth, days: Sequence[RunningDay], by_demand: Sequence[RunningDay] = ()
) -> Step:
    """Return lines for what ran, and for what rested where the terms charge a part of that.

    Args:
        month: The billing month.
        days: Days on which the basic charge counts by capacity.
        by_demand: The month's other days, those charged by demand.
    """
    unknown = sorted({day.segment.tariff.id for day in days if capacity_of(month, day.segment) is None})
    findings = [refusal(Code.CAPACITY_UNKNOWN, what=month.service_point, tariff=tariff) for tariff in unknown]
    rested = sorted({name for day in days for name in day.suspensions})
    basis: dict[str, Json] = {"suspensions": rested} if rested else {}
    lines = [
        basic_line("basic_capacity", part, kva, part.rate.price, basis)
        for kva, part in _layers(month, [(day, day.running_kva or Decimal(0)) for day in days], by_demand)
    ]
    for kva, part in _layers(month, [(day, day.resting_kva) for day in days], by_demand):
        share = part.rate.terms.resting_share
        if share:
            price = part.rate.price * share
            shared = {**basis, "resting_share": plain(share)}
            lines.append(basic_line("basic_resting", part, kva, price, shared))
    return Step(lines=lines, findings=findings)


def _layers(
    month: BillingMonth, capacities: Sequence[tuple[RunningDay, Decimal]], by_demand: Sequence[RunningDay]
) -> Iterator[tuple[Decimal, Part]]:
    """Yield the layers of a capacity that varies from day to day: the lowest on the most days.

    So only what was not there all month is charged by days.
    """
    levels = sorted({kva for _, kva in capacities if kva > 0})
    for low, high in zip([Decimal(0), *levels], levels, strict=False):
        for part in parts_of(month, [day for day, kva in capacities if kva >= high], by_demand):
            yield high - low, part
