"""Settlement of one service point's month (电费核算): registers, contracts and tariffs in, a bill out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from analysis.settlement.allocation import Cell, SlotMap
from analysis.settlement.basic_charge import basic_charge
from analysis.settlement.bill import Bill, BillFinding
from analysis.settlement.billed_energy import BilledMonth, billed_month
from analysis.settlement.billing_month import BillingMonth, RegisterPair
from analysis.settlement.codes import Code, refusal
from analysis.settlement.energy_charges import energy_charges, fixed_charges, step_charges
from analysis.settlement.market import market_part
from analysis.settlement.metered import metered_energy
from analysis.settlement.power_factor_charge import MonthPowerFactor, power_factor_charge
from analysis.settlement.priced import Priced
from analysis.settlement.reactive import reactive_energy
from analysis.settlement.register_checks import register_findings, stretches_missing
from analysis.settlement.segments import Segment, segments_of, term_findings
from analysis.settlement.tax import interim_lines, tax_of
from analysis.settlement.tie_outs import tie_out
from pipeline.tariff import Period


def settle(month: BillingMonth) -> Bill:
    """Return the bill of a month; the same month gives the same bill, whatever the order of its records.

    Nothing is raised for odd data: a finding says what is missing or estimated, and refuses the bill where it
    must not be given out. The rules are in ``docs/settlement.md``.
    """
    segments = segments_of(month)
    registers = _in_order([pair for pair in month.pairs if _is_known(pair)])
    slots = SlotMap(month, segments)
    metered = metered_energy(month, segments, registers, slots)
    reactive = reactive_energy(segments, registers, metered.given)
    energy = billed_month(month, segments, metered, reactive)
    tied, tie_findings = tie_out(month, registers, metered.total, slots)

    market = market_part(month, segments, energy.billed)
    charges = energy_charges(segments, energy.billed, market.taken)
    priced = [*charges.lines, *market.lines, *step_charges(month, segments, energy.billed)]
    priced, findings = _monthly(month, segments, energy, priced)
    tax = tax_of(segments, priced)
    lines = [item.line for item in [*priced, *tax.lines]]
    interim = interim_lines(month, segments)
    return Bill(
        service_point=month.service_point,
        month=month.month,
        starts_at=month.starts_at,
        ends_at=month.ends_at,
        lines=(*lines, *interim.lines),
        registers=tuple(registers),
        energy_kwh=energy.billed.total,
        energy_by_period=_by_period(energy.billed.kwh),
        power_factor=None if energy.power_factor is None else energy.power_factor.value,
        findings=_unique(
            [
                *_lacks(month),
                *_unknown(month),
                *term_findings(month),
                *stretches_missing(month, registers),
                *register_findings(month, registers),
                *metered.findings,
                *energy.findings,
                *tie_findings,
                *market.findings,
                *charges.findings,
                *findings,
            ]
        ),
        currency=segments[0].tariff.currency if segments else "CNY",
        losses_kwh=sum(energy.billed.losses.values(), Decimal(0)),
        reactive_kvarh=_reactive(energy.power_factor),
        tax=tax.amount - interim.tax,
        tie_out=tied,
    )


def _monthly(
    month: BillingMonth, segments: Sequence[Segment], energy: BilledMonth, priced: list[Priced]
) -> tuple[list[Priced], list[BillFinding]]:
    """Add what a whole month is charged for; an interim bill is for energy alone."""
    if month.energy_only:
        return priced, []
    basic = basic_charge(month, segments, energy.billed.total)
    priced = [*priced, *basic.lines, *fixed_charges(month, segments)]
    adjustment = power_factor_charge(month, segments, priced, energy.power_factor)
    return [*priced, *adjustment.lines], [*basic.findings, *adjustment.findings]


def _in_order(pairs: Sequence[RegisterPair]) -> list[RegisterPair]:
    """Return registers by quantity and time; whatever else differs breaks ties."""
    return sorted(pairs, key=lambda p: (p.quantity, p.opening.at, p.closing.at, p.meter, repr(p)))


def _lacks(month: BillingMonth) -> list[BillFinding]:
    told = sorted(month.lacks, key=lambda lack: (lack.code, lack.what, lack.starts_at))
    return [
        refusal(Code(lack.code), what=lack.what, starts_at=lack.starts_at, ends_at=lack.ends_at)
        for lack in told
    ]


def _is_known(pair: RegisterPair) -> bool:
    return pair.opening.value.is_finite() and pair.closing.value.is_finite()


def _unknown(month: BillingMonth) -> list[BillFinding]:
    """Refuse registers that are no numbers."""
    pairs = _in_order([pair for pair in month.pairs if not _is_known(pair)])
    return [
        refusal(
            Code.REGISTER_MISSING,
            what=f"{pair.meter} {pair.quantity}",
            starts_at=pair.opening.at,
            ends_at=pair.closing.at,
        )
        for pair in pairs
    ]


def _by_period(kwh: Mapping[Cell, Decimal]) -> dict[str, Decimal]:
    found = {
        period.value: sum((part for (_, p), part in kwh.items() if p == period), Decimal(0))
        for period in Period
        if any(p == period for _, p in kwh)
    }
    return {period: part for period, part in found.items() if part}


def _reactive(factor: MonthPowerFactor | None) -> Decimal | None:
    return None if factor is None else factor.lagging_kvarh + factor.leading_kvarh


def _unique(findings: Sequence[BillFinding]) -> tuple[BillFinding, ...]:
    """Return each finding once: what several steps ask for is told by each of them."""
    found: list[BillFinding] = []
    for one in findings:
        if one not in found:
            found.append(one)
    return tuple(found)
