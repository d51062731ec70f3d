import pytest

from reports.spreadsheet import csv_bytes, guarded


@pytest.mark.parametrize("planted", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_would_be_a_formula_has_an_apostrophe_before_it(planted: str) -> None:
    assert guarded(planted) == f"'{planted}"


def test_other_texts_stay() -> None:
    assert [guarded(text) for text in ("", "东风路", "a=b", "0012")] == ["", "东风路", "a=b", "0012"]


def test_lines_bear_the_mark_that_tells_spreadsheets_of_utf_8() -> None:
    assert csv_bytes([("客户", 1), ("a,b", None)]) == '\ufeff客户,1\r\n"a,b",\r\n'.encode()
