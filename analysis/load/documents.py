"""Load statistics as JSON objects: what ``kilowatch load --json`` prints and the database holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal

from analysis.load.advice import Advice
from analysis.load.summary import LoadSummary
from pipeline.load_wants import Want
from pipeline.model import Json

DIGITS = 6
"""Decimals of a number; energies are in kWh, powers in kW."""


def load_document(summary: LoadSummary) -> dict[str, Json]:
    """Return a summary as one JSON object; what is not known is null, times are ISO 8601 in UTC.

    What is wanted stands in English in ``wants``, and as keys with parameters in ``wanted``.
    """
    wanted = {name: _wanted(want) for name, want in summary.wants.items()}
    advice = [
        {**_record(one), "wanted": None if one.wants is None else _wanted(one.wants)}
        for one in summary.advice
    ]
    return {**_record(summary), "advice": advice, "wanted": wanted}


def _record(value: LoadSummary | Advice) -> dict[str, Json]:
    found = _json(value)
    assert isinstance(found, dict)  # noqa: S101 - a record is an object
    return found


def _wanted(want: Want) -> dict[str, Json]:
    return {"key": want.key, "parameters": _json(want.parameters)}


def _json(value: object) -> Json:
    if isinstance(value, Want):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: _json(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _json(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json(inner) for inner in value]
    return _plain(value)


def _plain(value: object) -> Json:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (str, int)):
        return value
    raise TypeError(f"no JSON for {type(value).__name__}")
