"""What an answer means may hang on what the meter said before."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.events import EventCount, EventKind, MeterEvent
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import read_query
from protocols.dlt645.records import LoadBlock, encode_block
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.version import VERSION_1997
from protocols.session import Answer

ADDRESS = "123456789012"
Q = Quantity


def session() -> Dlt645Session:
    return Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZoneInfo("Asia/Shanghai")))


def answer(di: str, content: str, control: int = 0x91) -> bytes:
    return Frame(ADDRESS, control, bytes.fromhex(di)[::-1] + bytes.fromhex(content)).encode()


def said(talk: Dlt645Session, di: str, content: str, control: int = 0x91) -> Answer:
    talk.ask(read_query(bytes.fromhex(di)[::-1], 40))
    talk.receive_data(answer(di, content, control))
    event = talk.next_event()
    assert isinstance(event, Answer)
    return event


def test_combined_reactive_energy_is_a_quantity_only_after_its_word() -> None:
    talk = session()
    before = said(talk, "00030000", "78563412")
    assert before.values == {}
    assert before.facts == {"combined reactive energy 1, total": "123456.78 kvarh"}
    said(talk, "04000602", "05")
    assert said(talk, "00030000", "78563412").values == {Q.REACTIVE_ENERGY_IMPORT: 123456.78}
    said(talk, "04000602", "41")  # set anew: quadrants I and IV
    assert said(talk, "00030000", "78563412").values == {}


def test_combined_energy_in_load_records_follows_the_word_too() -> None:
    talk = session()
    said(talk, "04000602", "05")
    sections = {4: bytes.fromhex("00010000 00000000 00020000 00030000")}
    block = encode_block(LoadBlock(stored_at=bytes.fromhex("0000250925"), sections=sections), 4)
    found = said(talk, "06040001", block.hex())
    assert found.records[0].values == {
        Q.ACTIVE_ENERGY_IMPORT: 1.0,
        Q.ACTIVE_ENERGY_EXPORT: 0.0,
        Q.REACTIVE_ENERGY_IMPORT: 2.0,
    }


def test_past_periods_become_records_between_two_looks_at_the_clock() -> None:
    talk = session()
    clock = "00000803100326"  # ss mm hh WW DD MM YY: 2026-03-10 08:00:00
    said(talk, "0400010C", clock)
    said(talk, "04000B01", "0001")
    said(talk, "04000B02", "9999")
    first = said(talk, "0001FF01", "00010000 00010000")
    assert (first.values, first.records) == ({}, ())
    assert first.facts["forward active energy, 1 periods ago, total"] == "1.00 kWh"
    [record] = said(talk, "0400010C", "30" + clock[2:]).records
    assert record.taken_at == datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight of 1 March
    assert record.values == {Q.ACTIVE_ENERGY_IMPORT: 1.0, Q.ACTIVE_ENERGY_IMPORT_T1: 1.0}


def test_the_clock_tells_the_year_of_the_highest_voltage() -> None:
    content = "010000 000100 000000 020000 030000 5223 30120228 0121 15060103".replace(" ", "")
    talk = session()
    assert Q.VOLTAGE_HIGHEST_AT not in said(talk, "03100000", content).values
    said(talk, "0400010C", "00000803100326")
    found = said(talk, "03100000", content).values
    assert found[Q.VOLTAGE_MINUTES_MONITORED] == 1.0
    assert found[Q.VOLTAGE_MINUTES_OVER] == 2.0
    assert found[Q.VOLTAGE_HIGHEST] == 235.2
    assert found[Q.VOLTAGE_LOWEST] == 210.1
    # 03-01 06:15 is past; 28-02 12:30 is no date (month 28) and stays missing.
    assert found[Q.VOLTAGE_LOWEST_AT] == datetime(2026, 2, 28, 22, 15, tzinfo=UTC).timestamp()
    assert Q.VOLTAGE_HIGHEST_AT not in found


@pytest.mark.parametrize(("di", "phase"), [("03100100", "a"), ("03100200", "b"), ("03100300", "c")])
def test_the_statistics_of_a_phase_are_those_of_that_phase(di: str, phase: str) -> None:
    content = "010000 000100 000000 020000 030000 5223 30120228 0121 15060103".replace(" ", "")
    talk = session()
    said(talk, "0400010C", "00000803100326")
    found = said(talk, di, content).values
    assert {str(name): value for name, value in found.items() if not name.endswith("_at")} == {
        f"voltage_minutes_monitored_{phase}": 1.0,
        f"voltage_minutes_over_{phase}": 2.0,
        f"voltage_minutes_under_{phase}": 3.0,
        f"voltage_highest_{phase}": 235.2,
        f"voltage_lowest_{phase}": 210.1,
    }
    assert f"voltage_lowest_{phase}_at" in set(found)


def test_an_event_record_is_an_event_and_its_counter_counts() -> None:
    found = said(session(), "03110001", "000012250925 301512250925")
    at = datetime(2025, 9, 25, 4, tzinfo=UTC)
    assert found.events == (
        MeterEvent(
            kind=EventKind.POWER_DOWN, number=1, starts_at=at, ends_at=at + timedelta(minutes=15, seconds=30)
        ),
    )
    counted = said(session(), "03110000", "120000").events
    assert counted == (EventCount(kind=EventKind.POWER_DOWN, count=12),)


def test_a_parameter_is_told_by_its_name() -> None:
    assert said(session(), "04000409", "001200").facts == {"active constant": "1200 imp/kWh"}


def test_an_event_record_in_two_frames_is_read_as_far_as_it_has_come() -> None:
    talk = session()
    first = said(talk, "03010101", "000012250925" + "00" * 6, control=0xB1)
    assert first.more is not None
    [begun] = first.events
    assert isinstance(begun, MeterEvent)
    assert begun.values == {}
    talk.ask(first.more)
    talk.receive_data(answer("03010101", "01000000 01", control=0x92))
    last = talk.next_event()
    assert isinstance(last, Answer)
    [event] = last.events
    assert isinstance(event, MeterEvent)
    assert event.values == {"total forward active energy increment": "0.01 kWh"}


def test_a_settlement_day_that_was_lost_leaves_its_periods_without_a_date_and_a_refused_one_does_not() -> (
    None
):
    clock = "00000803100326"  # 2026-03-10 08:00:00
    for reply, dated in ((b"", 0), (Frame(ADDRESS, 0xD1, b"\x02").encode(), 1)):
        talk = session()
        said(talk, "0400010C", clock)
        said(talk, "04000B01", "0001")
        talk.ask(read_query(bytes.fromhex("020B0004"), 2))
        talk.receive_data(reply)
        talk.next_event()
        said(talk, "00010001", "00010000")
        assert len(said(talk, "0400010C", clock).records) == dated


def test_another_error_does_not_say_that_there_is_no_such_freeze() -> None:
    """Bit 0 alone may be a passing trouble: it proves nothing of the freezes beside it."""
    for error, proved in ((b"\x01", 0), (b"\x02", 1)):
        talk = session()
        said(talk, "05060002", "0000090326")
        said(talk, "05060102", "00010000")
        talk.ask(read_query(bytes.fromhex("03000605"), 5))
        talk.receive_data(Frame(ADDRESS, 0xD1, error).encode())
        talk.next_event()
        assert len(said(talk, "05060004", "0000070326").records) == proved


def test_an_identifier_with_number_zero_is_asked_as_it_is() -> None:
    """05060000 is no question for a day's freeze, which would have the day behind it."""
    asked = session().ask(read_query(bytes.fromhex("00000605"), 5))
    assert Frame.decode(asked.lstrip(b"\xfe")).data == bytes.fromhex("00000605")


def test_last_month_s_register_of_1997_is_dated_by_the_day_of_automatic_reading() -> None:
    talk = Dlt645Session(
        ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZoneInfo("Asia/Shanghai")), VERSION_1997
    )

    def heard(di: str, content: str) -> Answer:
        talk.ask(read_query(bytes.fromhex(di)[::-1], 40, version=VERSION_1997))
        talk.receive_data(answer(di, content, 0x81))
        event = talk.next_event()
        assert isinstance(event, Answer)
        return event

    def look_at_the_clock() -> Answer:
        heard("C010", "03100326")
        return heard("C011", "000008")

    look_at_the_clock()
    heard("C117", "0005")  # the fifth at 00
    assert heard("9410", "00010000").facts == {"forward active energy, 1 months ago, total": "1.00 kWh"}
    heard("9810", "00020000")
    assert [(record.taken_at, record.values) for record in look_at_the_clock().records] == [
        (datetime(2026, 3, 4, 16, tzinfo=UTC), {Q.ACTIVE_ENERGY_IMPORT: 1.0}),
        (datetime(2026, 2, 4, 16, tzinfo=UTC), {Q.ACTIVE_ENERGY_IMPORT: 2.0}),
    ]
