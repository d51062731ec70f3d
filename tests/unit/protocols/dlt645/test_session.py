from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import Quality, Value
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame
from protocols.dlt645.planner import address_query, load_record_queries, read_query
from protocols.dlt645.records import LoadBlock, encode_block
from protocols.dlt645.session import DATE, DATE_AND_TIME, TIME, Dlt645Session
from protocols.session import Answer, Dropped, DropReason, Event, NeedData, Query, Refused

ADDRESS = "123456789012"
ZONE = ZoneInfo("Asia/Shanghai")
Q = Quantity


def session(wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE, address: str = ADDRESS) -> Dlt645Session:
    return Dlt645Session(address, Decoder(wiring, ZONE))


def query(di: str) -> Query:
    return read_query(bytes.fromhex(di)[::-1], 40)


def answer(di: str, content: str, control: int = 0x91, address: str = ADDRESS) -> bytes:
    return Frame(address, control, bytes.fromhex(di)[::-1] + bytes.fromhex(content)).encode()


def events(talk: Dlt645Session, di: str, *received: bytes) -> list[Event]:
    talk.ask(query(di))
    for chunk in received:
        talk.receive_data(chunk)
    found: list[Event] = []
    while not isinstance(event := talk.next_event(), NeedData):
        found.append(event)
    return found


def values(di: str, content: str, wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE) -> dict[Quantity, Value]:
    [event] = events(session(wiring), di, answer(di, content))
    assert isinstance(event, Answer)
    return dict(event.values)


def test_the_question_of_the_reference_goes_out_with_its_preamble() -> None:
    wire = bytes.fromhex("FE FE FE FE 68 12 90 78 56 34 12 68 11 04 33 34 34 35 6B 16")
    assert session().ask(query("02010100")) == wire


def test_the_answer_of_figure_nine_becomes_a_value() -> None:
    raw = bytes.fromhex("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16")
    [event] = events(session(), "00010000", raw)
    assert event == Answer(query=query("00010000"), raw=raw, values={Q.ACTIVE_ENERGY_IMPORT: 123456.78})


def test_a_block_of_a_real_meter_gives_total_and_rates() -> None:
    raw = bytes.fromhex(
        "68 00 36 19 00 00 00 68 91 18 33 32 34 33 63 69 33 33 89 35 33 33 4C 33 33 33 6B 33 33 33"
        "4A 66 33 33 E9 16"
    )
    [event] = events(session(address="193600"), "0001FF00", raw)
    assert isinstance(event, Answer)
    assert list(event.values.values()) == [36.30, 2.56, 0.19, 0.38, 33.17]
    assert Q.ACTIVE_ENERGY_IMPORT_T4 in event.values


def test_absent_phases_have_no_entry() -> None:
    raw = bytes.fromhex("68 12 00 00 00 10 20 68 91 0A 33 32 34 35 89 55 32 32 32 32 21 16")
    [event] = events(session(address="201000000012"), "0201FF00", raw)
    assert isinstance(event, Answer)
    assert event.values == {Q.VOLTAGE_A: 225.6}
    assert event.flags == {}


def test_nines_in_front_are_no_sign_where_the_standard_names_none() -> None:
    assert values("00010000", "78563492") == {Q.ACTIVE_ENERGY_IMPORT: 923456.78}
    assert values("00000000", "50500080") == {Q.ACTIVE_ENERGY_COMBINED: -50.5}


def test_a_bad_digit_costs_only_its_own_value() -> None:
    [event] = events(session(), "0201FF00", answer("0201FF00", "0022 1A22 0223"))
    assert isinstance(event, Answer)
    assert event.values == {Q.VOLTAGE_A: 220.0, Q.VOLTAGE_C: 230.2}
    assert event.flags == {Q.VOLTAGE_B: Quality.NOT_BCD}


def test_a_trailing_aa_of_a_block_is_no_value() -> None:
    assert values("0201FF00", "0022 0122 0223 AA")[Q.VOLTAGE_C] == 230.2


