"""From what registers counted to what is billed: losses added, energies rounded, the power factor of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.allocation import Cell
from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, refusal
from analysis.settlement.losses import losses_of
from analysis.settlement.metered import Metered
from analysis.settlement.power_factor_charge import MonthPowerFactor, power_factor_of
from analysis.settlement.priced import Billed
from analysis.settlement.reactive import Reactive
from analysis.settlement.rounding import rounded, shares
from analysis.settlement.segments import Segment
from pipeline.tariff import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledMonth:
    """The energies of a month as they are billed."""

    billed: Billed
    power_factor: MonthPowerFactor | None
    """None where no register counts lagging reactive energy."""
    findings: Sequence[BillFinding]


def billed_month(
    month: BillingMonth, segments: Sequence[Segment], metered: Metered, reactive: Reactive
) -> BilledMonth:
    """Return what is billed of what was metered; losses are shared among periods as their energies are."""
    findings: list[BillFinding] = list(reactive.findings)
    kwh: dict[Cell, Decimal] = {}
    added: dict[Cell, Decimal] = {}
    lost_kvarh = Decimal(0)
    for segment in segments:
        mine = _rounded(segment, metered, findings)
        energy = sum(mine.values(), Decimal(0))
        losses = losses_of(month, segment, energy, reactive.by_segment.get(segment.number, Decimal(0)))
        findings += losses.findings
        lost_kvarh += losses.kvarh if segment.tariff.power_factor else Decimal(0)
        shared = _shared(segment, losses.kwh, mine)
        kwh.update(
            {cell: mine.get(cell, Decimal(0)) + shared.get(cell, Decimal(0)) for cell in {**mine, **shared}}
        )
        added.update(shared)
    billed = Billed(kwh=kwh, losses=added, registers=metered.registers, allocated=metered.allocated)
    lagging = reactive.lagging_kvarh
    factor = None
    adjusted = [segment.number for segment in segments if segment.tariff.power_factor]
    if lagging is not None:
        factor = power_factor_of(
            sum((billed.of_segment(number) for number in adjusted), Decimal(0)) if adjusted else billed.total,
            lagging + lost_kvarh,
            reactive.leading_kvarh,
            reactive.registers | frozenset(i for used in metered.registers.values() for i in used),
        )
    return BilledMonth(billed=billed, power_factor=factor, findings=findings)


def _rounded(segment: Segment, metered: Metered, findings: list[BillFinding]) -> dict[Cell, Decimal]:
    """Return a segment's cells, rounded; one below zero, after sub-meters, is refused and counts nothing."""
    found = {}
    for period in Period:
        cell = (segment.number, period)
        if cell not in metered.kwh:
            continue
        kwh = rounded(metered.kwh[cell], segment.tariff.kwh_decimals)
        if kwh < 0:
            findings.append(refusal(Code.NEGATIVE_ENERGY, period=period.value, kwh=kwh))
            kwh = Decimal(0)
        found[cell] = kwh
    return found


def _shared(segment: Segment, losses: Decimal, cells: dict[Cell, Decimal]) -> dict[Cell, Decimal]:
    if not losses:
        return {}
    weighed = {cell: kwh for cell, kwh in cells.items() if kwh} or {(segment.number, Period.FLAT): Decimal(1)}
    parts = shares(losses, [float(kwh) for kwh in weighed.values()], segment.tariff.kwh_decimals)
    return dict(zip(weighed, parts, strict=True))
