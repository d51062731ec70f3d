"""The stream that numpy builds is the one that psycopg's own binary COPY would send."""

from __future__ import annotations

import math
import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from storage import pgcopy
from storage.pgcopy import BytesColumn, FixedColumn

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
