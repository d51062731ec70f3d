"""Whatever is stored, many frames at once give what one by one gives."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DecodeError, FrameError
from pipeline.model import Quality, Value
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import build
from protocols.dlt645.replay import AnswerColumns, ReadAnswer, read_answer, replay

CONTROLS = st.sampled_from([0x91, 0x91, 0x91, 0x81, 0xB1, 0xD1, 0x11])
IDENTIFIERS = st.sampled_from(
    [
        bytes.fromhex(di)[::-1]
        for di in (
            *("00010000", "0001FF00", "00000000", "0000FF00", "0003FF00", "01010000", "0101FF00"),
            *("0201FF00", "0202FF00", "0203FF00", "0206FF00", "020A01FF", "02800002", "04000501", "040005FF"),
            *("05060101", "06010001", "04000101", "9010", "901F", "B611", "B630", "A010", "FFFFFFFF"),
        )
    ]
)
DIGITS = st.integers(0, 99).map(lambda number: int(f"{number:02d}", 16))
CONTENT = st.lists(DIGITS | st.sampled_from([0x80, 0x83, 0xFF, 0xAA, 0x1A]), max_size=48).map(bytes)
ANSWERS = st.builds(
    lambda address, control, identifier, content: build(address, control, identifier + content),
    st.binary(min_size=6, max_size=6),
    CONTROLS,
    IDENTIFIERS,
    CONTENT,
)
FRAMES = st.lists(ANSWERS | st.binary(max_size=40), max_size=12)
DECODERS = st.sampled_from([Decoder(wiring, DEFAULT_ZONE) for wiring in Wiring])


def one(raw: bytes, decoder: Decoder) -> ReadAnswer | None:
    try:
        return read_answer(raw, decoder)
    except (FrameError, DecodeError):
        return None


def row_of(columns: AnswerColumns, place: int) -> dict[Quantity, Value]:
    """Return the values of one row, as a single read gives them."""
    values: dict[Quantity, Value] = {}
    for quantity, column in columns.numbers.items():
        cell = column[place]
        if column.ndim > 1:
            values[quantity] = tuple(cell.tolist())
        elif not math.isnan(cell):
            values[quantity] = float(cell)
    return values


def same(left: dict[Quantity, Value], right: dict[Quantity, Value]) -> bool:
    return left.keys() == right.keys() and all(
        np.array_equal(np.asarray(left[q]), np.asarray(right[q]), equal_nan=True) for q in left
    )


@given(frames=FRAMES, decoder=DECODERS)
def test_many_at_once_give_what_one_by_one_gives(frames: list[bytes], decoder: Decoder) -> None:
    done = replay(frames, decoder)
    singles = [one(raw, decoder) for raw in frames]
    assert done.left.tolist() == [row for row, single in enumerate(singles) if single is None]
    seen: list[int] = []
    for columns in done.columns:
        for place, row in enumerate(columns.rows.tolist()):
            single = singles[row]
            assert single is not None
            seen.append(row)
            assert f"{columns.addresses[place]:012X}" == single.address
            assert same(row_of(columns, place), single.values)
            odd = {q: Quality(int(f[place])) for q, f in columns.flags.items() if f[place]}
            assert odd == single.flags
    assert sorted([*seen, *done.left.tolist()]) == list(range(len(frames)))
