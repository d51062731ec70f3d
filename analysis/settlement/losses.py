"""Losses of a customer's own transformer (铁损, 铜损), added where its low side is metered (高供低计)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.codes import Code, plain, refusal
from analysis.settlement.rounding import rounded
from analysis.settlement.segments import Segment
from pipeline.archive_records import MeteringSide, Transformer
from pipeline.model import Json
from pipeline.tariff import LossTerms

HUNDRED = Decimal(100)
_SECONDS_OF_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Losses of one segment."""

    kwh: Decimal = Decimal(0)
    kvarh: Decimal = Decimal(0)
    basis: Mapping[str, Json] = field(default_factory=dict, hash=False)
    findings: Sequence[BillFinding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """A running transformer: its plate, and for how long."""

    kva: Decimal
    hours: Decimal
    no_load_kw: Decimal
    load_kw: Decimal
    no_load_current_percent: Decimal
    impedance_percent: Decimal


def losses_of(month: BillingMonth, segment: Segment, kwh: Decimal, kvarh: Decimal) -> Losses:
    """Return what the transformers lost in a segment.

    Iron: the sum of P0 x hours, and of I0/100 x S x hours reactive. Copper: a share of the energy where the
    tariff gives one; else K_T x b^2 x the sum of Pk x hours, and of Uk/100 x S x hours reactive, where b is
    the mean load rate sqrt(kWh^2 + kvarh^2) / sum of S x hours. Formulae: GB/T 13462 (变压器经济运行), to be
    confirmed.

    Args:
        month: The billing month: transformers and suspensions.
        segment: The segment.
        kwh: Active energy that the meter on the low side counted in it.
        kvarh: Reactive energy in it, lagging plus leading.
    """
    if segment.contract.metering_side != MeteringSide.LOW:
        return Losses()
    terms = segment.tariff.losses
    if terms is None:
        return Losses(findings=[refusal(Code.LOSS_TERMS_MISSING, tariff=segment.tariff.id)])
    plates = sorted(
        (t for t in month.transformers if t.service_point in {None, month.service_point}), key=lambda t: t.id
    )
    lacking = _lacking(plates, terms, reactive=segment.tariff.power_factor)
    if lacking:
        about = {"service_point": month.service_point, "what": lacking}
        return Losses(findings=[refusal(Code.TRANSFORMER_UNKNOWN, **about)])
    units = [_unit(month, segment, plate) for plate in plates]
    return _worked_out(segment, terms, units, kwh, kvarh)


def _worked_out(
    segment: Segment, terms: LossTerms, units: Sequence[_Unit], kwh: Decimal, kvarh: Decimal
) -> Losses:
    kva_hours = sum((u.kva * u.hours for u in units), Decimal(0))
    squares = (kwh * kwh + kvarh * kvarh) / kva_hours**2 if kva_hours else Decimal(0)
    swing = terms.load_fluctuation * squares
    iron = sum((u.no_load_kw * u.hours for u in units), Decimal(0))
    iron_kvarh = sum((u.no_load_current_percent / HUNDRED * u.kva * u.hours for u in units), Decimal(0))
    if terms.copper_percent is not None:
        copper = kwh * terms.copper_percent / HUNDRED
    else:
        copper = swing * sum((u.load_kw * u.hours for u in units), Decimal(0))
    if terms.copper_reactive_percent is not None:
        copper_kvarh = kwh * terms.copper_reactive_percent / HUNDRED
    else:
        copper_kvarh = swing * sum(
            (u.impedance_percent / HUNDRED * u.kva * u.hours for u in units), Decimal(0)
        )
    decimals = segment.tariff.kwh_decimals
    parts = {
        "iron_kwh": rounded(iron, decimals),
        "copper_kwh": rounded(copper, decimals),
        "iron_kvarh": rounded(iron_kvarh, decimals),
        "copper_kvarh": rounded(copper_kvarh, decimals),
    }
    return Losses(
        kwh=parts["iron_kwh"] + parts["copper_kwh"],
        kvarh=parts["iron_kvarh"] + parts["copper_kvarh"],
        basis={
            "kva_hours": plain(rounded(kva_hours, 2)),
            "mean_load_rate": plain(rounded(squares.sqrt(), 6)),
            **{name: plain(value) for name, value in parts.items()},
        },
    )


def _unit(month: BillingMonth, segment: Segment, plate: Transformer) -> _Unit:
    return _Unit(
        kva=_decimal(plate.capacity_kva),
        hours=_hours(month, segment, plate),
        no_load_kw=_decimal(plate.no_load_loss_kw),
        load_kw=_decimal(plate.load_loss_kw),
        no_load_current_percent=_decimal(plate.no_load_current_percent),
        impedance_percent=_decimal(plate.impedance_percent),
    )


def _decimal(value: float | None) -> Decimal:
    return Decimal(0) if value is None else Decimal(str(value))


def _hours(month: BillingMonth, segment: Segment, plate: Transformer) -> Decimal:
    """Return the hours under voltage: a unit at rest, or any while the whole point rests, loses nothing."""
    resting: list[tuple[datetime, datetime]] = []
    for rest in month.suspensions:
        if plate.id in rest.transformers or (not rest.transformers and rest.remaining_kva <= 0):
            begins = max(rest.starts_at, segment.starts_at)
            ends = segment.ends_at if rest.ends_at is None else min(rest.ends_at, segment.ends_at)
            if begins < ends:
                resting.append((begins, ends))
    seconds = (segment.ends_at - segment.starts_at).total_seconds()
    reached = segment.starts_at
    for begins, ends in sorted(resting):
        if ends > reached:
            seconds -= (ends - max(begins, reached)).total_seconds()
            reached = ends
    return Decimal(str(seconds)) / _SECONDS_OF_HOUR


def _lacking(plates: Sequence[Transformer], terms: LossTerms, *, reactive: bool) -> str:
    """Name what of the plates is not filed and needed; empty if nothing."""
    if not plates:
        return "transformer"
    needed = ["no_load_loss_kw"]
    by_plate = terms.copper_percent is None
    if by_plate:
        needed += ["capacity_kva", "load_loss_kw"]
    if reactive:
        needed += ["capacity_kva", "no_load_current_percent"]
        if terms.copper_reactive_percent is None:
            needed += ["impedance_percent"]
    return ", ".join(
        f"{plate.id}.{name}"
        for plate in plates
        for name in dict.fromkeys(needed)
        if getattr(plate, name) is None
    )
