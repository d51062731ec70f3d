import csv
import io
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from analysis.settlement.bill import BillFinding, BillLine
from services.customer_list import list_csv, list_excel, row_of
from storage.customers import CustomerCard
from tests.large_customers import bare_facts, facts
from tests.unit.reports.customers.test_workbook import opened

ZONE = ZoneInfo("Asia/Shanghai")
CARDS = [
    CustomerCard(
        customer="东方轧钢",
        points=["SP1", "SP2"],
        category="large_industry",
        capacity_kva=1600.0,
        kwh=Decimal("161235.00"),
        is_billed=True,
        amount=Decimal("200110.38"),
        price=Decimal("1.241110"),
        episodes=2,
        severity=40,
    ),
    CustomerCard(
        customer="0012",
        points=["SP3"],
        category=None,
        capacity_kva=None,
        kwh=None,
        is_billed=False,
        amount=None,
        price=None,
        episodes=0,
        severity=None,
    ),
]


def test_a_line_for_people_tells_the_month() -> None:
    assert row_of(facts()) == {
        "customer": "Works",
        "points": 1,
        "max kW": "8.0",
        "kWh": "5,952",
        "yuan": "4,785.47",
        "yuan/kWh": "0.8040",
        "suspensions": "drawing",
        "episodes": 1,
    }


def test_what_is_not_known_is_a_dash_and_never_0() -> None:
    row = row_of(bare_facts())
    assert [row[name] for name in ("max kW", "kWh", "yuan", "yuan/kWh", "suspensions")] == ["-"] * 5


def test_csv_and_excel_of_the_list_hold_the_same_numbers() -> None:
    head, first, second = csv.reader(io.StringIO(list_csv(CARDS, "en", ZONE).decode("utf-8-sig")))
    assert head[3:7] == [
        "Contracted capacity (kVA)",
        "Energy (kWh)",
        "Amount (yuan)",
        "Average price (yuan/kWh)",
    ]
    assert first[3:9] == ["1600.0", "161235.00", "200110.38", "1.241110", "2", "critical"]
    assert second[:3] == ["0012", "1", ""]
    assert second[3:7] == [""] * 4
    (cells,) = opened(list_excel(CARDS, "2026-03", "zh", ZONE)).values()
    assert [cells[1, column] for column in (0, 3, 4, 5, 6)] == [
        "东方轧钢",
        1600.0,
        161235.0,
        200110.38,
        1.24111,
    ]
    assert (2, 4) not in cells
    assert cells[2, 0] == "0012"


def test_a_customer_never_becomes_a_formula_of_a_spreadsheet() -> None:
    planted = replace(CARDS[0], customer="=1+1")
    _, row = csv.reader(io.StringIO(list_csv([planted], "en", ZONE).decode("utf-8-sig")))
    assert row[0] == "'=1+1"


def _billed(**changed: object) -> dict[str, object]:
    """Return the line of the works with another bill of March."""
    known = facts()
    (point,) = known.points
    bill = replace(point.bills[-1], **changed)  # type: ignore[arg-type]  # fields of any kind
    return row_of(replace(known, points=[replace(point, bills=[bill])]))


def test_what_interim_bills_took_is_counted_in() -> None:
    paid = BillLine(
        item="interim", quantity=Decimal(3000), unit="yuan", price=Decimal(-1), amount=Decimal(-3000)
    )
    row = _billed(lines=[*facts().points[0].bills[-1].lines, paid])
    assert (row["yuan"], row["yuan/kWh"]) == ("4,785.47", "0.8040")


def test_a_refused_bill_tells_no_energy_and_no_amount() -> None:
    row = _billed(findings=[BillFinding(code="no_reading", refuses=True)], energy_kwh=Decimal(0), lines=[])
    assert [row[name] for name in ("kWh", "yuan", "yuan/kWh")] == ["-"] * 3
