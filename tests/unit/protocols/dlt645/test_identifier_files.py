"""What the catalogue's data say of themselves."""

from protocols.dlt645.catalogue import lookup
from protocols.dlt645.identifier_files import open_questions, rows


def test_what_no_source_says_is_told_in_the_data() -> None:
    report = lookup(bytes.fromhex("04001501")[::-1])
    assert report is not None
    assert "bits" in report.row.to_confirm
    told = {question.di: question for question in open_questions()}
    assert any(di.startswith("06") for di in told)
    assert any("FC" in di for di in told)
    assert all(question.to_confirm and question.source in {"MEM", "FW"} for question in told.values())


def test_whole_records_of_2013_are_not_guessed() -> None:
    for di in ("1001FC01", "1001FD01", "1001FF01", "1D00FF01"):
        assert lookup(bytes.fromhex(di)[::-1]) is None


def test_every_row_names_a_source() -> None:
    for size in (2, 4):
        assert {row.source for row in rows(size)} <= {"STD", "FW", "LOG", "MEM"}
