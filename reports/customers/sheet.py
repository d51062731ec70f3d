"""What a sheet is made of, in no language: values with their units, tables, notes on what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A text of the catalogue ``customer_<key>``, filled with its parameters."""

    key: str
    parameters: Mapping[str, float | int | str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A text that stands in both languages already, such as a tariff's name for a charge."""

    zh: str
    en: str


Value: TypeAlias = float | int | Decimal | str | bool | datetime | date | Word | Told | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and its value; where there is none, ``wants`` says which entry or command it needs."""

    name: str
    """A key of the catalogue."""
    value: Value
    unit: str = ""
    digits: int = 0
    at: datetime | None = None
    """When, of a maximum."""
    wants: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values of one service point, or of the customer."""

    title: str
    """A service point; empty for the customer."""
    rows: Sequence[Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    name: str
    unit: str = ""
    digits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of values; one that is None is not known."""

    name: str
    """A key of the catalogue."""
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence; ``is_absent`` where it says what is not there and what it wants."""

    text: Word | Told
    is_absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Figures of each local day that are drawn: low, mean and high; None where nothing was measured."""

    name: str
    unit: str
    days: Sequence[tuple[date, float | None, float | None, float | None]]
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """A forecast that is drawn: instants with P10, P50 and P90."""

    name: str
    unit: str
    points: Sequence[tuple[datetime, float, float, float]]
    limit: float | None = None


Block: TypeAlias = Facts | Table | Note | Curve | Fan


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the sheet."""

    key: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSheet:
    """One customer's month."""

    customer: str
    month: str
    """``YYYY-MM``."""
    zone: ZoneInfo
    made_at: datetime
    sections: Sequence[Section]
