"""What the registers of a month say against it: running back, a pace that no meter has, export, estimates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import BillingMonth, Lacking, RegisterPair, RegisterSource
from analysis.settlement.codes import Code, finding, refusal
from analysis.settlement.metered import EDGE_TOLERANCE, RATE, TOTAL
from analysis.settlement.rounding import rounded
from pipeline.quantities import Quantity

EXPORT_SHARE = Decimal("0.001")
"""Energy back to the network below this part of what was drawn is told, not refused."""


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
        found += _too_fast(month, pair)
        found += [
            finding(Code.REGISTER_ESTIMATED, value=end.value, at=end.at, **about)
            for end in (pair.opening, pair.closing)
            if end.source == RegisterSource.ESTIMATED
        ]
    return [*found, *_overlaps(registers), *_export(month, registers), *_below_zero(month, registers)]


def _too_fast(month: BillingMonth, pair: RegisterPair) -> Iterator[BillFinding]:
    """Refuse a register that grew by more than its meter can measure in the time."""
    if pair.meter not in month.most_per_hour:
        return
    time = pair.closing.at - pair.opening.at + EDGE_TOLERANCE
    most = month.most_per_hour[pair.meter] * Decimal(str(time / timedelta(hours=1)))
    if pair.counted > most + pair.step:
        yield refusal(
            Code.GREW_TOO_FAST,
            meter=pair.meter,
            register=pair.quantity,
            opening=pair.opening.value,
            closing=pair.closing.value,
            starts_at=pair.opening.at,
            ends_at=pair.closing.at,
            most=rounded(most, 2),
        )


def _below_zero(month: BillingMonth, registers: Sequence[RegisterPair]) -> Iterator[BillFinding]:
    """Refuse reactive registers that are estimated from intervals below zero, where they price."""
    if not any(terms.tariff.power_factor for terms in month.terms):
        return
    for pair in registers:
        intervals = month.meter_intervals.get(pair.meter)
        if intervals is None or RegisterSource.ESTIMATED not in {pair.opening.source, pair.closing.source}:
            continue
        kvarh = {
            Quantity.REACTIVE_ENERGY_IMPORT: intervals.import_kvarh,
            Quantity.REACTIVE_ENERGY_EXPORT: intervals.export_kvarh,
        }.get(Quantity(pair.quantity))
        slots = 0 if kvarh is None else int((kvarh < 0).sum())
        if slots:
            yield refusal(Code.INTERVALS_NEGATIVE, slots=slots, of=len(intervals.starts_at))


def _overlaps(registers: Sequence[RegisterPair]) -> list[BillFinding]:
    """Refuse a register that counts the same time twice; pairs come by quantity, then by time."""
    found = []
    kinds = {(pair.meter, pair.quantity) for pair in registers}
    for meter, quantity in sorted(kinds):
        mine = [pair for pair in registers if (pair.meter, pair.quantity) == (meter, quantity)]
        for earlier, later in pairwise(mine):
            if earlier.closing.at - later.opening.at > EDGE_TOLERANCE:
                found.append(
                    refusal(
                        Code.REGISTERS_OVERLAP,
                        meter=meter,
                        register=quantity,
                        starts_at=later.opening.at,
                        ends_at=min(earlier.closing.at, later.closing.at),
                    )
                )
    return found


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


def stretches_missing(month: BillingMonth, pairs: Sequence[RegisterPair]) -> list[BillFinding]:
    """Return stretches of the month in which no meter's active registers count, if nobody told of them."""
    spans = sorted(
        (pair.opening.at, pair.closing.at)
        for pair in pairs
        if pair.sign > 0 and (pair.quantity == TOTAL or pair.quantity.startswith(RATE))
    )
    found = []
    reached = month.starts_at
    for starts_at, ends_at in [*spans, (month.ends_at, month.ends_at)]:
        told = any(
            lack.starts_at < starts_at and lack.ends_at > reached
            for lack in month.lacks
            if lack.code in _OF_METERS
        )
        if starts_at - reached > EDGE_TOLERANCE and not told:
            found.append(
                refusal(Code.REGISTER_MISSING, what=month.service_point, starts_at=reached, ends_at=starts_at)
            )
        reached = max(reached, ends_at)
    return found


_OF_METERS = {Lacking.REGISTER, Lacking.CLOSING, Lacking.OPENING, Lacking.RATIO, Lacking.CONFLICT}
