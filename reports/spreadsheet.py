"""Lines as CSV that spreadsheets open as they stand: their encoding, and texts that are never formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

_CALCULATES = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


def guarded(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_CALCULATES) else text


def plain_cell(value: object) -> object:
    """Return a cell that is what it shows: a text :func:`guarded`, anything else as it is."""
    return guarded(value) if isinstance(value, str) else value


def csv_bytes(rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows as they are: UTF-8 with a mark at its head, so that spreadsheets read the Chinese."""
    out = StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")
