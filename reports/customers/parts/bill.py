"""The bill of the month (电费账单): its lines, their sum, the power factor, and what stands against it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from analysis.settlement.bill import Bill, BillFinding, BillLine
from pipeline.bill_texts import finding_text, item_name, word_of
from pipeline.model import Json
from reports.customers.facts import CustomerFacts, PointFacts
from reports.customers.prices import average_price
from reports.customers.sheet import Block, Column, Fact, Facts, Note, Section, Table, Told, Value, Word

_COLUMNS = (
    Column(name="item"),
    Column(name="period"),
    Column(name="quantity", digits=2),
    Column(name="unit"),
    Column(name="unit_price", unit="yuan", digits=6),
    Column(name="line_days"),
    Column(name="line_of_days"),
    Column(name="amount", unit="yuan", digits=2),
)


def bill(facts: CustomerFacts) -> Section:
    """Return the month's bill of every service point; where there is none, the command that makes it."""
    return Section(key="bill", blocks=[block for point in facts.points for block in _of_point(facts, point)])


def _of_point(facts: CustomerFacts, known: PointFacts) -> list[Block]:
    point, made = known.point.id, known.bill_of(facts.month)
    if made is None:
        wants = "no_bill_file" if facts.from_files else "no_bill"
        return [Note(text=Word(key=wants, parameters={"point": point, "month": facts.month}), is_absent=True)]
    return [
        Facts(title=point, rows=_sums(made)),
        Table(name="bill_lines", columns=_COLUMNS, rows=[_row(line) for line in made.lines]),
        *(_finding(finding, facts.zone) for finding in made.findings),
    ]


def _sums(made: Bill) -> list[Fact]:
    return [
        Fact(name="billed_from", value=made.starts_at),
        Fact(name="billed_to", value=made.ends_at),
        Fact(name="bill_state", value=Word(key="bill_final" if made.is_final else "bill_refused")),
        Fact(name="billed_kwh", value=made.energy_kwh, unit="kWh", digits=2),
        Fact(name="billed_yuan", value=made.charged, unit="yuan", digits=2),
        Fact(name="tax", value=made.tax, unit="yuan", digits=2),
        Fact(
            name="average_price",
            value=average_price(made),
            unit="yuan/kWh",
            digits=4,
            wants=Word(key="no_energy"),
        ),
        Fact(name="power_factor", value=made.power_factor, digits=2, wants=Word(key="wants_reactive")),
    ]


def _row(line: BillLine) -> list[Value]:
    named = {"item": line.item, "name_zh": line.name_zh, "name_en": line.name_en}
    return [
        Told(zh=item_name(named, "zh"), en=item_name(named, "en")),
        None
        if line.period is None
        else Told(zh=word_of("period", line.period, "zh"), en=word_of("period", line.period, "en")),
        line.quantity,
        line.unit,
        line.price,
        line.days,
        line.of_days,
        line.amount,
    ]


def _finding(finding: BillFinding, zone: ZoneInfo) -> Note:
    named = {name: _local(value, zone) for name, value in finding.parameters.items()}
    zh, en = (finding_text(finding.code, named, language) for language in ("zh", "en"))
    return Note(text=Told(zh=zh, en=en), is_absent=finding.refuses)


def _local(value: Json, zone: ZoneInfo) -> Json:
    """Return an instant of a finding in local time; other values as they are."""
    if not isinstance(value, str) or not value[:4].isdigit() or "T" not in value:
        return value
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at.tzinfo is not None else value
