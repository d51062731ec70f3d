"""What a frame is about, in words."""

from protocols.dlt645.explain_orders import explain_in_full
from protocols.dlt645.explain_values import subject_of
from protocols.dlt645.frame import Frame

METER = "123456789012"


def test_what_a_write_would_set_is_read_by_the_catalogue() -> None:
    """04000106, the switch time of the zone tables, with a month that no calendar has."""
    written = bytes.fromhex("06010004 04 563412 78563412 0000 01 25 11")
    told = subject_of(Frame(METER, 0x14, written).encode())
    assert told is not None
    (field,) = told.fields
    assert (field.text, field.is_impossible) == ("2011-25-01 00:00", True)
    assert field.value.endswith("(impossible time 时间不可能)")


def test_a_write_of_1997_has_no_operator_before_its_content() -> None:
    """Published: date and weekday to every meter of the line."""
    told = subject_of(bytes.fromhex("68 99 99 99 99 99 99 68 04 0A 43 F3 33 33 33 33 39 39 3A 4C 6E 16"))
    assert told is not None
    assert [field.text for field in told.fields] == ["2019-07-06 w06"]


def test_neither_a_refusal_nor_a_question_has_fields() -> None:
    for frame in (Frame(METER, 0xD1, b"\x02"), Frame(METER, 0x11, bytes.fromhex("00010000"))):
        told = subject_of(frame.encode())
        assert told is None or told.fields == ()


def test_a_question_for_load_records_says_how_many_and_from_when() -> None:
    asked = explain_in_full(Frame(METER, 0x11, bytes.fromhex("01000406 08 00 15 24 11 26")).encode())
    assert (asked["blocks"], asked["from"]) == (8, "2026-11-24 15:00")
    assert "impossible_time" not in asked
