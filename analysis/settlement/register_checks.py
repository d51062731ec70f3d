"""What the registers of a month say against it: running back, export, estimates, sums of intervals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from analysis.settlement.allocation import SlotMap
from analysis.settlement.bill import BillFinding, TieOut
from analysis.settlement.billing_month import BillingMonth, RegisterPair, RegisterSource
from analysis.settlement.codes import Code, finding, refusal
from analysis.settlement.metered import TOTAL
from analysis.settlement.rounding import rounded
from pipeline.quantities import Quantity

EXPORT_SHARE = Decimal("0.001")
"""Energy back to the network below this part of what was drawn is told, not refused."""
SUM_STEPS = 2
SUM_SHARE = Decimal("0.001")
"""Registers and intervals may differ by two steps times the factor, or by 0.1 % (validation's sum check)."""


def register_findings(month: BillingMonth, registers: Sequence[RegisterPair]) -> list[BillFinding]:
    """Return what stands against the registers alone."""
    found: list[BillFinding] = []
    for pair in registers:
        about: dict[str, object] = {"meter": pair.meter, "register": pair.quantity}
        if pair.counted < 0:
            found.append(
                refusal(
                    Code.RAN_BACK,
                    opening=pair.opening.value,
                    closing=pair.closing.value,
                    at=pair.closing.at,
                    **about,
                )
            )
        found += [
            finding(Code.REGISTER_ESTIMATED, value=end.value, at=end.at, **about)
            for end in (pair.opening, pair.closing)
            if end.source == RegisterSource.ESTIMATED
        ]
    return [*found, *_export(month, registers)]


def _export(month: BillingMonth, registers: Sequence[RegisterPair]) -> list[BillFinding]:
    if any(terms.contract.generation for terms in month.terms):
        return []
    exported = _of(registers, Quantity.ACTIVE_ENERGY_EXPORT)
    if exported <= 0:
        return []
    tell = refusal if exported > EXPORT_SHARE * _of(registers, TOTAL) else finding
    return [tell(Code.EXPORT_ON_CONSUMER, what=month.service_point, kwh=exported)]


def _of(registers: Sequence[RegisterPair], quantity: str) -> Decimal:
    return sum((pair.energy for pair in registers if pair.quantity == quantity), Decimal(0))


def tie_out(
    month: BillingMonth, registers: Sequence[RegisterPair], metered_kwh: Decimal, slots: SlotMap
) -> tuple[TieOut | None, list[BillFinding]]:
    """Return registers against intervals, and a finding where they differ by more than the tolerance."""
    if month.intervals is None:
        return None, []
    total, negative = slots.total()
    steps = sum(
        (SUM_STEPS * pair.step * pair.factor for pair in registers if pair.quantity == TOTAL), Decimal(0)
    )
    tied = TieOut(
        register_kwh=metered_kwh,
        interval_kwh=None if total is None else rounded(Decimal(str(total)), 3),
        tolerance_kwh=max(steps, SUM_SHARE * abs(metered_kwh)),
    )
    found = []
    if negative:
        found.append(refusal(Code.INTERVALS_NEGATIVE, slots=negative, of=len(month.intervals.import_kwh)))
    if tied.holds is False:
        found.append(
            finding(
                Code.INTERVALS_DO_NOT_TIE_OUT,
                register_kwh=tied.register_kwh,
                interval_kwh=tied.interval_kwh,
                tolerance_kwh=tied.tolerance_kwh,
            )
        )
    return tied, found
