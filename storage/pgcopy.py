"""Columns of numbers as PostgreSQL's binary COPY format, built by numpy without a loop over the rows.

Source: PostgreSQL documentation, COPY, "Binary Format": a signature, then for each row a count of fields and
for each field its length and bytes (length -1 for NULL), then a trailer.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)

POSTGRES_EPOCH_US = 946_684_800_000_000
"""1 January 2000, from which PostgreSQL counts, in microseconds of POSIX time."""

REAL_OID = 700
INTEGER_OID = 23
REAL_MOST = float(np.finfo(np.float32).max)
INTEGER_MOST = 2**31 - 1

ROWS_OF_PIECE = 2000

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedColumn:
    """Values of one width, in big-endian order."""

    values: NDArray[np.generic]
    missing: Mask | None = None
    """None when every row has a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesColumn:
    """Values whose binary form was made one by one (documents, arrays); None is NULL."""

    values: Sequence[bytes | None]


Column: TypeAlias = FixedColumn | BytesColumn


def encode(columns: Sequence[Column], rows: int) -> bytes:
    """Return ``rows`` rows of ``columns`` as one binary COPY stream."""
    return b"".join(pieces(columns, rows))


def pieces(columns: Sequence[Column], rows: int) -> Iterator[bytes]:
    """Yield the same stream piece by piece: the server stores one while the next is being made."""
    yield SIGNATURE
    for start in range(0, rows, ROWS_OF_PIECE):
        beyond = min(rows, start + ROWS_OF_PIECE)
        yield _rows([_cut(column, slice(start, beyond)) for column in columns], beyond - start)
    yield TRAILER


def _cut(column: Column, rows: slice) -> Column:
    if isinstance(column, BytesColumn):
        return BytesColumn(values=column.values[rows])
    missing = None if column.missing is None else column.missing[rows]
    return FixedColumn(values=column.values[rows], missing=missing)


def _rows(columns: Sequence[Column], rows: int) -> bytes:
    fixed = [_flatten(column) for column in columns]
    table = np.empty(rows, dtype=_layout(tuple(values.dtype.str for values, _, _ in fixed)))
    table["fields"] = len(columns)
    offset = 2
    dropped: list[tuple[int, int, Mask]] = []
    for position, (values, lengths, kept) in enumerate(fixed):
        width = values.dtype.itemsize
        table[f"length{position}"] = width if lengths is None else lengths
        table[f"value{position}"] = values
        offset += 4
        if kept is not None:
            dropped.append((offset, width, kept))
        offset += width
    return _without(table, dropped)


@lru_cache(maxsize=128)
def _layout(forms: tuple[str, ...]) -> np.dtype[np.void]:
    """Return a row's bytes: the count of its fields, then each field's length and value."""
    layout = [("fields", ">i2")]
    for position, form in enumerate(forms):
        layout += [(f"length{position}", ">i4"), (f"value{position}", form)]
    return np.dtype(layout)


def _without(table: NDArray[np.void], dropped: Sequence[tuple[int, int, Mask]]) -> bytes:
    """Return the bytes of ``table`` but for the fields, by offset and width, that their masks do not keep."""
    if not dropped:
        return table.tobytes()
    size = table.dtype.itemsize
    # In the largest pieces that fit: masking is what takes the time, and most fields are four or eight bytes.
    whole_fields = all(kept.shape[1] == 1 for _, _, kept in dropped)
    piece = math.gcd(8, size, *(n for offset, width, _ in dropped for n in (offset, width)))
    piece = piece if whole_fields else 1
    keep = np.ones((len(table), size // piece), dtype=np.bool_)
    for offset, width, kept in dropped:
        keep[:, offset // piece : (offset + width) // piece] = kept
    pieces = table.view(f"u{piece}").reshape(len(table), size // piece)
    return pieces[keep].tobytes()


def instants(microseconds: NDArray[np.datetime64]) -> FixedColumn:
    """Return UTC instants as ``timestamptz``; NaT becomes NULL."""
    missing = np.isnat(microseconds)
    counted = microseconds.astype("datetime64[us]").astype(np.int64) - POSTGRES_EPOCH_US
    return FixedColumn(values=counted.astype(">i8"), missing=missing if missing.any() else None)


def float_array(value: Sequence[float]) -> bytes:
    """Return the binary form of a ``real[]``; what is no number or too large becomes a NULL element."""
    return _array([struct.pack(">f", x) if abs(x) <= REAL_MOST else None for x in value], REAL_OID)


def integer_array(value: Sequence[float]) -> bytes:
    """Return the binary form of an ``integer[]``; what is no number or too large becomes a NULL element."""
    return _array([struct.pack(">i", int(x)) if abs(x) <= INTEGER_MOST else None for x in value], INTEGER_OID)


def document(text: bytes) -> bytes:
    """Return the binary form of a ``jsonb`` value: version 1 of its format, then the text."""
    return b"\x01" + text


def _array(elements: Sequence[bytes | None], oid: int) -> bytes:
    if not elements:
        return struct.pack(">iiI", 0, 0, oid)
    head = struct.pack(">iiIii", 1, int(None in elements), oid, len(elements), 1)
    null = struct.pack(">i", -1)
    return head + b"".join(null if e is None else struct.pack(">i", len(e)) + e for e in elements)


def _flatten(column: Column) -> tuple[NDArray[np.generic], NDArray[np.int32] | None, Mask | None]:
    """Return values, lengths (None: all full) and the mask of bytes to keep (None: all)."""
    if isinstance(column, FixedColumn):
        if column.missing is None:
            return column.values, None, None
        width = column.values.dtype.itemsize
        lengths = np.where(column.missing, np.int32(-1), np.int32(width))
        return column.values, lengths, ~column.missing[:, None]
    lengths = np.array([-1 if v is None else len(v) for v in column.values], dtype=np.int32)
    # A field of zero bytes cannot stand in a numpy record.
    width = max(1, int(lengths.max(initial=0)))
    padded = b"".join((v or b"").ljust(width, b"\0") for v in column.values)
    values = np.frombuffer(padded, dtype=f"V{width}")
    return values, lengths, np.arange(width) < lengths[:, None]
