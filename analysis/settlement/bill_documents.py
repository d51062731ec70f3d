"""Bills as JSON objects: what the command prints, what is stored, and what pages and reports show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from analysis.settlement.bill import Bill, BillFinding, BillLine, TieOut
from analysis.settlement.billing_month import (
    BillingMonth,
    Dated,
    DemandReading,
    RegisterEnd,
    RegisterPair,
    RegisterSource,
)
from analysis.settlement.period_days import PeriodDay, period_days
from pipeline.model import Json, MeterId
from pipeline.tariff_periods import PERIODS

Document: TypeAlias = dict[str, Json]
Number: TypeAlias = Callable[[Decimal], Json]


def exact(value: Decimal) -> str:
    """Return a number as text of all its digits, without an exponent: how bills are stored."""
    return f"{value:f}"


def bill_document(bill: Bill, month: BillingMonth, number: Number = exact) -> Document:
    """Return a bill with everything that it is traced by.

    Args:
        bill: The bill.
        month: What it was worked out of.
        number: How amounts, energies and registers are written: text of all digits, or ``float``.
    """
    return {
        "service_point": bill.service_point,
        "month": bill.month,
        "starts_at": bill.starts_at.isoformat(),
        "ends_at": bill.ends_at.isoformat(),
        "zone": month.zone.key,
        "is_final": bill.is_final,
        "energy_kwh": number(bill.energy_kwh),
        "amount": number(bill.amount),
        "currency": bill.currency,
        "tax": number(bill.tax),
        "losses_kwh": number(bill.losses_kwh),
        "reactive_kvarh": _optional(bill.reactive_kvarh, number),
        "power_factor": _optional(bill.power_factor, number),
        "energy_by_period": {period: number(kwh) for period, kwh in bill.energy_by_period.items()},
        "lines": [_line(line, number) for line in bill.lines],
        "registers": [_pair(pair, number) for pair in bill.registers],
        "demands": [_demand(demand, number) for demand in month.demands],
        "findings": [
            {"code": f.code, "refuses": f.refuses, "parameters": dict(f.parameters)} for f in bill.findings
        ],
        "tie_out": None if bill.tie_out is None else _tie_out(bill.tie_out, number),
        "basis": {
            "terms": [_terms(dated) for dated in month.terms],
            "interval_minutes": None if month.intervals is None else month.intervals.minutes,
            "interval_version": None if month.intervals is None else month.intervals.version,
            "billed_before_kwh": number(month.billed_before_kwh),
            "days": [_day(day) for day in period_days(month)],
        },
    }


def bill_of(document: Mapping[str, Any]) -> Bill:  # Any: JSON
    """Return the bill that :func:`bill_document` made this of, with numbers as text of all digits.

    Raises:
        KeyError: If a key is missing; a document of ours has all of them.
    """
    tied = document["tie_out"]
    return Bill(
        service_point=document["service_point"],
        month=document["month"],
        starts_at=datetime.fromisoformat(document["starts_at"]),
        ends_at=datetime.fromisoformat(document["ends_at"]),
        lines=[_line_of(line) for line in document["lines"]],
        registers=[_pair_of(pair) for pair in document["registers"]],
        energy_kwh=Decimal(document["energy_kwh"]),
        energy_by_period={p: Decimal(kwh) for p, kwh in document["energy_by_period"].items()},
        power_factor=_decimal(document["power_factor"]),
        findings=[BillFinding(**found) for found in document["findings"]],
        currency=document["currency"],
        losses_kwh=Decimal(document["losses_kwh"]),
        reactive_kvarh=_decimal(document["reactive_kvarh"]),
        tax=Decimal(document["tax"]),
        tie_out=None
        if tied is None
        else TieOut(
            register_kwh=Decimal(tied["register_kwh"]),
            interval_kwh=_decimal(tied["interval_kwh"]),
            tolerance_kwh=Decimal(tied["tolerance_kwh"]),
        ),
    )


def same_bill(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:  # Any: JSON
    """Tell whether two documents charge the same for the same reasons.

    Intervals that changed and moved nothing from one line to another make no other bill.
    """
    return {**one, "basis": None} == {**other, "basis": None}


def _optional(value: Decimal | None, number: Number) -> Json:
    return None if value is None else number(value)


def _line(line: BillLine, number: Number) -> Document:
    return {
        "item": line.item,
        "name_zh": line.name_zh,
        "name_en": line.name_en,
        "period": line.period,
        "quantity": number(line.quantity),
        "unit": line.unit,
        "price": number(line.price),
        "days": line.days,
        "of_days": line.of_days,
        "amount": number(line.amount),
        "starts_at": _instant(line.starts_at),
        "ends_at": _instant(line.ends_at),
        "basis": dict(line.basis),
        "registers": list(line.registers),
    }


def _pair(pair: RegisterPair, number: Number) -> Document:
    return {
        "meter": pair.meter,
        "quantity": pair.quantity,
        "opening": _end(pair.opening, number),
        "closing": _end(pair.closing, number),
        "factor": number(pair.factor),
        "sign": pair.sign,
        "range": _optional(pair.range, number),
        "step": number(pair.step),
        "counted": number(pair.counted),
        "energy": number(pair.energy),
    }


def _line_of(line: Mapping[str, Any]) -> BillLine:  # Any: JSON
    return BillLine(
        **{
            **line,
            "quantity": Decimal(line["quantity"]),
            "price": Decimal(line["price"]),
            "amount": Decimal(line["amount"]),
            "starts_at": _time(line["starts_at"]),
            "ends_at": _time(line["ends_at"]),
        }
    )


def _pair_of(pair: Mapping[str, Any]) -> RegisterPair:  # Any: JSON
    return RegisterPair(
        meter=MeterId(pair["meter"]),
        quantity=pair["quantity"],
        opening=_end_of(pair["opening"]),
        closing=_end_of(pair["closing"]),
        factor=Decimal(pair["factor"]),
        sign=pair["sign"],
        range=_decimal(pair["range"]),
        step=Decimal(pair["step"]),
    )


def _end_of(end: Mapping[str, Any]) -> RegisterEnd:  # Any: JSON
    return RegisterEnd(
        at=datetime.fromisoformat(end["at"]),
        value=Decimal(end["value"]),
        source=RegisterSource(end["source"]),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _end(end: RegisterEnd, number: Number) -> Document:
    return {"at": end.at.isoformat(), "value": number(end.value), "source": end.source.value}


def _demand(demand: DemandReading, number: Number) -> Document:
    return {
        "meter": demand.meter,
        "kw": number(demand.kw),
        "at": _instant(demand.at),
        "factor": number(demand.factor),
        "sign": demand.sign,
        "source": demand.source.value,
    }


def _tie_out(tie_out: TieOut, number: Number) -> Document:
    return {
        "register_kwh": number(tie_out.register_kwh),
        "interval_kwh": _optional(tie_out.interval_kwh, number),
        "tolerance_kwh": number(tie_out.tolerance_kwh),
        "holds": tie_out.holds,
    }


def _terms(dated: Dated) -> Document:
    tariff, contract = dated.tariff, dated.contract
    return {
        "starts_at": dated.starts_at.isoformat(),
        "ends_at": dated.ends_at.isoformat(),
        "tariff": tariff.id,
        "name": tariff.name,
        "source": tariff.source,
        "confirmed": tariff.confirmed,
        "capacity_kva": contract.capacity_kva,
        "contract_demand_kw": contract.contract_demand_kw,
        "basic_charge": None if contract.basic_charge is None else contract.basic_charge.value,
    }


def _day(day: PeriodDay) -> Document:
    return {
        "day": day.day.isoformat(),
        "kwh": {period.value: kwh for period, kwh in zip(PERIODS, day.kwh, strict=True) if kwh},
        "slots": day.slots,
        "missing": day.missing,
        "estimated": day.estimated,
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
