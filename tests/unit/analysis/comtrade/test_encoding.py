"""Names in the code pages of many countries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comtrade.encoding import decoded, lines_of


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain,ASCII", "utf-8"),
        ("母线电压,Ua", "utf-8"),
        ("110kV母线A相电压,Ua", "gb18030"),
        ("A相,B相,C相", "gb18030"),
        ("Ток фазы,Напряжение", "cp1251"),
        ("ШИНА", "cp1251"),
        ("фаза", "cp1251"),
    ],
)
def test_the_code_page_is_told_by_the_bytes(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == (text, encoding)


def test_a_byte_order_mark_is_no_letter() -> None:
    assert decoded(b"\xef\xbb\xbfstation")[0] == "station"


@given(st.binary())
def test_any_bytes_have_a_text(raw: bytes) -> None:
    text, _ = decoded(raw)
    assert isinstance(text, str)


def test_all_line_ends_and_the_end_of_file_mark() -> None:
    assert lines_of("a\r\nb\rc\nd\x1a\x1a") == ["a", "b", "c", "d"]
