"""The nested parts of a tariff (电价) in files and in the database: charges, schedules, steps, terms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_type_hints

from pipeline.contracts import SuspensionKind
from pipeline.model import Json
from pipeline.tariff import (
    BasicTerms,
    DayKind,
    DaySchedule,
    Each,
    EnergyCharge,
    FixedCharge,
    LeastOf,
    LossTerms,
    Period,
    Span,
    Step,
)
from pipeline.timegrid import MINUTES_PER_DAY
from storage.cell_values import CellError, to_bool, to_decimal, to_one_of, to_text, to_texts, to_whole_number

_KEYS: Mapping[str, str] = {"from_minute": "from", "to_minute": "to"}
"""Keys that do not bear their field's name."""
_FIELDS: Mapping[str, str] = {key: field for field, key in _KEYS.items()}
_SIGNED = frozenset({"price", "prices", "added"})
"""Prices may be below zero: some parts of a tariff give back."""
_BOUNDS: Mapping[str, tuple[int, int, str]] = {
    "days_of_month": (28, 31, "the days of a month"),
    "kw_decimals": (0, 6, "a number of decimals"),
    "full_use_factor": (0, 1, "a part of the price"),
    "resting_share": (0, 1, "a part of the price"),
    "least_demand_share": (0, 1, "a part of the capacity"),
    "least_actual_share": (0, 1, "a part of the capacity"),
    "copper_percent": (0, 100, "a percentage"),
    "copper_reactive_percent": (0, 100, "a percentage"),
}
"""What a number of a tariff's parts lies between, and what it is, by field."""
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)")
_MONTHS_A_YEAR = 12


class NestedError(CellError):
    """Mistakes within a nested value, each with its place below the key."""

    def __init__(self, found: Sequence[tuple[str, str]]) -> None:
        """Keep ``found``: for each mistake its place below the key and what is wrong."""
        self._found = tuple(found)
        super().__init__("; ".join(f"{at}: {text}" for at, text in found))

    @property
    def found(self) -> Sequence[tuple[str, str]]:
        """Each mistake: where below the key, such as ``[2].prices``, and what is wrong."""
        return self._found


def is_nested(value: object) -> bool:
    """Tell whether a value is written as a table of its own, or as a row of them."""
    return is_dataclass(value) or (isinstance(value, tuple) and any(map(is_dataclass, value)))


def written(value: object) -> Json:
    """Return a value of a tariff as files and the database have it; what is empty is left out."""
    if is_dataclass(value):
        parts = {_KEYS.get(f.name, f.name): _written_field(value, f.name) for f in fields(value)}
        return {key: part for key, part in parts.items() if part not in (None, "", [], {})}
    if isinstance(value, tuple):
        return [written(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): written(part) for key, part in value.items()}
    if isinstance(value, bool | int) or value is None:
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _written_field(record: object, name: str) -> Json:
    value = getattr(record, name)
    return f"{value // 60:02d}:{value % 60:02d}" if name in _KEYS else written(value)


def _one(record: type) -> Callable[[object], object]:
    """Return what reads one table into ``record``."""
    types = get_type_hints(record)

    def read(value: object) -> object:
        value = _parsed(value)
        if not isinstance(value, Mapping):
            raise CellError(f"expected a table, not {value!r}")
        values: dict[str, Any] = {}  # Any: the fields' own types, which their converters give
        found: list[tuple[str, str]] = []
        for key, cell in value.items():
            name = _FIELDS.get(key, key)
            if name not in types or key in _KEYS:
                known = ", ".join(_KEYS.get(f.name, f.name) for f in fields(record))
                found.append((f".{key}", f"unknown key; the keys are {known}"))
                continue
            try:
                values[name] = _value(types[name], name, cell)
            except CellError as error:
                found += [(f".{key}{at}", text) for at, text in error.found]
        found += [
            (f".{_KEYS.get(f.name, f.name)}", "is missing")
            for f in fields(record)
            if f.default is MISSING
            and f.default_factory is MISSING
            and _KEYS.get(f.name, f.name) not in value
        ]
        if found:
            raise NestedError(found)
        return record(**values)

    return read


