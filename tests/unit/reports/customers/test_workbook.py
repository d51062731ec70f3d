"""The workbook opened again: every number, time and text against the sheet's own values."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import TypeAlias
from xml.etree import ElementTree as ET

import pytest

from reports.customers.assemble import sheet_of
from reports.customers.sheet import Column, Curve, CustomerSheet, Facts, Fan, Table, Value
from reports.customers.telling import Telling
from reports.customers.workbook import list_workbook, sheet_workbook
from tests.large_customers import facts

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's own, without zone
Cells: TypeAlias = Mapping[tuple[int, int], float | str]


def opened(raw: bytes) -> dict[str, Cells]:
    """Return the cells of each worksheet by row and column, numbers as numbers: a reader of our own."""
    with zipfile.ZipFile(BytesIO(raw)) as book:
        texts = [
            "".join(part.itertext())
            for part in ET.fromstring(book.read("xl/sharedStrings.xml")).findall("m:si", NS)  # noqa: S314 - our own
        ]
        names = [
            sheet.attrib["name"]
            for sheet in ET.fromstring(book.read("xl/workbook.xml")).findall("m:sheets/m:sheet", NS)  # noqa: S314 - our own
        ]
        return {
            name: _cells(book.read(f"xl/worksheets/sheet{number}.xml"), texts)
            for number, name in enumerate(names, start=1)
        }


def _cells(raw: bytes, texts: list[str]) -> Cells:
    found: dict[tuple[int, int], float | str] = {}
    for cell in ET.fromstring(raw).iter(f"{{{NS['m']}}}c"):  # noqa: S314 - our own
        value = cell.find("m:v", NS)
        match = re.fullmatch(r"([A-Z]+)(\d+)", cell.attrib["r"])
        if value is None or value.text is None or match is None:
            continue
        column = sum((ord(c) - 64) * 26**p for p, c in enumerate(reversed(match[1]))) - 1
        is_text = cell.attrib.get("t") == "s"
        found[int(match[2]) - 1, column] = texts[int(value.text)] if is_text else float(value.text)
    return found


def _expected(value: Value, t: Telling) -> float | str | None:
    match value:
        case None:
            return None
        case bool():
            return t.value(value)
        case int() | float() | Decimal():
            return float(value)
        case datetime():
            return (value.astimezone(t.zone).replace(tzinfo=None) - EPOCH) / timedelta(days=1)
        case date():
            return float((value - EPOCH.date()).days)
        case _:
            return t.words(value)


def _rows_of(sheet: CustomerSheet, t: Telling) -> dict[str, list[list[float | str | None]]]:
    """Return each section's rows of values in order, as they should stand in the workbook."""
    found: dict[str, list[list[float | str | None]]] = {}
    for section in sheet.sections:
        rows = found.setdefault(t(f"section_{section.key}")[:31], [])
        for block in section.blocks:
            match block:
                case Facts():
                    rows += [[t(f.name), _expected(f.value, t)] for f in block.rows if f.value is not None]
                case Table():
                    rows += [[_expected(value, t) for value in row] for row in block.rows]
                case Curve():
                    rows += [[_expected(value, t) for value in row] for row in block.days]
                case Fan():
                    rows += [[_expected(value, t) for value in row] for row in block.points]
                case _:
                    rows.append([t.words(block.text)])
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_value_of_the_sheet_stands_in_the_workbook_as_what_it_is(language: str) -> None:
    sheet = sheet_of(facts())
    t = Telling(language=language, zone=sheet.zone)
    book = opened(sheet_workbook(sheet, language))
    wanted = _rows_of(sheet, t)
    assert list(book) == list(wanted)
    for name, rows in wanted.items():
        lines: dict[int, dict[int, float | str]] = {}
        for (row, column), value in book[name].items():
            lines.setdefault(row, {})[column] = value
        written = [lines[row] for row in sorted(lines)]
        for values in rows:
            known = {column: value for column, value in enumerate(values) if value is not None}
            place = next(
                (n for n, line in enumerate(written) if _agree(line, known)),
                None,
            )
            assert place is not None, (name, values)
            written = written[place + 1 :]


def _agree(line: Mapping[int, float | str], known: Mapping[int, float | str]) -> bool:
    return all(
        column in line
        and (
            line[column] == value
            if isinstance(value, str)
            else line[column] == pytest.approx(value, abs=1e-9)
        )
        for column, value in known.items()
    )


def test_money_is_a_number_and_times_are_local() -> None:
    sheet = sheet_of(facts())
    bill = opened(sheet_workbook(sheet, "en"))["Bill"]
    by_name = {value: row for (row, column), value in bill.items() if column == 0}
    assert bill[by_name["Amount"], 1] == 4785.47
    assert bill[by_name["Amount"], 2] == "yuan"
    # 1 March 2026, 00:00 in Shanghai: 46082 days after Excel's epoch.
    assert bill[by_name["From"], 1] == 46082.0
    assert bill[1, 0] == "Times in Asia/Shanghai"


def test_texts_that_look_like_numbers_or_formulas_stay_texts() -> None:
    sheet = sheet_of(facts())
    t = Telling(language="en", zone=sheet.zone)
    columns = (Column(name="customer"), Column(name="energy_billed", unit="kWh", digits=2))
    book = opened(list_workbook("List", columns, [["0012", 1.5], ["=1+1", None]], t))
    assert book == {
        "List": {(0, 0): "Customer", (0, 1): "Energy (kWh)", (1, 0): "0012", (1, 1): 1.5, (2, 0): "=1+1"}
    }