def test_a_three_wire_meter_has_line_voltages() -> None:
    found = values("0201FF00", "0210 0000 9809", Wiring.THREE_PHASE_THREE_WIRE)
    assert found == {Q.VOLTAGE_AB: 100.2, Q.VOLTAGE_BC: 99.8}


def test_a_single_phase_meter_has_no_phase_b_even_when_it_sends_zero() -> None:
    assert values("0201FF00", "0323 0000 0000", Wiring.ONE_PHASE) == {Q.VOLTAGE_A: 230.3}


def test_the_time_of_a_maximum_demand_is_posix_seconds() -> None:
    found = values("01010000", "563412 3012250925")
    at = datetime(2025, 9, 25, 4, 30, tzinfo=UTC).timestamp()
    assert found == {Q.MAX_DEMAND_IMPORT: 12.3456, Q.MAX_DEMAND_IMPORT_AT: at}
    assert Q.MAX_DEMAND_IMPORT_AT not in values("01010000", "000000 0000000000")


def test_status_words_come_as_one_tuple() -> None:
    found = values("040005FF", "0400 0100 1000 0100 0200 0400 0300")
    assert found == {Q.STATUS_WORDS: (4.0, 1.0, 16.0, 1.0, 2.0, 4.0, 3.0)}


def test_harmonics_are_indexed_by_their_order() -> None:
    content = "9999" + "7400" + "1101" + "0000" * 18
    spectrum = values("020A01FF", content)[Q.VOLTAGE_HARMONIC_A]
    assert isinstance(spectrum, tuple)
    assert len(spectrum) == 22
    assert spectrum[2:4] == (0.74, 1.11)


def test_combined_reactive_energy_is_never_taken_for_import() -> None:
    assert values("00030000", "26000100") == {}


def test_the_refusal_names_the_question_and_the_bits() -> None:
    raw = bytes.fromhex("68 12 90 78 56 34 12 68 D1 01 B2 0A 16")
    [event] = events(session(), "00010000", raw)
    assert isinstance(event, Refused)
    assert event.error.code == 0x7F
    assert "no such data 无请求数据" in event.error.meanings
    assert "00010000" in str(event.error)
    assert event.error.lasting


def test_other_error_alone_does_not_rule_the_question_out() -> None:
    [event] = events(session(), "00010000", Frame(ADDRESS, 0xD1, b"\x01").encode())
    assert isinstance(event, Refused)
    assert (event.error.code, event.error.lasting) == (1, False)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (Frame(ADDRESS, 0x11, bytes.fromhex("00000100")).encode(), DropReason.ECHO),
        (answer("00010000", "00000000", address="123456789013"), DropReason.FOREIGN_ADDRESS),
        (answer("00020000", "00000000"), DropReason.LATE),
        (answer("00010000", "00000000", control=0x92), DropReason.LATE),
        (answer("00010000", "000000"), DropReason.MALFORMED),
        (Frame(ADDRESS, 0xD1, b"").encode(), DropReason.MALFORMED),
        (answer("00010000", "00000000")[:-2] + b"\x00\x16", DropReason.CHECKSUM),
    ],
)
def test_what_is_no_answer_is_dropped_and_the_question_stays_open(raw: bytes, reason: DropReason) -> None:
    dropped, event = events(session(), "00010000", raw, answer("00010000", "01000000"))
    assert dropped == Dropped(reason=reason, raw=raw)
    assert isinstance(event, Answer)
    assert event.values == {Q.ACTIVE_ENERGY_IMPORT: 0.01}


def test_a_second_answer_to_one_question_is_late() -> None:
    raw = answer("00010000", "01000000")
    first, second = events(session(), "00010000", raw, raw)
    assert isinstance(first, Answer)
    assert second == Dropped(reason=DropReason.LATE, raw=raw)


def test_a_meter_that_repeats_the_wildcard_is_understood() -> None:
    [event] = events(session(), "00010000", answer("00010000", "01000000", address="AA" * 6))
    assert isinstance(event, Answer)


