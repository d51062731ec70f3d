import csv
import io
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from reports.customers.assemble import sheet_of
from reports.customers.sheet import Facts, Table
from reports.customers.table import HEAD, plain, sheet_csv
from reports.customers.telling import Telling
from tests.large_customers import bare_facts, facts


def _read(language: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sheet_csv(sheet_of(facts()), language).decode("utf-8-sig"))))


def test_every_fact_and_cell_is_a_line_with_its_unit() -> None:
    sheet = sheet_of(facts())
    rows = _read("en")
    assert set(rows[0]) == set(HEAD)
    facts_told = sum(len(b.rows) for s in sheet.sections for b in s.blocks if isinstance(b, Facts))
    cells = sum(
        len(b.rows) * len(b.columns) for s in sheet.sections for b in s.blocks if isinstance(b, Table)
    )
    notes = [row for row in rows if not row["name"]]
    assert len(rows) - len(notes) == facts_told + cells


def test_numbers_are_exact_and_times_have_their_offset() -> None:
    bill = [row for row in _read("en") if row["section"] == "Bill" and not row["row"]]
    told = {row["name"]: row for row in bill}
    assert (told["Amount"]["value"], told["Amount"]["unit"]) == ("4785.47", "yuan")
    assert told["Average price"]["value"] == "0.804010"
    assert told["From"]["value"] == "2026-03-01T00:00:00+08:00"
    lines = [row for row in _read("zh") if row["place"] == "账单明细" and row["name"] == "金额"]
    assert sum(Decimal(row["value"]) for row in lines) == Decimal("4785.47")


def test_what_is_missing_is_empty_with_what_it_wants_beside_it() -> None:
    (wanted,) = [
        row for row in _read("en") if row["name"] == "Contract demand" and row["section"] == "Contract"
    ]
    assert (wanted["value"], wanted["remark"]) == (
        "",
        "not agreed, the usual holds ([[contract]] contract_demand_kw)",
    )
    bare = list(csv.DictReader(io.StringIO(sheet_csv(sheet_of(bare_facts()), "en").decode("utf-8-sig"))))
    assert any("[[contract]]" in row["remark"] for row in bare)


def test_values_are_written_for_other_programs() -> None:
    sheet = sheet_of(facts())
    t = Telling(language="en", zone=sheet.zone)
    assert plain(None, t) == ""
    assert plain(True, t) == "yes"  # noqa: FBT003 - a value
    assert plain(Decimal("0.00000001"), t) == "0.00000001"
    assert plain(1234567.5, t) == "1234567.5"
    assert plain(datetime.fromisoformat("2026-03-01T00:00:00+00:00"), t) == "2026-03-01T08:00:00+08:00"


def test_a_text_never_becomes_a_formula_of_a_spreadsheet() -> None:
    sheet = replace(sheet_of(facts()), customer='=HYPERLINK("x")')
    raw = sheet_csv(sheet, "zh")
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))
    assert {row["customer"] for row in rows} == {'\'=HYPERLINK("x")'}
    t = Telling(language="en", zone=sheet.zone)
    assert (plain("@SUM(A1)", t), plain(-5.0, t), plain(Decimal(-5), t)) == ("'@SUM(A1)", "-5.0", "-5")
