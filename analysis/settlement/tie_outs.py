"""Registers of a month against its intervals: what those that are known let the registers have counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from analysis.settlement.allocation import KnownSlots, SlotMap
from analysis.settlement.bill import BillFinding, TieOut
from analysis.settlement.bill_levels import tie_out_levels
from analysis.settlement.billing_month import BillingMonth, RegisterPair
from analysis.settlement.codes import Code, finding, refusal
from analysis.settlement.metered import LEAST_KNOWN, RATE, TOTAL
from analysis.settlement.rounding import rounded

KWH_DECIMALS = 3
MOST_OF_LARGEST = 2
"""Where nearly all slots are known, one that is missing used at most so many times the largest of them."""


def tie_out(
    month: BillingMonth, registers: Sequence[RegisterPair], metered_kwh: Decimal, slots: SlotMap
) -> tuple[TieOut | None, list[BillFinding]]:
    """Return registers against intervals, and a finding where they differ by more than the tolerance.

    The registers stay the bill; far apart, one of both is wrong, and the bill is refused. Where slots are
    missing, the registers may lie anywhere between what the known ones come to and what the meters could have
    counted on top of it.
    """
    if month.intervals is None:
        return None, []
    levels = tie_out_levels()
    known = slots.known()
    steps = sum(
        (levels.register_steps * pair.step * pair.factor for pair in registers if pair.quantity == TOTAL),
        Decimal(0),
    )
    known_kwh = rounded(Decimal(str(known.kwh)), KWH_DECIMALS)
    tied = TieOut(
        register_kwh=metered_kwh,
        interval_kwh=None if known.missing else known_kwh,
        tolerance_kwh=max(steps, levels.told_share * abs(metered_kwh)),
    )
    found = []
    if known.below_zero:
        found.append(
            refusal(Code.INTERVALS_NEGATIVE, slots=known.below_zero, of=len(month.intervals.import_kwh))
        )
    if any(pair.counted < 0 for pair in _active(registers)):
        return tied, found  # what ran back counts nothing: there is no sum to compare
    least, most = (known_kwh + more for more in _missing_kwh(month, registers, known, slots))
    apart = max(least - metered_kwh, metered_kwh - most)
    if apart > tied.tolerance_kwh:
        tell = refusal if apart > max(steps, levels.refused_share * abs(metered_kwh)) else finding
        found.append(
            tell(
                Code.REGISTERS_BEYOND_INTERVALS,
                register_kwh=metered_kwh,
                known_kwh=known_kwh,
                slots=known.missing,
                of=known.slots,
                least_kwh=least,
                most_kwh=most,
            )
            if known.missing
            else tell(
                Code.INTERVALS_DO_NOT_TIE_OUT,
                register_kwh=metered_kwh,
                interval_kwh=known_kwh,
                tolerance_kwh=tied.tolerance_kwh,
            )
        )
    return tied, found


def _missing_kwh(
    month: BillingMonth, registers: Sequence[RegisterPair], known: KnownSlots, slots: SlotMap
) -> tuple[Decimal, Decimal]:
    """Return the least and the most that slots without energy can have used together, primary side."""
    if not known.missing:
        return Decimal(0), Decimal(0)
    least, most = Decimal(0), Decimal(0)
    for sign, kwh in _possible(month, registers, slots):
        least, most = (least + kwh, most) if sign < 0 else (least, most + kwh)
    if known.missing <= (1 - LEAST_KNOWN) * known.slots:
        usual = Decimal(str(MOST_OF_LARGEST * known.largest * known.missing))
        least, most = min(least, usual), min(most, usual)
    return -_told(least), _told(most)


def _told(kwh: Decimal) -> Decimal:
    """Return an energy as it is told; what nothing bounds stays so."""
    return rounded(kwh, KWH_DECIMALS) if kwh.is_finite() else kwh


def _possible(
    month: BillingMonth, registers: Sequence[RegisterPair], slots: SlotMap
) -> Iterator[tuple[int, Decimal]]:
    """Yield each meter's sign and the most that it can have counted in missing slots; infinite if unknown."""
    stretches = {
        (pair.meter, pair.opening.at, pair.closing.at, pair.factor, pair.sign) for pair in _active(registers)
    }
    for meter, starts_at, ends_at, factor, sign in sorted(stretches):
        most = month.most_per_hour.get(meter, Decimal("Infinity"))
        hours = Decimal(str(slots.missing_hours(starts_at, ends_at)))
        if hours:
            yield sign, most * factor * hours


def _active(registers: Sequence[RegisterPair]) -> list[RegisterPair]:
    """Return each meter's total, or its rates where it has none."""
    whole = {pair.meter for pair in registers if pair.quantity == TOTAL}
    return [
        pair
        for pair in registers
        if pair.quantity == TOTAL or (pair.quantity.startswith(RATE) and pair.meter not in whole)
    ]
