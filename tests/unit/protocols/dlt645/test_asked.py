"""Identifiers as a person writes them, and answers in parts."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.events import EventKind
from protocols.dlt645.asked import freeze_time_query, identifier_bytes, identifier_query, joined_content
from protocols.dlt645.events import counter_queries, event_asked, words_of_event
from protocols.dlt645.frame import Frame
from protocols.dlt645.version import VERSION_1997, VERSION_2007

SINCE = datetime(2026, 11, 24, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_load_records_from_a_time_on_are_asked_as_the_standard_says() -> None:
    """11, DI, N, mm hh DD MM YY (table of function 11, L = 0AH)."""
    query = identifier_query(bytes.fromhex("01000406"), VERSION_2007, SINCE, 5)
    assert query.body == bytes.fromhex("11 01000406 05 30 15 24 11 26")


@pytest.mark.parametrize(("digits", "count"), [("06040002", 7), ("06000000", 1)])
def test_as_many_load_records_are_asked_as_one_frame_holds(digits: str, count: int) -> None:
    """Blocks of 27 and 103 bytes in the 196 that an answer has beside its identifier."""
    wire = identifier_bytes(digits, VERSION_2007)
    assert identifier_query(wire, VERSION_2007, None, None).body == b"\x11" + wire + bytes((count,))


@pytest.mark.parametrize("blocks", [0, 256])
def test_a_number_of_blocks_that_is_no_byte_is_refused(blocks: int) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        identifier_query(bytes.fromhex("02000406"), VERSION_2007, None, blocks)


def test_other_identifiers_carry_nothing_beside_themselves() -> None:
    assert identifier_query(b"\x10\x90", VERSION_1997, SINCE, 3).body == bytes.fromhex("01 1090")


@pytest.mark.parametrize(
    ("digits", "time"),
    [
        ("05060102", "05060002"),
        ("05000901", "05000001"),
        ("05060001", None),
        ("050601FF", None),
        ("00010000", None),
    ],
)
def test_a_freezes_time_has_an_identifier_of_its_own(digits: str, time: str | None) -> None:
    query = freeze_time_query(bytes.fromhex(digits)[::-1])
    assert (query.what if query is not None else None) == time


def test_following_parts_are_joined_without_their_numbers() -> None:
    di = bytes.fromhex("01000406")
    parts = [Frame("1" * 12, 0xB1, di + b"\xa0\xa1"), Frame("1" * 12, 0x92, di + b"\xa2\x01")]
    assert joined_content([part.encode() for part in parts], VERSION_2007) == b"\xa0\xa1\xa2"
    old = [Frame("1" * 12, 0xA1, b"\x1f\x90\x01"), Frame("1" * 12, 0x82, b"\x1f\x90\x02")]
    assert joined_content([part.encode() for part in old], VERSION_1997) == b"\x01\x02"


def test_every_kind_of_event_has_a_name_in_both_languages() -> None:
    for kind in EventKind:
        english, chinese = words_of_event(kind)
        assert english
        assert chinese
        assert not chinese.isascii()
    assert words_of_event(EventKind.VOLTAGE_LOSS, "b") == ("loss of voltage, phase B", "失压(B相)")


def test_a_counters_question_tells_what_it_counts() -> None:
    for kind in EventKind:
        for query in counter_queries([kind]):
            asked = event_asked(query)
            assert asked is not None
            assert asked[0] is kind


def test_a_password_is_not_asked_for() -> None:
    with pytest.raises(ValueError, match="04000C05 is a password: it is written, never read"):
        identifier_query(bytes.fromhex("050C0004"), VERSION_2007, None, None)
