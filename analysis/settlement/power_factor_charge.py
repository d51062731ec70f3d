"""The power-factor adjustment (力调电费): of what, by which standard, by how many percent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.power_factor import (
    LEAST_STANDARD_KVA,
    PowerFactorStandard,
    adjustment_percent,
    standard_named,
    standard_of,
)
from analysis.settlement.bill import BillFinding, BillLine
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, finding, plain, refusal
from analysis.settlement.priced import Priced, Step, amount_of, unit_of_money
from analysis.settlement.rounding import rounded
from analysis.settlement.segments import Segment

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPowerFactor:
    """A month's power factor and the energies that it follows from, losses included."""

    value: Decimal | None
    """P / sqrt(P^2 + Q^2) rounded half up to 0.01; None without active energy."""
    kwh: Decimal
    lagging_kvarh: Decimal
    leading_kvarh: Decimal
    registers: frozenset[int]


def power_factor_of(
    kwh: Decimal, lagging_kvarh: Decimal, leading_kvarh: Decimal, registers: frozenset[int] = frozenset()
) -> MonthPowerFactor:
    """Return a month's power factor; Q is lagging plus leading reactive energy."""
    reactive = lagging_kvarh + leading_kvarh
    apparent = (kwh * kwh + reactive * reactive).sqrt()
    return MonthPowerFactor(
        value=rounded(kwh / apparent, 2) if kwh > 0 else None,
        kwh=kwh,
        lagging_kvarh=lagging_kvarh,
        leading_kvarh=leading_kvarh,
        registers=registers,
    )


def power_factor_charge(
    month: BillingMonth, segments: Sequence[Segment], lines: Sequence[Priced], factor: MonthPowerFactor | None
) -> Step:
    """Return a line for each standard: percent of the amounts that the tariff lets it adjust.

    Args:
        month: The billing month.
        segments: Its segments.
        lines: What was priced so far.
        factor: Its power factor; None where the reactive registers are missing.
    """
    adjusted = [segment for segment in segments if segment.tariff.power_factor]
    if not adjusted:
        return Step()
    findings: list[BillFinding] = []
    standards: dict[float, tuple[PowerFactorStandard, list[Segment]]] = {}
    for segment in adjusted:
        standard = _standard(month, segment, findings)
        if standard is not None:
            standards.setdefault(standard.value, (standard, []))[1].append(segment)
    if standards and factor is None:
        findings.append(refusal(Code.REACTIVE_MISSING, what=month.service_point))
    if factor is not None and factor.value is None and factor.lagging_kvarh + factor.leading_kvarh:
        kvarh = factor.lagging_kvarh + factor.leading_kvarh
        findings.append(finding(Code.NO_ACTIVE_ENERGY, what=month.service_point, kvarh=kvarh))
    if factor is None or factor.value is None:
        return Step(findings=findings)
    found = [_line(standard, those, lines, factor) for standard, those in standards.values()]
    return Step(lines=found, findings=findings)


def _standard(
    month: BillingMonth, segment: Segment, findings: list[BillFinding]
) -> PowerFactorStandard | None:
    """Return a segment's standard; None where there is none, with a finding where that is not certain."""
    contract = segment.contract
    if contract.power_factor_standard is not None:
        named = standard_named(contract.power_factor_standard)
        if named is None:
            findings.append(_unknown(month, f"power_factor_standard {contract.power_factor_standard:g}"))
        return named
    by_class = standard_of(contract)
    small = contract.capacity_kva is not None and contract.capacity_kva < LEAST_STANDARD_KVA
    lacking = "category" if contract.category is None else "capacity_kva"
    known = contract.category is not None and contract.capacity_kva is not None
    if by_class is None and not small and not known:
        findings.append(_unknown(month, lacking))
    return by_class


def _unknown(month: BillingMonth, what: str) -> BillFinding:
    return refusal(Code.POWER_FACTOR_STANDARD_UNKNOWN, service_point=month.service_point, what=what)


def _line(
    standard: PowerFactorStandard,
    segments: Sequence[Segment],
    lines: Sequence[Priced],
    factor: MonthPowerFactor,
) -> Priced:
    numbers = {segment.number for segment in segments}
    adjusted = [priced.line for priced in lines if priced.power_factor and priced.segment in numbers]
    amount = sum((line.amount for line in adjusted), Decimal(0))
    percent = Decimal(0)
    if factor.value is not None:
        percent = Decimal(str(adjustment_percent(standard, float(factor.value))))
    tariff = segments[0].tariff
    line = BillLine(
        item="power_factor",
        quantity=amount,
        unit=unit_of_money(tariff),
        price=percent / HUNDRED,
        amount=amount_of(tariff, amount, percent / HUNDRED),
        basis={
            "kwh": plain(factor.kwh),
            "lagging_kvarh": plain(factor.lagging_kvarh),
            "leading_kvarh": plain(factor.leading_kvarh),
            "power_factor": plain(factor.value),
            "standard": standard.value,
            "percent": plain(percent),
            "applies_to": ", ".join(dict.fromkeys(line.item for line in adjusted)),
            "source": standard.source,
        },
        registers=sorted(factor.registers),
    )
    return Priced(line=line, segment=segments[0].number, power_factor=False)