def _row(record: type) -> Callable[[object], object]:
    """Return what reads a row of tables into a tuple of ``record``."""
    read_one = _one(record)

    def read(value: object) -> object:
        value = _parsed(value)
        if not isinstance(value, list):
            raise CellError(f"expected a list of tables, not {value!r}")
        records, found = [], []
        for number, part in enumerate(value, start=1):
            try:
                records.append(read_one(part))
            except CellError as error:
                found += [(f"[{number}]{at}", text) for at, text in error.found]
        if found:
            raise NestedError(found)
        return tuple(records)

    return read


def _parsed(value: object) -> object:
    """Return a nested value as it is; in a CSV cell it is written as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise CellError(f"expected tables as JSON, not {value!r}") from None


def _value(wanted: object, name: str, cell: object) -> object:
    if name in _KEYS:
        return _minute(cell)
    converted = _CONVERTERS[wanted](cell)
    if name in _BOUNDS and isinstance(converted, Decimal | int):
        least, most, expected = _BOUNDS[name]
        if not least <= converted <= most:
            raise CellError(f"expected {expected}, {least} to {most}, not {cell!r}")
    if isinstance(converted, Decimal | int) and name not in _SIGNED and converted < 0:
        raise CellError(f"expected a number of zero or more, not {cell!r}")
    return converted


def _minute(value: object) -> int:
    """Return a time of the wall clock as minutes of its day; ``24:00`` is the day's end."""
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    minute = int(match[1]) * 60 + int(match[2]) if match else MINUTES_PER_DAY + 1
    if minute > MINUTES_PER_DAY:
        raise CellError(f"expected a time of day like '08:00', '24:00' at most, not {value!r}")
    return minute


def _months(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise CellError(f"expected a list of months like [7, 8, 9], not {value!r}")
    months = tuple(to_whole_number(part) for part in value)
    for month in months:
        if not 1 <= month <= _MONTHS_A_YEAR:
            raise CellError(f"expected months of 1 to {_MONTHS_A_YEAR}, not {month}")
    return months


def _kinds(value: object) -> tuple[str, ...]:
    """Return kinds of suspensions: the only list of names that a part has."""
    return tuple(str(to_one_of(SuspensionKind)(name)) for name in to_texts(value))


def _prices(value: object) -> dict[Period, Decimal]:
    if not isinstance(value, Mapping):
        raise CellError(f"expected a table like {{ peak = '0.9', valley = '0.3' }}, not {value!r}")
    prices, found = {}, []
    for name, price in value.items():
        try:
            prices[Period(str(to_one_of(Period)(name)))] = to_decimal(price)
        except CellError as error:
            found.append((f".{name}", str(error)))
    if found:
        raise NestedError(found)
    return prices


def _rates(value: object) -> dict[int, Period]:
    """Return what a meter's rate numbers count; in a CSV cell it is written ``1=sharp;2=peak``."""
    if isinstance(value, str):
        value = {number.strip(): name.strip() for number, _, name in _halves(value)}
    if not isinstance(value, Mapping):
        raise CellError(f"expected a table like {{ 1 = 'sharp', 2 = 'peak' }}, not {value!r}")
    rates = {to_whole_number(number): Period(str(to_one_of(Period)(name))) for number, name in value.items()}
    for number in rates:
        if number < 1:
            raise CellError(f"expected a meter's rate number, 1 or more, not {number}")
    return rates


def _halves(text: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in text.split(";") if part.strip()]


_CONVERTERS: Mapping[object, Callable[[object], object]] = {
    str: to_text,
    str | None: to_text,
    bool: to_bool,
    int: to_whole_number,
    Decimal: to_decimal,
    Decimal | None: to_decimal,
    tuple[int, ...]: _months,
    Mapping[Period, Decimal]: _prices,
    Period: to_one_of(Period),
    DayKind: to_one_of(DayKind),
    Each: to_one_of(Each),
    LeastOf: to_one_of(LeastOf),
    tuple[str, ...]: _kinds,
    tuple[Span, ...]: _row(Span),
}

TARIFF_PARTS: Mapping[object, Callable[[object], object]] = MappingProxyType(
    {
        tuple[EnergyCharge, ...]: _row(EnergyCharge),
        tuple[FixedCharge, ...]: _row(FixedCharge),
        tuple[DaySchedule, ...]: _row(DaySchedule),
        tuple[Step, ...]: _row(Step),
        BasicTerms | None: _one(BasicTerms),
        LossTerms | None: _one(LossTerms),
        Mapping[int, Period]: _rates,
    }
)
"""What reads the parts of a tariff, by the type of the field.

In files they are nested tables, in CSV cells and in the database JSON."""
