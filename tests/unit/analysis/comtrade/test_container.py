"""The parts of a .cff file."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comtrade.container import split_container
from pipeline.errors import DataError


def test_the_parts_of_an_ascii_container() -> None:
    raw = b"--- file type: CFG ---\r\nst,dev,2013\r\n--- file type: INF ---\r\n\r\n"
    raw += b"--- file type: DAT ASCII ---\r\n1,0,5\r\n"
    assert split_container(raw, "a.cff") == (b"st,dev,2013\r\n", b"1,0,5\r\n")


@pytest.mark.parametrize("form", [b"BINARY", b"binary32", b"FLOAT32"])
def test_binary_data_may_look_like_a_head(form: bytes) -> None:
    data = b"\x00\n--- file type: HDR ---\n\xff"
    head = b"--- file type: CFG ---\nst,dev,2013\n--- file type: DAT " + form + b": %d ---\n" % len(data)
    assert split_container(head + data + b"\r\n", "a.cff") == (b"st,dev,2013\n", data)


def test_a_length_that_is_left_out_is_the_rest() -> None:
    raw = b"--- FILE TYPE: CFG ---\nx\n---file type:DAT BINARY---\n\x01\x02"
    assert split_container(raw.replace(b"---file type:DAT", b"--- file type: DAT"), "a.cff")[1] == b"\x01\x02"


@pytest.mark.parametrize(("raw", "part"), [(b"", "CFG"), (b"--- file type: CFG ---\nx\n", "DAT")])
def test_a_missing_part_is_named(raw: bytes, part: str) -> None:
    with pytest.raises(DataError, match=f"a.cff: there is no part '--- file type: {part} ---'"):
        split_container(raw, "a.cff")


@given(st.binary())
def test_any_bytes_give_parts_or_a_data_error(raw: bytes) -> None:
    with suppress(DataError):
        split_container(raw, "a.cff")
