"""The stream that numpy builds is the one that psycopg's own binary COPY would send."""

from __future__ import annotations

import math
import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from storage import pgcopy
from storage.pgcopy import BytesColumn, FixedColumn, RealColumns

CELLS = st.tuples(
    st.integers(-(2**31), 2**31 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.binary(max_size=20),
)


def field(content: bytes | None) -> bytes:
    return struct.pack(">i", -1) if content is None else struct.pack(">i", len(content)) + content


@given(rows=st.lists(CELLS, min_size=1, max_size=20))
def test_every_row_is_its_fields_with_their_lengths(
    rows: list[tuple[int, float | None, bytes | None]],
) -> None:
    numbers = np.array([math.nan if x is None else x for _, x, _ in rows])
    stream = pgcopy.encode(
        [
            FixedColumn(values=np.array([n for n, _, _ in rows], dtype=">i4")),
            FixedColumn(values=numbers.astype(">f8"), missing=np.isnan(numbers)),
            BytesColumn(values=[b for _, _, b in rows]),
        ],
        len(rows),
    )
    expected = b"".join(
        struct.pack(">h", 3)
        + field(struct.pack(">i", n))
        + field(None if x is None else struct.pack(">d", x))
        + field(b)
        for n, x, b in rows
    )
    assert stream == pgcopy.SIGNATURE + expected + pgcopy.TRAILER


REALS = st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    rows=st.lists(st.tuples(REALS, REALS, st.none() | st.binary(max_size=3)), min_size=1, max_size=20),
    backwards=st.booleans(),
    is_even=st.booleans(),
)
def test_reals_that_are_missing_are_left_out_in_whatever_order_they_are_sent(
    rows: list[tuple[float | None, float | None, bytes | None]], *, backwards: bool, is_even: bool
) -> None:
    lines = [np.array([math.nan if row[i] is None else row[i] for row in rows]) for i in (0, 1)]
    order = np.arange(len(rows))[:: -1 if backwards else 1]
    texts = [] if is_even else [BytesColumn(values=[rows[row][2] for row in order])]
    numbers = FixedColumn(values=order.astype(">i2"))
    stream = pgcopy.encode([numbers, RealColumns(values=lines, rows=order), *texts], len(rows))
    expected = b"".join(
        struct.pack(">h", 3 + len(texts))
        + field(struct.pack(">h", row))
        + b"".join(field(None if x is None else struct.pack(">f", x)) for x in rows[row][:2])
        + (b"" if is_even else field(rows[row][2]))
        for row in order
    )
    assert stream == pgcopy.SIGNATURE + expected + pgcopy.TRAILER


def test_a_real_that_is_no_number_or_too_large_is_null() -> None:
    line = np.array([math.inf, 1e39, math.nan, -1e300, 1.0])
    stream = pgcopy.encode([RealColumns(values=[line], rows=np.arange(5))], 5)
    null, one = struct.pack(">hi", 1, -1), struct.pack(">hif", 1, 4, 1.0)
    assert stream == pgcopy.SIGNATURE + 4 * null + one + pgcopy.TRAILER


@given(text=st.binary(max_size=20))
def test_a_document_fills_whole_words_with_blanks(text: bytes) -> None:
    made = pgcopy.document(text)
    assert len(made) % 4 == 0
    assert made.rstrip(b" ") == (b"\x01" + text).rstrip(b" ")
    assert len(made) - len(text) <= 4
