"""Bills worked out by hand or published, files of ``tests/data/bills``: what goes in, what must come out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from analysis.settlement.billing_month import (
    BillingMonth,
    Dated,
    DemandReading,
    InterimBill,
    PointIntervals,
    RegisterEnd,
    RegisterPair,
    RegisterSource,
)
from pipeline.archive_records import MeteringSide, Transformer
from pipeline.contracts import BasicCharge, Contract, Suspension, SuspensionKind
from pipeline.model import MeterId
from pipeline.tariff import (
    BasicTerms,
    DayKind,
    DaySchedule,
    Each,
    EnergyCharge,
    FixedCharge,
    LeastOf,
    LossTerms,
    MarketEnergy,
    Period,
    Span,
    Step,
    StepsOver,
    Tariff,
)
from pipeline.timegrid import local_clock, local_day, slot_grid

FOLDER = Path(__file__).parent / "data" / "bills"
Table = Mapping[str, Any]  # Any: TOML
DAY_MINUTES = 1440


@dataclass(frozen=True, kw_only=True)
class BillCase:
    """One file: what it shows, the month, and the bill's numbers."""

    name: str
    what: str
    source: str
    month: BillingMonth
    expected: Table


def bill_cases() -> list[BillCase]:
    """Return every case, by its file's name."""
    return [bill_case(file.stem) for file in sorted(FOLDER.glob("*.toml"))]


def bill_case(name: str) -> BillCase:
    """Read one case."""
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    return BillCase(
        name=name,
        what=table["what"],
        source=table.get("source", "worked out by hand"),
        month=_month(table),
        expected=table["bill"],
    )


def _month(table: Table) -> BillingMonth:
    about = table["month"]
    zone = ZoneInfo(about.get("zone", "Asia/Shanghai"))
    starts_at, ends_at = _at(about["from"], zone), _at(about["to"], zone)
    tariffs = {tariff["id"] + tariff.get("version", ""): tariff for tariff in table["tariff"]}
    terms = [
        Dated(
            starts_at=_at(entry.get("from"), zone) or starts_at,
            ends_at=_at(entry.get("to"), zone) or ends_at,
            contract=_contract(entry),
            tariff=_tariff(tariffs[entry["tariff"]]),
        )
        for entry in table["contract"]
    ]
    return BillingMonth(
        service_point="P",
        month=about["month"],
        starts_at=starts_at,
        ends_at=ends_at,
        zone=zone,
        terms=terms,
        pairs=[_pair(entry, zone, starts_at, ends_at) for entry in table.get("register", ())],
        demands=[
            DemandReading(
                meter=MeterId(entry.get("meter", "M")),
                kw=Decimal(entry["kw"]),
                at=_at(entry.get("at"), zone),
                factor=Decimal(entry.get("factor", 1)),
                starts_at=_at(entry.get("from"), zone),
                ends_at=_at(entry.get("to"), zone),
            )
            for entry in table.get("demand", ())
        ],
        suspensions=[
            Suspension(
                id=entry["id"],
                service_point="P",
                kind=SuspensionKind(entry.get("kind", "stop")),
                starts_at=_at(entry["from"], zone),
                ends_at=_at(entry.get("to"), zone),
                remaining_kva=float(entry.get("remaining_kva", 0)),
                transformers=tuple(entry.get("transformers", ())),
            )
            for entry in table.get("suspension", ())
        ],
        transformers=[
            Transformer(id=entry["id"], service_point="P", **_plate(entry))
            for entry in table.get("transformer", ())
        ],
        market=[
            MarketEnergy(
                service_point="P",
                month=about["month"],
                period=Period(entry["period"]) if "period" in entry else None,
                price=Decimal(entry["price"]),
                kwh=Decimal(entry["kwh"]) if "kwh" in entry else None,
                share=Decimal(entry["share"]) if "share" in entry else None,
            )
            for entry in table.get("market", ())
        ],
        interim=[
            InterimBill(
                starts_at=_at(entry["from"], zone),
                ends_at=_at(entry["to"], zone),
                kwh=Decimal(entry["kwh"]),
                amount=Decimal(entry["amount"]),
            )
            for entry in table.get("interim", ())
        ],
        billed_before_kwh=Decimal(about.get("billed_before_kwh", 0)),
        energy_only=about.get("energy_only", False),
        intervals=_intervals(table["load"], zone, starts_at, ends_at) if "load" in table else None,
        meter_intervals={
            MeterId(meter): _intervals(load, zone, starts_at, ends_at)
            for meter, load in table.get("meter_load", {}).items()
        },
    )


def _at(value: date | datetime | None, zone: ZoneInfo) -> Any:  # Any: an instant, or None as it came
    if value is None or isinstance(value, datetime):
        return value if value is None else value.replace(tzinfo=zone)
    return local_day(value, zone)[0]


def _plate(entry: Table) -> dict[str, Any]:  # Any: TOML
    return {key: float(value) for key, value in entry.items() if key != "id"}


