"""The sheet as CSV: a line a value, with its section, name, unit and time, for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from reports.customers.sheet import Block, CustomerSheet, Facts, Note, Section, Table, Value
from reports.customers.telling import Telling
from reports.spreadsheet import csv_bytes, guarded

HEAD = ("customer", "month", "section", "place", "row", "name", "value", "unit", "at", "remark")


def sheet_csv(sheet: CustomerSheet, language: str) -> bytes:
    """Return every value of a sheet: numbers with a point and no grouping, times in ISO 8601 with offset.

    Curves and forecasts stand in the workbook and on the pages; ``row`` counts a table's rows from 1.
    """
    t = Telling(language=language, zone=sheet.zone)
    customer = guarded(sheet.customer)
    lines = (
        (customer, sheet.month, t(f"section_{section.key}"), *line)
        for section in sheet.sections
        for line in _lines(section, t)
    )
    return csv_bytes([HEAD, *lines])


def plain(value: Value, t: Telling) -> str:
    """Return a value as another program reads it; no text is a formula to a spreadsheet."""
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(t.zone).isoformat()
        case int() | float() if not isinstance(value, bool):
            return repr(value)
        case _:
            return guarded(t.value(value))


def _lines(section: Section, t: Telling) -> Iterator[Sequence[object]]:
    for block in section.blocks:
        yield from _lines_of(block, t)


def _lines_of(block: Block, t: Telling) -> Iterator[Sequence[object]]:
    match block:
        case Facts():
            for fact in block.rows:
                at = "" if fact.at is None else plain(fact.at, t)
                wants = t.words(fact.wants) if fact.value is None and fact.wants is not None else ""
                value, unit = plain(fact.value, t), t.unit(fact.unit)
                yield guarded(block.title), "", t(fact.name), value, unit, at, wants
        case Table():
            for number, row in enumerate(block.rows, start=1):
                for column, cell in zip(block.columns, row, strict=True):
                    unit = t.unit(column.unit)
                    yield t(block.name), number, t(column.name), plain(cell, t), unit, "", ""
        case Note():
            yield "", "", "", "", "", "", guarded(t.words(block.text))
        case _:
            return
