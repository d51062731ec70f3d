"""Large customers as lines: for the terminal, a flow's artifact, and the list as CSV and Excel."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from reports.customers.facts import CustomerFacts
from reports.customers.sheet import Column, Value, Word
from reports.customers.table import plain
from reports.customers.telling import Telling
from reports.customers.workbook import list_workbook
from reports.spreadsheet import csv_bytes
from storage.customers import CustomerCard

COLUMNS = (
    Column(name="customer"),
    Column(name="points"),
    Column(name="category"),
    Column(name="capacity_kva", unit="kVA", digits=0),
    Column(name="energy_billed", unit="kWh", digits=2),
    Column(name="billed_yuan", unit="yuan", digits=2),
    Column(name="average_price", unit="yuan/kWh", digits=6),
    Column(name="open"),
    Column(name="worst"),
)


def row_of(facts: CustomerFacts) -> dict[str, object]:
    """Return a customer's month as a line for people."""
    made = [point.bill_of(facts.month) for point in facts.points]
    bills = [bill for bill in made if bill is not None and bill.is_final]
    kwh, amount = sum((b.energy_kwh for b in bills), Decimal(0)), sum((b.charged for b in bills), Decimal(0))
    peaks = [p.load.demand.block.kw for p in facts.points if p.load is not None and p.load.demand.block]
    kept = [check.outcome.value for point in facts.points for check in point.suspensions]
    return {
        "customer": facts.customer,
        "points": len(facts.points),
        "max kW": f"{max(peaks):,.1f}" if peaks else "-",
        "kWh": f"{kwh:,.0f}" if bills else "-",
        "yuan": f"{amount:,.2f}" if bills else "-",
        "yuan/kWh": f"{amount / kwh:.4f}" if kwh > 0 else "-",
        "suspensions": ", ".join(dict.fromkeys(kept)).replace("_", " ") or "-",
        "episodes": len(facts.episodes),
    }


def list_csv(cards: Sequence[CustomerCard], language: str, zone: ZoneInfo) -> bytes:
    """Return the list as CSV: numbers with a point and no grouping, units in the heads."""
    t = Telling(language=language, zone=zone)
    head = [t.head(column) for column in COLUMNS]
    return csv_bytes([head, *([plain(value, t) for value in _values(card)] for card in cards)])


def list_excel(cards: Sequence[CustomerCard], month: str, language: str, zone: ZoneInfo) -> bytes:
    """Return the list as an Excel workbook, numbers as numbers."""
    t = Telling(language=language, zone=zone)
    return list_workbook(f"{t('list')} {month}", COLUMNS, [_values(card) for card in cards], t)


def _values(card: CustomerCard) -> list[Value]:
    return [
        card.customer,
        len(card.points),
        card.category,
        card.capacity_kva,
        card.kwh,
        card.amount,
        card.price,
        card.episodes,
        None if card.severity is None else Word(key=f"severity_{card.severity}"),
    ]
