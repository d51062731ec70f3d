"""Values in a JSON message, as careful as the gateways that send them are careless."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeAlias

from pipeline.model import Value
from pipeline.quantities import Kind

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

LARGEST = 3.4028234e38
"""Of single precision, in which electrical values rest."""
LARGEST_WORD = 0xFFFF
INSTANTS = (946_684_800.0, 4_102_444_800.0)
"""POSIX seconds of the years 2000 to 2099: a meter's own times have two digits for the year."""
MOST_DIGITS = 40
MOST_ELEMENTS = 64
"""Harmonic orders or status words in one value."""


class NotANumberError(ValueError):
    """The source sent NaN, an infinity, or a number beyond single precision."""


class UnreadableError(ValueError):
    """A message, or a value in it, is not what it should be; the text says what is wrong."""

    key = ""
    """The name that is not known, where that is what is wrong."""


def read_value(value: JsonValue, kind: Kind) -> Value:
    """Return a value as its quantity keeps it.

    Raises:
        NotANumberError: If it, or an element of it, is NaN or infinite.
        UnreadableError: If it is nothing of this kind.
    """
    if kind is Kind.SPECTRUM:
        return _tuple(value)
    if kind is Kind.WORDS:
        return _words(value)
    if kind is Kind.INSTANT:
        return _instant(value)
    return read_number(value)


def read_number(value: JsonValue) -> float:
    """Return a number, also one that is written as text.

    Raises:
        NotANumberError: If it is NaN or infinite.
        UnreadableError: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise UnreadableError("no number")
    if isinstance(value, str) and (len(value) > MOST_DIGITS or "_" in value):
        raise UnreadableError("no number")  # Python reads 1_000, no gateway means it
    try:
        number = float(value)
    except ValueError:
        raise UnreadableError("no number") from None
    except OverflowError:
        raise NotANumberError("a number beyond double precision") from None
    if not abs(number) <= LARGEST:  # NaN too
        raise NotANumberError("not a number")
    return number


def read_instant(value: JsonValue) -> datetime:
    """Return an ISO 8601 time with its zone, in UTC.

    Raises:
        UnreadableError: If it is no such time; the message says which.
    """
    if not isinstance(value, str) or len(value) > MOST_DIGITS:
        raise UnreadableError("no readable time")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise UnreadableError("no readable time") from None
    if instant.tzinfo is None:
        raise UnreadableError("time without zone")
    try:
        return instant.astimezone(UTC)
    except OverflowError:  # within a day of year 1 or 9999
        raise UnreadableError("no readable time") from None


def _instant(value: JsonValue) -> float:
    seconds = read_number(value) if isinstance(value, (int, float)) else read_instant(value).timestamp()
    if not INSTANTS[0] <= seconds < INSTANTS[1]:
        raise UnreadableError("no readable time")
    return seconds


def _words(value: JsonValue) -> tuple[float, ...]:
    words = _tuple(value)
    if not all(0 <= word <= LARGEST_WORD and word.is_integer() for word in words):
        raise UnreadableError("no list of status words")
    return words


def _tuple(value: JsonValue) -> tuple[float, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_ELEMENTS:
        raise UnreadableError("no list of numbers")
    return tuple(map(read_number, value))