def _contract(entry: Table) -> Contract:
    def number(key: str) -> float | None:
        return float(entry[key]) if key in entry else None

    return Contract(
        service_point="P",
        tariff=entry["tariff"],
        basic_charge=BasicCharge(entry.get("basic_charge", "none")),
        metering_side=MeteringSide(entry["metering_side"]) if "metering_side" in entry else None,
        category=entry.get("category"),
        settlement_day=entry.get("settlement_day"),
        generation=entry.get("generation", False),
        capacity_kva=number("capacity_kva"),
        contract_demand_kw=number("contract_demand_kw"),
        power_factor_standard=number("power_factor_standard"),
    )


def _tariff(entry: Table) -> Tariff:
    given = dict(entry)
    built: dict[str, Any] = {  # Any: each field has its own type
        "charges": tuple(_charge(c) for c in given.pop("charge", ())),
        "fixed": tuple(
            FixedCharge(**{**c, "price": Decimal(c["price"]), "each": Each(c.get("each", "month"))})
            for c in given.pop("fixed", ())
        ),
        "schedules": tuple(_schedule(s) for s in given.pop("schedule", ())),
        "steps": tuple(
            Step(
                above_kwh=Decimal(s["above_kwh"]),
                added=Decimal(s["added"]),
                months=tuple(s.get("months", ())),
            )
            for s in given.pop("step", ())
        ),
    }
    if "rates" in given:
        built["rates"] = {int(number): Period(period) for number, period in given.pop("rates").items()}
    if "basic" in given:
        terms = _decimals(given.pop("basic"), BasicTerms)
        built["basic"] = BasicTerms(**{**terms, "least_of": LeastOf(terms.get("least_of", "running"))})
    if "losses" in given:
        built["losses"] = LossTerms(**_decimals(given.pop("losses"), LossTerms))
    if "steps_over" in given:
        built["steps_over"] = StepsOver(given.pop("steps_over"))
    if "tax_percent" in given:
        built["tax_percent"] = Decimal(given.pop("tax_percent"))
    given.pop("version", None)
    return Tariff(**given, **built)


def _decimals(entry: Table, record: type[BasicTerms | LossTerms]) -> dict[str, Any]:  # Any: TOML
    money = {field.name for field in fields(record) if "Decimal" in str(field.type)}
    return {k: Decimal(v) if k in money else v for k, v in entry.items()}


def _charge(entry: Table) -> EnergyCharge:
    return EnergyCharge(
        item=entry["item"],
        price=Decimal(entry["price"]) if "price" in entry else None,
        prices={Period(period): Decimal(price) for period, price in entry.get("prices", {}).items()},
        months=tuple(entry.get("months", ())),
        power_factor=entry.get("power_factor", True),
    )


def _schedule(entry: Table) -> DaySchedule:
    spans = [Span(from_minute=s[0], to_minute=s[1], period=Period(s[2])) for s in entry["spans"]]
    return DaySchedule(
        spans=tuple(spans), months=tuple(entry.get("months", ())), days=DayKind(entry.get("days", "all"))
    )


def _pair(entry: Table, zone: ZoneInfo, starts_at: datetime, ends_at: datetime) -> RegisterPair:
    source = RegisterSource.SETTLEMENT_FREEZE
    return RegisterPair(
        meter=MeterId(entry.get("meter", "M")),
        quantity=entry["quantity"],
        opening=RegisterEnd(
            at=_at(entry.get("from"), zone) or starts_at,
            value=Decimal(entry["opening"]),
            source=RegisterSource.OPENING if "from" in entry else source,
        ),
        closing=RegisterEnd(
            at=_at(entry.get("to"), zone) or ends_at,
            value=Decimal(entry["closing"]),
            source=RegisterSource.CLOSING if "to" in entry else source,
        ),
        factor=Decimal(entry.get("factor", 1)),
        sign=entry.get("sign", 1),
        range=Decimal(entry["range"]) if "range" in entry else None,
    )


def _intervals(load: Table, zone: ZoneInfo, starts_at: datetime, ends_at: datetime) -> PointIntervals:
    """Return an even load, with other ones at some hours of the wall clock or from a day on."""
    minutes = load.get("minutes", 60)
    starts = slot_grid(starts_at, ends_at, minutes)
    kw = np.full(len(starts), float(load["kw"]))
    days, minute = local_clock(starts, zone)
    for other in load.get("other", ()):
        here = np.ones(len(starts), dtype=np.bool_)
        if "hours" in other:
            here &= (minute >= other["hours"][0] * 60) & (minute < other["hours"][1] * 60)
        if "from" in other:
            here &= days >= (other["from"] - date(1970, 1, 1)) // timedelta(days=1)
        kw[here] = float(other["kw"])
    return PointIntervals(
        starts_at=starts,
        minutes=minutes,
        import_kwh=kw * minutes / 60,
        quality=np.full(len(starts), "A"),
    )