def test_the_abbreviated_address_takes_only_meters_that_fit() -> None:
    talk = session(address="AAAAAAAA9012")
    raws = [answer("00010000", "01000000", address=a) for a in ("123456789013", ADDRESS)]
    foreign, event = events(talk, "00010000", *raws)
    assert isinstance(foreign, Dropped)
    assert isinstance(event, Answer)


def test_the_address_is_a_fact() -> None:
    talk = session(address="AA" * 6)
    assert talk.ask(address_query()) == bytes.fromhex("FE FE FE FE 68 AA AA AA AA AA AA 68 13 00 DF 16")
    talk.receive_data(bytes.fromhex("FE FE 68 38 02 33 43 37 78 68 93 06 6B 35 66 76 6A AB 59 16"))
    event = talk.next_event()
    assert isinstance(event, Answer)
    assert event.facts == {"address": "783743330238"}


def ask_clock(talk: Dlt645Session, wire: bytes, content: str) -> dict[str, str]:
    di = wire[::-1].hex()
    [event] = events(talk, di, answer(di, content))
    assert isinstance(event, Answer)
    return dict(event.facts)


def test_the_clock_comes_from_one_answer_or_from_date_and_time() -> None:
    told = {"clock": "2018-12-29T10:53:32+00:00"}
    assert ask_clock(session(), DATE_AND_TIME, "32531806291218") == told
    talk = session()
    assert ask_clock(talk, DATE, "06291218") == {}
    assert ask_clock(talk, TIME, "325318") == told
    assert ask_clock(talk, TIME, "325318") == {}


def test_a_date_from_before_midnight_makes_no_clock() -> None:
    talk = session()
    ask_clock(talk, DATE, "06291218")
    assert ask_clock(talk, TIME, "010000") == {}


def test_a_first_part_of_a_longer_answer_gives_its_whole_values() -> None:
    [event] = events(session(), "0001FF00", answer("0001FF00", "01000000 02000000 0300", control=0xB1))
    assert isinstance(event, Answer)
    assert list(event.values.values()) == [0.01, 0.02]


def test_load_records_of_an_earlier_time_are_the_late_answer_to_the_question_before() -> None:
    talk = session()
    first, then = load_record_queries(
        datetime(2024, 5, 31, 16, tzinfo=UTC),
        datetime(2024, 5, 31, 19, 30, tzinfo=UTC),
        minutes=15,
        load_class=4,
        zone=ZONE,
    )
    answers = [record_answer(hour, minute) for hour, minute in ((0, 0), (1, 45))]
    talk.ask(first)
    talk.ask(first)
    talk.receive_data(answers[0])
    assert isinstance(talk.next_event(), Answer)
    talk.ask(then)
    talk.receive_data(answers[0] + answers[1])
    assert talk.next_event() == Dropped(reason=DropReason.LATE, raw=answers[0])
    event = talk.next_event()
    assert isinstance(event, Answer)
    assert [record.taken_at for record in event.records] == [datetime(2024, 5, 31, 17, 45, tzinfo=UTC)]


def test_load_records_of_a_later_time_are_an_answer_for_the_meter_skips_what_it_has_not() -> None:
    talk = session()
    [asked] = load_record_queries(
        datetime(2024, 5, 31, 16, tzinfo=UTC),
        datetime(2024, 5, 31, 17, tzinfo=UTC),
        minutes=15,
        load_class=4,
        zone=ZONE,
    )
    talk.ask(asked)
    talk.receive_data(record_answer(9, 30))
    assert isinstance(talk.next_event(), Answer)


def record_answer(hour: int, minute: int) -> bytes:
    """Return the answer with one load record of class 4, of 1 June 2024."""
    stored_at = bytes.fromhex(f"{minute:02}{hour:02}010624")
    block = encode_block(LoadBlock(stored_at=stored_at, sections={4: bytes(16)}), 4)
    return Frame(ADDRESS, 0x91, bytes.fromhex("06040001")[::-1] + block).encode()
