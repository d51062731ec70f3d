"""Turns values as people write them into the bytes of any item, exactly: decoding reversed."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Final

from protocols.dlt645.catalogue import Item
from protocols.dlt645.values import CENTURY, TIMES, Format, Kind, digits_to_bytes, number_to_bcd

SEPARATOR: Final = ","
"""Between the fields of an item that has several."""
WORD_HEX: Final = re.compile(r"0[xX]([0-9A-Fa-f]+)")
HEX: Final = re.compile(r"[0-9A-Fa-f]*")
DATED: Final = "YYMMDD"
WEEKDAYS: Final = 7


def encode(item: Item, text: str) -> bytes:
    """Return an item's bytes in wire order.

    Args:
        item: An item of the catalogue; of a block or a table, as many elements as are given.
        text: Its value as ``kilowatch decode`` shows it; several fields with commas between them.

    Raises:
        ValueError: If the text does not fit; says what would.
    """
    fields = item.fields
    parts = text.split(SEPARATOR) if len(fields) > 1 else [text]
    if len(parts) % item.width or len(parts) > len(fields):
        each = " for each entry" if item.is_block else ""
        raise ValueError(
            f"{item.di} has {item.width} fields{each}, commas between them, not {len(parts)}: {text!r}"
        )
    return b"".join(_field(field.form, part.strip()) for field, part in zip(fields, parts, strict=False))


def _field(form: Format, text: str) -> bytes:
    encoders = {
        Kind.NUMBER: _number,
        Kind.DIGITS: _digits,
        Kind.TIME: _time,
        Kind.TEXT: _text,
        Kind.WORD: _word,
        Kind.HEX: _hex,
        Kind.SECRET: _secret,
    }
    return encoders[form.kind](form, text)


def _secret(form: Format, text: str) -> bytes:
    del form, text  # neither may stand in the message
    raise ValueError("a password is not written as a value: it has a function of its own (18)")


def _number(form: Format, text: str) -> bytes:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"a number {form.notation} is wanted, not {text!r}") from None
    if not value.is_finite() or value.scaleb(form.decimals) % 1:
        raise ValueError(f"a number {form.notation} has {form.decimals} decimals: {text!r} does not fit")
    return number_to_bcd(value, form)


def _digits(form: Format, text: str) -> bytes:
    if len(text) != 2 * form.length or not (text.isascii() and text.isdigit()):
        raise ValueError(f"{2 * form.length} digits are wanted, not {text!r}")
    return digits_to_bytes(text)


def _time(form: Format, text: str) -> bytes:
    template = TIMES[form.notation]
    found = _pattern(form.notation).fullmatch(text)
    if found is None:
        raise ValueError(f"a time such as {_example(form.notation, template)!r} is wanted, not {text!r}")
    pairs = found.groups()
    if form.notation.startswith(DATED):
        _check_date(form.notation, [int(pair) for pair in pairs], text)
    return digits_to_bytes("".join(pairs))


def _check_date(notation: str, pairs: list[int], text: str) -> None:
    """Refuse a day that does not exist, and a weekday that is not that day's (0 = Sunday)."""
    try:
        day = date(CENTURY + pairs[0], pairs[1], pairs[2])
    except ValueError:
        raise ValueError(f"{text!r} is no day") from None
    at = notation.find("WW") // 2
    weekday = day.isoweekday() % WEEKDAYS
    if at > 0 and pairs[at] != weekday:
        raise ValueError(f"{day} is weekday {weekday:02d} (0 = Sunday), not {pairs[at]:02d}")


@cache
def _pattern(notation: str) -> re.Pattern[str]:
    template = re.escape(TIMES[notation])
    return re.compile(re.sub(r"\\\{\d\\\}", "([0-9]{2})", template))


def _example(notation: str, template: str) -> str:
    shown = {"YY": "26", "MM": "03", "DD": "01", "hh": "12", "mm": "30", "ss": "00", "WW": "00"}
    return template.format(*(shown[notation[i : i + 2]] for i in range(0, len(notation), 2)))


def _text(form: Format, text: str) -> bytes:
    if len(text) != form.length or not text.isascii():
        raise ValueError(f"{form.length} ASCII characters are wanted, not {text!r}")
    return text.encode("ascii")[::-1]


def _hex(form: Format, text: str) -> bytes:
    if len(text) != 2 * form.length or not HEX.fullmatch(text):
        raise ValueError(f"{2 * form.length} hexadecimal digits are wanted, not {text!r}")
    return digits_to_bytes(text)


def _word(form: Format, text: str) -> bytes:
    found = WORD_HEX.fullmatch(text)
    if found is None or len(found[1]) != 2 * form.length:
        raise ValueError(f"{2 * form.length} hexadecimal digits after 0x are wanted, not {text!r}")
    return bytes.fromhex(found[1])[::-1]
