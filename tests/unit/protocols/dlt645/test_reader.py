"""What an answer means may hang on what the meter said before."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.events import EventCount, EventKind, MeterEvent
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import read_query
from protocols.dlt645.records import LoadBlock, encode_block
from protocols.dlt645.session import Dlt645Session
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
