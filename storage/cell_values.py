"""Plain values of registry files, read: texts, numbers, dates; each mistake says what was expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

TOO_LARGE = Decimal("1e12")
"""No price, energy or share of an archive reaches it."""


class CellError(ValueError):
    """A value does not fit its key; the text says what was expected and what came."""

    @property
    def found(self) -> Sequence[tuple[str, str]]:
        """Each mistake: where below the key, empty for the key itself, and what is wrong."""
        return [("", str(self))]


@dataclass(frozen=True, slots=True)
class LocalDate:
    """A date without a time: the midnight of the area, once the area is known."""

    day: date


def to_text(value: object) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str):
        raise CellError(f"expected text in quotes, not {value!r}")
    if not value or "\0" in value:
        raise CellError("expected text, not nothing")
    return value


def to_number(value: object) -> float:
    """Return a finite number; in a CSV cell it is text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise CellError(f"expected a number, not {value!r}") from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise CellError(f"expected a number, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise CellError("expected a number, not one of hundreds of digits") from None


def to_whole_number(value: object) -> int:
    """Return a number without a fraction."""
    number = to_number(value)
    if not number.is_integer():
        raise CellError(f"expected a whole number, not {value!r}")
    return int(number)


def to_decimal(value: object) -> Decimal:
    """Return a number as it is written: money and prices are never binary fractions."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise CellError(f"expected a number, not {value!r}")
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        raise CellError(f"expected a number, not {value!r}") from None
    if not exact.is_finite() or abs(exact) >= TOO_LARGE:
        raise CellError(f"expected a number, not {value!r}")
    return exact


def to_dates(value: object) -> tuple[date, ...]:
    """Return dates; in a CSV cell they stand between semicolons."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(";") if part.strip()]
    if not isinstance(value, list):
        raise CellError(f"expected a list of dates like [2026-01-01, 2026-02-17], not {value!r}")
    return tuple(to_date(part) for part in value)


def to_bool(value: object) -> bool:
    """Return true or false."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise CellError(f"expected true or false, not {value!r}")
    return value


def to_one_of(kind: type[StrEnum]) -> Callable[[object], object]:
    """Return what reads one of the names of ``kind``."""

    def choose(value: object) -> object:
        try:
            return kind(to_text(value))
        except ValueError:
            names = ", ".join(kind)
            raise CellError(f"expected one of {names}, not {value!r}") from None

    return choose


def to_texts(value: object) -> tuple[str, ...]:
    """Return texts; in a CSV cell they stand between semicolons."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(";") if part.strip()]
    if not isinstance(value, list):
        raise CellError(f"expected a list of texts, not {value!r}")
    return tuple(to_text(part) for part in value)


def to_pairs(value: object) -> dict[str, str]:
    """Return a table of texts; in a CSV cell it is written ``name=text;name=text``."""
    if isinstance(value, str):
        written = [part.rpartition("=") for part in value.split(";") if part.strip()]
        value = {name.strip(): text.strip() for name, _, text in written}
    if not isinstance(value, dict):
        raise CellError(f"expected a table like {{ name = 'text' }}, not {value!r}")
    return {to_text(name): to_text(text) for name, text in value.items()}


def to_date(value: object) -> date:
    """Return a date."""
    instant = to_instant(value)
    if not isinstance(instant, LocalDate):
        raise CellError(f"expected a date like 2026-01-01, not {value!r}")
    return instant.day


def to_instant(value: object) -> datetime | LocalDate:
    """Return a time in UTC, or a date whose midnight is not known yet."""
    if isinstance(value, str):
        value = _parsed_instant(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise CellError(f"{value.isoformat()} has no offset; write it like {value.isoformat()}+08:00")
        return value.astimezone(UTC)
    if isinstance(value, date):
        return LocalDate(value)
    raise CellError(f"expected a date or a time with its offset, not {value!r}")


def _parsed_instant(text: str) -> datetime | date:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-01") else datetime.fromisoformat(text)
    except ValueError:
        raise CellError(
            f"expected an ISO 8601 date or time like 2026-01-01 or 2026-01-01T00:00:00+08:00, not {text!r}"
        ) from None
