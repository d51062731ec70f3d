"""The basic charge (基本电费) of a two-part tariff, by the kind that the contract chose."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from analysis.settlement.basic_capacity import capacity_charge
from analysis.settlement.basic_demand import demand_charge
from analysis.settlement.basic_rates import basic_price
from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, refusal
from analysis.settlement.priced import Step
from analysis.settlement.running_capacity import running_days, suspension_findings
from analysis.settlement.segments import Segment
from pipeline.contracts import BasicCharge

_SINGLE_PART = {None, BasicCharge.NONE}


def basic_charge(month: BillingMonth, segments: Sequence[Segment], kwh: Decimal) -> Step:
    """Return the lines of the basic charge and what stands against them.

    Args:
        month: The billing month.
        segments: Its segments.
        kwh: Its energy, for the share of use that makes demand cheaper.
    """
    charged = [
        s for s in segments if s.tariff.basic is not None and s.contract.basic_charge not in _SINGLE_PART
    ]
    days = running_days(month, charged)
    by_capacity = [day for day in days if day.segment.contract.basic_charge == BasicCharge.CAPACITY]
    by_demand = [day for day in days if day.segment.contract.basic_charge == BasicCharge.DEMAND]
    capacity = capacity_charge(month, by_capacity, by_demand)
    demand = demand_charge(month, by_demand, kwh, by_capacity)
    suspended = suspension_findings(month, [s.tariff.basic for s in charged if s.tariff.basic is not None])
    return Step(
        lines=[*capacity.lines, *demand.lines],
        findings=[*_term_findings(segments), *suspended, *capacity.findings, *demand.findings],
    )


def _term_findings(segments: Sequence[Segment]) -> list[BillFinding]:
    """Refuse contracts and tariffs that do not fit each other."""
    found = []
    for segment in segments:
        kind, terms = segment.contract.basic_charge, segment.tariff.basic
        about = {"tariff": segment.tariff.id}
        if terms is not None and kind is None:
            found.append(refusal(Code.BASIC_KIND_UNKNOWN, **about))
        if kind not in _SINGLE_PART and (terms is None or basic_price(terms, kind) is None):
            found.append(refusal(Code.BASIC_TERMS_MISSING, kind=kind, **about))
    return found
