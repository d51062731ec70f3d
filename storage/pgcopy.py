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
from itertools import accumulate, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)

POSTGRES_EPOCH_US = 946_684_800_000_000
"""1 January 2000, from which PostgreSQL counts, in microseconds of POSIX time."""

REAL_OID = 700
INTEGER_OID = 23
REAL_MOST = float(np.finfo(np.float32).max)
INTEGER_MOST = 2**31 - 1

ROWS_OF_PIECE = 1000

_COUNT_BYTES = 2
_LENGTH_BYTES = 4

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RealColumns:
    """Neighbouring columns of single precision; what is no number or too large becomes NULL."""

    values: Sequence[NDArray[np.float64]]
    rows: NDArray[np.intp]
    """Which rows of them, in which order."""


Column: TypeAlias = FixedColumn | RealColumns | BytesColumn


def encode(columns: Sequence[Column], rows: int) -> bytearray:
    """Return ``rows`` rows of ``columns`` as one binary COPY stream."""
    stream = bytearray()
    for piece in pieces(columns, rows):
        stream += piece
    return stream


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
    if isinstance(column, RealColumns):
        return RealColumns(values=column.values, rows=column.rows[rows])
    missing = None if column.missing is None else column.missing[rows]
    return FixedColumn(values=column.values[rows], missing=missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fields:
    """Neighbouring fields of one width, shape (rows, fields)."""

    form: str
    """How they are sent, as numpy calls it; a shorter one is padded at its end."""
    values: NDArray[np.generic]
    lengths: NDArray[np.int32] | None
    """Bytes of each, -1 for NULL; None when all are full."""
    step: int
    """What divides all these lengths, and the width."""

    @property
    def width(self) -> int:
        """Bytes of a full one."""
        return self.values.dtype.itemsize

    @property
    def count(self) -> int:
        """How many a row has."""
        return int(self.values.shape[1])

    @property
    def bytes_of_row(self) -> int:
        """Bytes of a row's full ones with their lengths."""
        return self.count * (_LENGTH_BYTES + self.width)


def _rows(columns: Sequence[Column], rows: int) -> bytes:
    """Lay every row out at its full length, then leave out what its fields do not have."""
    row = [_fields(column) for column in columns]
    table = np.empty(rows, dtype=_layout(tuple((fields.form, fields.count) for fields in row)))
    table["count"] = sum(fields.count for fields in row)
    for position, fields in enumerate(row):
        place = table[str(position)]
        place["length"] = fields.width if fields.lengths is None else fields.lengths
        place["value"] = fields.values
    return table.tobytes() if all(fields.lengths is None for fields in row) else _shortened(table, row)


@lru_cache(maxsize=128)
def _layout(row: tuple[tuple[str, int], ...]) -> np.dtype[np.void]:
    """Return a row's bytes, all of them: the count of its fields, then each one's length and value."""
    parts = [(str(n), [("length", ">i4"), ("value", form)], (count,)) for n, (form, count) in enumerate(row)]
    return np.dtype([("count", ">i2"), *parts])


def _shortened(table: NDArray[np.void], row: Sequence[_Fields]) -> bytes:
    """Return the bytes of ``table`` but for those that its fields do not have."""
    size = table.dtype.itemsize
    places = list(pairwise(accumulate((fields.bytes_of_row for fields in row), initial=_COUNT_BYTES)))
    # In the largest pieces that fit: leaving out is what takes the time, and nearly all are whole words.
    cuts = [
        n
        for fields, (start, _) in zip(row, places, strict=True)
        for n in (start, fields.step)
        if fields.lengths is not None
    ]
    piece = math.gcd(_LENGTH_BYTES, size, *cuts)
    keep = np.ones((len(table), size // piece), dtype=np.bool_)
    for fields, (start, beyond) in zip(row, places, strict=True):
        if fields.lengths is not None:
            kept = keep[:, start // piece : beyond // piece].reshape(len(table), fields.count, -1)
            there = np.arange(0, fields.width, piece) < fields.lengths[:, :, None]
            kept[:, :, _LENGTH_BYTES // piece :] = there
    return np.compress(keep.ravel(), table.view(f"u{piece}")).tobytes()


def _fields(column: Column) -> _Fields:
    if isinstance(column, BytesColumn):
        return _ragged(column.values)
    if isinstance(column, RealColumns):
        values = reals([line[column.rows] for line in column.values])
        return _fixed(values.T, ~np.isfinite(values).T, ">f4")
    missing = None if column.missing is None else column.missing[:, None]
    return _fixed(column.values[:, None], missing, column.values.dtype.str)


def _fixed(values: NDArray[np.generic], missing: Mask | None, form: str) -> _Fields:
    width = values.dtype.itemsize
    lengths = None
    if missing is not None and missing.any():
        lengths = np.multiply(missing, -1 - width, dtype=np.int32)
        lengths += width
    return _Fields(form=form, values=values, lengths=lengths, step=math.gcd(_LENGTH_BYTES, width))


def _ragged(values: Sequence[bytes | None]) -> _Fields:
    lengths = np.array([-1 if v is None else len(v) for v in values], dtype=np.int32)
    # A field of zero bytes cannot stand in a numpy record.
    width = int(lengths.max(initial=0)) or _LENGTH_BYTES
    padded = b"".join((v or b"").ljust(width, b"\0") for v in values)
    return _Fields(
        form=f"V{width}",
        values=np.frombuffer(padded, dtype=f"V{width}")[:, None],
        lengths=lengths[:, None],
        step=math.gcd(width, *set(lengths[lengths > 0].tolist())),
    )


def instants(microseconds: NDArray[np.datetime64]) -> FixedColumn:
    """Return UTC instants as ``timestamptz``; NaT becomes NULL."""
    missing = np.isnat(microseconds)
    counted = microseconds.astype("datetime64[us]").astype(np.int64) - POSTGRES_EPOCH_US
    return FixedColumn(values=counted.astype(">i8"), missing=missing if missing.any() else None)


def reals(values: ArrayLike) -> NDArray[np.float32]:
    """Return values in single precision; what is too large for it becomes infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype=np.float32)


def float_array(value: Sequence[float]) -> bytes:
    """Return the binary form of a ``real[]``; what is no number or too large becomes a NULL element."""
    return _array([struct.pack(">f", x) if abs(x) <= REAL_MOST else None for x in value], REAL_OID)


def integer_array(value: Sequence[float]) -> bytes:
    """Return the binary form of an ``integer[]``; what is no number or too large becomes a NULL element."""
    return _array([struct.pack(">i", int(x)) if abs(x) <= INTEGER_MOST else None for x in value], INTEGER_OID)


def document(text: bytes) -> bytes:
    """Return the binary form of a ``jsonb`` value: version 1 of its format, then the text.

    Blanks behind it, which ``jsonb`` does not keep, fill its last word.
    """
    return b"\x01" + text + b" " * (-(1 + len(text)) % _LENGTH_BYTES)


def _array(elements: Sequence[bytes | None], oid: int) -> bytes:
    if not elements:
        return struct.pack(">iiI", 0, 0, oid)
    head = struct.pack(">iiIii", 1, int(None in elements), oid, len(elements), 1)
    null = struct.pack(">i", -1)
    return head + b"".join(null if e is None else struct.pack(">i", len(e)) + e for e in elements)
