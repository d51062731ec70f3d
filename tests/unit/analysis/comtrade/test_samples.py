"""Stored numbers in every form: whole, with missing values, cut off, damaged."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comtrade.configuration import Configuration, parse_configuration
from analysis.comtrade.samples import parse_samples
from pipeline.errors import DataError
from tests.unit.analysis.comtrade.records import ascii_data, binary, configuration

ROWS = [[1, -2], [300, -400], [-32767, 32767], [7, 0]]
BINARY_FORMS = ["BINARY", "BINARY32", "FLOAT32"]


def read(form: str = "ASCII", edition: str = "1999", status: int = 2) -> Configuration:
    return parse_configuration(configuration(form=form, edition=edition, status=status), "a.cfg")


@pytest.mark.parametrize("status", [0, 2, 16, 17])
@pytest.mark.parametrize("form", BINARY_FORMS)
def test_binary_forms(form: str, status: int) -> None:
    found = parse_samples(binary(form, ROWS, status), read(form, status=status), "a.dat")
    assert found.values.T.tolist() == ROWS
    assert found.numbers.tolist() == [1, 2, 3, 4]
    assert found.times.tolist() == [0, 1000, 2000, 3000]
    assert found.notes == ()


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", ",\r\n"])
def test_ascii_with_every_line_end(end: str) -> None:
    found = parse_samples(ascii_data(ROWS, end=end) + b"\x1a", read(), "a.dat")
    assert found.values.T.tolist() == ROWS


@pytest.mark.parametrize(
    ("form", "mark"), [("BINARY", -0x8000), ("BINARY32", -0x80000000), ("FLOAT32", -3.4028234663852886e38)]
)
def test_the_lowest_number_is_a_missing_value(form: str, mark: float) -> None:
    found = parse_samples(binary(form, [[1, mark], [mark, 2]]), read(form), "a.dat")
    assert np.isnan(found.values).tolist() == [[False, True], [True, False]]


def test_minus_one_is_a_value_in_1991() -> None:
    found = parse_samples(binary("BINARY", [[-1, -2]]), read("BINARY", "1991"), "a.dat")
    assert found.values.T.tolist() == [[-1.0, -2.0]]


@pytest.mark.parametrize("mark", ["", " ", "99999"])
def test_missing_values_in_ascii(mark: str) -> None:
    found = parse_samples(ascii_data([[1, mark], [mark, 2]]), read(), "a.dat")
    assert np.isnan(found.values).tolist() == [[False, True], [True, False]]


def test_times_may_be_missing() -> None:
    found = parse_samples(binary("BINARY", [[1, 2]], times=[0xFFFFFFFF]), read("BINARY"), "a.dat")
    assert np.isnan(found.times).all()
    assert np.isnan(parse_samples(b"1,,5,6,0,0\r\n", read(), "a.dat").times).all()


@pytest.mark.parametrize("form", BINARY_FORMS)
def test_a_cut_off_binary_file_gives_what_is_there_and_says_so(form: str) -> None:
    raw = binary(form, ROWS)
    found = parse_samples(raw[:-3], read(form), "a.dat")
    assert found.values.T.tolist() == ROWS[:3]
    assert "no whole sample" in found.notes[0]
    assert parse_samples(raw + b"\x1a", read(form), "a.dat").notes == ()


def test_a_cut_off_ascii_file_gives_what_is_there_and_says_so() -> None:
    found = parse_samples(ascii_data(ROWS)[:-12], read(), "a.dat")
    assert found.values.T.tolist() == ROWS[:3]
    assert "line 4: the file breaks off" in found.notes[0]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            b"1,0,5,6,0,0\n2,1000,5\n3,2000,5,6,0,0\n",
            r"a\.dat, line 2: a sample has 6 fields, this one has 3",
        ),
        (b"1,0,5,6,0,0\n2,1000,5,abc,0,0\n", r"a\.dat, line 2, field 4: expected a number, not 'abc'"),
        (b"", r"a\.dat: there is no whole sample in its 0 bytes, expected 4"),
        (b"1,0", r"there is no whole sample"),
    ],
)
def test_what_is_wrong_in_ascii_is_named_with_its_line(raw: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_samples(raw, read(), "a.dat")


@pytest.mark.parametrize("form", ["ASCII", *BINARY_FORMS])
@given(raw=st.binary(max_size=80))
def test_any_bytes_give_samples_or_a_data_error(form: str, raw: bytes) -> None:
    with suppress(DataError):
        parse_samples(raw, read(form), "a.dat")


@given(st.data())
def test_damaged_ascii_gives_samples_or_a_data_error(data: st.DataObject) -> None:
    raw = bytearray(ascii_data(ROWS))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from(b"\r\n,9-e.x\x1a\xff#"))
    with suppress(DataError):
        parse_samples(bytes(raw), read(), "a.dat")
