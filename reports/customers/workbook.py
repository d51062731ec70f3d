"""The sheet as an Excel workbook (.xlsx): a worksheet a section, numbers as numbers, times in local time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from reports.customers.sheet import Block, Column, Curve, CustomerSheet, Fact, Facts, Fan, Note, Table, Value
from reports.customers.telling import Telling

LONGEST_NAME = 31
"""Characters in the name of a worksheet."""
WIDTHS = (30, 22, 14, 20, 20, 20, 16, 16, 18, 18, 16, 16, 34)
"""Of columns, in characters."""


class _Book:
    """A workbook with its formats and one reader's words."""

    def __init__(self, zone_words: Telling) -> None:
        self.raw = io.BytesIO()
        self.t = zone_words
        # Text that looks like a number, a formula or an address stays text: ids such as 0001, "=A1".
        options = {
            "in_memory": True,
            "strings_to_numbers": False,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self.book = xlsxwriter.Workbook(self.raw, options)
        self.bold = self.book.add_format({"bold": True})
        self.head = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.wrapped = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.absent = self.book.add_format({"italic": True, "font_color": "#666666"})
        self.time = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})
        self.day = self.book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self._numbers: dict[int, Format] = {}

    def number(self, digits: int) -> Format:
        """Return the format of so many decimals."""
        if digits not in self._numbers:
            shown = "#,##0" + ("." + "0" * digits if digits else "")
            self._numbers[digits] = self.book.add_format({"num_format": shown})
        return self._numbers[digits]

    def put(self, page: Worksheet, row: int, column: int, value: Value, digits: int = 0) -> None:
        """Write one value; nothing for one that is not known."""
        match value:
            case None:
                return
            case bool():
                page.write_string(row, column, self.t.value(value))
            case int() | float() | Decimal():
                page.write_number(row, column, float(value), self.number(digits))
            case datetime():
                local = value.astimezone(self.t.zone).replace(tzinfo=None)
                page.write_datetime(row, column, local, self.time)
            case date():
                page.write_datetime(row, column, datetime.combine(value, time()), self.day)
            case _:
                page.write_string(row, column, self.t.words(value))

    def close(self) -> bytes:
        """Return the whole file."""
        self.book.close()
        return self.raw.getvalue()


def sheet_workbook(sheet: CustomerSheet, language: str) -> bytes:
    """Return a workbook of one customer; times are local, in the zone that each worksheet names."""
    book = _Book(Telling(language=language, zone=sheet.zone))
    for section in sheet.sections:
        name = book.t(f"section_{section.key}")
        page = book.book.add_worksheet(name[:LONGEST_NAME])
        _widths(page)
        page.write_string(0, 0, f"{sheet.customer} · {sheet.month} · {name}", book.bold)
        page.write_string(1, 0, book.t("times_in", zone=sheet.zone.key), book.absent)
        row = 3
        for block in section.blocks:
            row = _block(book, page, row, block) + 1
    return book.close()


def list_workbook(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[Value]], t: Telling
) -> bytes:
    """Return a workbook of one table, such as all customers of a month."""
    book = _Book(t)
    page = book.book.add_worksheet(title[:LONGEST_NAME])
    _widths(page)
    page.freeze_panes(1, 0)
    _table(book, page, 0, columns, rows)
    return book.close()


def _block(book: _Book, page: Worksheet, row: int, block: Block) -> int:
    match block:
        case Facts():
            return _facts(book, page, row, block)
        case Table():
            page.write_string(row, 0, book.t(block.name), book.bold)
            return _table(book, page, row + 1, block.columns, block.rows)
        case Note():
            page.write_string(row, 0, book.t.words(block.text), book.absent)
            return row + 1
        case Curve():
            page.write_string(row, 0, book.t(block.name), book.bold)
            columns = [Column(name="day"), *(_curve(name, block.unit) for name in ("low", "mean", "high"))]
            return _table(book, page, row + 1, columns, block.days)
        case Fan():
            page.write_string(row, 0, book.t(block.name), book.bold)
            columns = [Column(name="slot"), *(_curve(name, block.unit) for name in ("p10", "p50", "p90"))]
            return _table(book, page, row + 1, columns, block.points)


def _facts(book: _Book, page: Worksheet, row: int, block: Facts) -> int:
    if block.title:
        page.write_string(row, 0, block.title, book.bold)
        row += 1
    for fact in block.rows:
        _fact(book, page, row, fact)
        row += 1
    return row


def _fact(book: _Book, page: Worksheet, row: int, fact: Fact) -> None:
    page.write_string(row, 0, book.t(fact.name))
    if fact.value is None:
        wants = fact.wants
        page.write_string(row, 1, "" if wants is None else book.t.words(wants), book.absent)
        return
    book.put(page, row, 1, fact.value, fact.digits)
    page.write_string(row, 2, book.t.unit(fact.unit))
    book.put(page, row, 3, fact.at)


def _table(
    book: _Book, page: Worksheet, row: int, columns: Sequence[Column], rows: Sequence[Sequence[Value]]
) -> int:
    for place, column in enumerate(columns):
        page.write_string(row, place, book.t.head(column), book.head)
    for values in rows:
        row += 1
        for place, (column, value) in enumerate(zip(columns, values, strict=True)):
            book.put(page, row, place, value, column.digits)
    return row + 1


def _curve(name: str, unit: str) -> Column:
    return Column(name=name, unit=unit, digits=2)


def _widths(page: Worksheet) -> None:
    for place, width in enumerate(WIDTHS):
        page.set_column(place, place, width)
