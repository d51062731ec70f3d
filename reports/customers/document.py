"""The sheet as one JSON object: codes and numbers as they are, texts in both languages."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any  # Any: JSON of several depths

from pipeline.model import Json
from reports.customers.sheet import Block, Curve, CustomerSheet, Facts, Fan, Note, Table, Told, Value, Word
from reports.customers.telling import Telling


def sheet_document(sheet: CustomerSheet) -> dict[str, Any]:  # Any: JSON
    """Return all of a sheet; money and energies are numbers, instants ISO 8601 in local time with offset."""
    return {
        "customer": sheet.customer,
        "month": sheet.month,
        "zone": sheet.zone.key,
        "made_at": sheet.made_at.isoformat(),
        "sections": {
            section.key: [_block(block, sheet) for block in section.blocks] for section in sheet.sections
        },
    }


def _block(block: Block, sheet: CustomerSheet) -> dict[str, Any]:  # Any: JSON
    match block:
        case Facts():
            facts = {
                fact.name: {
                    "value": _value(fact.value, sheet),
                    "unit": fact.unit,
                    **({} if fact.at is None else {"at": _value(fact.at, sheet)}),
                    **(
                        {}
                        if fact.wants is None or fact.value is not None
                        else {"wants": _value(fact.wants, sheet)}
                    ),
                }
                for fact in block.rows
            }
            return {"kind": "facts", "title": block.title, "facts": facts}
        case Table():
            names = [column.name for column in block.columns]
            rows = [
                {name: _value(value, sheet) for name, value in zip(names, row, strict=True)}
                for row in block.rows
            ]
            units = {column.name: column.unit for column in block.columns if column.unit}
            return {"kind": "table", "name": block.name, "units": units, "rows": rows}
        case Note():
            return {"kind": "note", "is_absent": block.is_absent, "text": _value(block.text, sheet)}
        case Curve():
            days = [[day.isoformat(), low, mean, high] for day, low, mean, high in block.days]
            return {
                "kind": "curve",
                "name": block.name,
                "unit": block.unit,
                "days": days,
                "limit": block.limit,
            }
        case Fan():
            points = [[_value(at, sheet), *values] for at, *values in block.points]
            return {
                "kind": "forecast",
                "name": block.name,
                "unit": block.unit,
                "points": points,
                "limit": block.limit,
            }


def _value(value: Value, sheet: CustomerSheet) -> Json:
    match value:
        case Word():
            texts = {
                language: Telling(language=language, zone=sheet.zone).words(value)
                for language in ("zh", "en")
            }
            return {"code": value.key, **texts}
        case Told():
            return {"zh": value.zh, "en": value.en}
        case datetime():
            return value.astimezone(sheet.zone).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case _:
            return value
