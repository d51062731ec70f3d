"""Tables of samples, right and wrong."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.waveform.record import ChannelKind
from analysis.waveform.table import parse_table
from pipeline.errors import DataError


def test_columns_become_channels() -> None:
    found = parse_table("time_s, u_ab ,i_c,note\r\n0,1,2,3\r\n0.001,4,,6\r\n", "a.csv")
    assert [(c.name, c.kind, c.phase) for c in found.channels] == [
        ("u_ab", ChannelKind.VOLTAGE, "ab"),
        ("i_c", ChannelKind.CURRENT, "c"),
        ("note", ChannelKind.OTHER, ""),
    ]
    assert found.stretches[0].rate_hz == pytest.approx(1000.0)
    assert np.isnan(found.stretches[0].samples[1, 1])


def test_a_gap_parts_the_record() -> None:
    rows = [f"{0.001 * n:.3f},1" for n in (0, 1, 2, 50, 51, 52)]
    assert len(parse_table("time_s,u_a\n" + "\n".join(rows), "a.csv").stretches) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"line 1: the first column must be time_s, not ''"),
        ("u_a,time_s\n1,0\n", r"line 1: the first column must be time_s, not 'u_a'"),
        ("time_s\n0\n", r"line 1: there is no channel"),
        ("time_s,u_a,u_a\n", r"line 1: two columns are called u_a"),
        ("time_s,,u_a\n", r"line 1: column 2 has no name"),
        ("time_s,u_a\n0,1\n", r"at least two samples, here are 1"),
        ("time_s,u_a\n0,1\n1\n", r"line 3: expected 2 cells, not 1"),
        ("time_s,u_a\n0,1\n0.001,abc\n", r"line 3, column u_a: expected a number, not 'abc'"),
        ("time_s,u_a\n0,1\n0.001,inf\n", r"line 3, column u_a: expected a number, not 'inf'"),
        ("time_s,u_a\n0,1\n0,2\n", r"column time_s, sample 2: its time"),
        ("time_s,u_a\n0,1\n,2\n", r"line 3, column time_s: is empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        parse_table(text, "a.csv")
    assert "a.csv" in str(raised.value)


@given(st.text(alphabet="time_s,ua0123.e-\n\r#\"' 母", max_size=80))
def test_any_text_gives_a_record_or_a_data_error(text: str) -> None:
    with suppress(DataError):
        parse_table("time_s,u_a\n" + text, "a.csv")
