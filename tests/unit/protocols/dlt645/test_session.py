from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import Quality, Value
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame
from protocols.dlt645.memory_planner import load_record_queries
from protocols.dlt645.questions import address_query, read_query
from protocols.dlt645.records import LoadBlock, encode_block
from protocols.dlt645.relay import Control, ControlOrder
from protocols.dlt645.session import (
    ECHOES_WILDCARD,
    MOST_JOINED,
    NEVER_ENDS,
    REPORTS_UNASKED,
    TRAILING_AA,
    Dlt645Session,
)
from protocols.dlt645.version import VERSION_1997, VERSION_2007, Version
from protocols.session import Answer, Dropped, DropReason, Event, NeedData, Query, Refused

ADDRESS = "123456789012"
ZONE = ZoneInfo("Asia/Shanghai")
DATE, TIME, DATE_AND_TIME = VERSION_2007.date, VERSION_2007.time, bytes.fromhex("0C010004")
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


# Answers that go on in following frames: by the standard's rules (D5, 12H, SEQ), for none was captured.
RATES = [f"{n:02d}000000" for n in range(1, 8)]
SEVEN = [(Q.ACTIVE_ENERGY_IMPORT if n == 0 else Q(f"active_energy_import_t{n}")) for n in range(7)]


def told(talk: Dlt645Session, raw: bytes) -> Event:
    talk.receive_data(raw)
    event = talk.next_event()
    assert not isinstance(event, NeedData)
    return event


def part(content: str, control: int, sequence: int | None = None) -> bytes:
    end = "" if sequence is None else f"{sequence:02X}"
    return answer("0001FF00", content + end, control)


def begun() -> tuple[Dlt645Session, Answer]:
    talk = session()
    talk.ask(query("0001FF00"))
    first = told(talk, part("".join(RATES[:3]) + "0400", 0xB1))
    assert isinstance(first, Answer)
    return talk, first


def test_an_answer_that_goes_on_gives_what_is_whole_and_asks_for_the_rest() -> None:
    talk, first = begun()
    assert first.values == dict(zip(SEVEN[:3], [0.01, 0.02, 0.03], strict=True))
    assert first.more is not None
    assert (first.more.what, first.more.part_of) == ("0001FF00 #1", "0001FF00")
    assert talk.ask(first.more)[4:] == Frame(ADDRESS, 0x12, bytes.fromhex("00FF010001")).encode()


def test_the_last_part_brings_the_whole_item() -> None:
    talk, first = begun()
    assert first.more is not None
    talk.ask(first.more)
    second = told(talk, part("0000" + RATES[4], 0xB2, 1))
    assert isinstance(second, Answer)
    assert second.more is not None
    assert talk.ask(second.more)[4:] == Frame(ADDRESS, 0x12, bytes.fromhex("00FF010002")).encode()
    last = told(talk, part(RATES[5] + RATES[6], 0x92, 2))
    assert isinstance(last, Answer)
    assert last.more is None
    assert last.values == dict(zip(SEVEN, [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07], strict=True))


def test_a_lost_part_is_asked_again_alone() -> None:
    talk, first = begun()
    assert first.more is not None
    for _ in range(3):
        talk.ask(first.more)
    last = told(talk, part("0000", 0x92, 1))
    assert isinstance(last, Answer)
    assert list(last.values.values()) == [0.01, 0.02, 0.03, 0.04]


@pytest.mark.parametrize("sequence", [0, 2, 255])
def test_a_part_with_another_number_is_no_answer(sequence: int) -> None:
    talk, first = begun()
    assert first.more is not None
    talk.ask(first.more)
    assert told(talk, part("0000", 0x92, sequence)) == Dropped(
        reason=DropReason.LATE, raw=part("0000", 0x92, sequence)
    )
    assert isinstance(told(talk, part("0000", 0x92, 1)), Answer)


def test_a_meter_that_refuses_the_rest_says_so() -> None:
    talk, first = begun()
    assert first.more is not None
    talk.ask(first.more)
    event = told(talk, Frame(ADDRESS, 0xD2, b"\x02").encode())
    assert isinstance(event, Refused)
    assert event.query.part_of == "0001FF00"


def test_asking_the_item_again_begins_anew() -> None:
    talk, first = begun()
    talk.ask(first.query)
    whole = told(talk, part("".join(RATES[:4]), 0x91))
    assert isinstance(whole, Answer)
    assert list(whole.values.values()) == [0.01, 0.02, 0.03, 0.04]


def test_a_meter_that_never_ends_is_left() -> None:
    talk = session()
    talk.ask(query("DEADBEEF"))
    event = told(talk, answer("DEADBEEF", "00" * 190, 0xB1))
    count = 0
    while isinstance(event, Answer) and event.more is not None:
        talk.ask(event.more)
        number = event.more.body[-1]
        event = told(talk, answer("DEADBEEF", "00" * 190 + f"{number:02X}", 0xB2))
        count += 1
    assert isinstance(event, Answer)
    assert event.deviations == (NEVER_ENDS,)
    assert count * 190 <= MOST_JOINED + 190


def test_a_part_without_content_that_goes_on_is_the_end() -> None:
    talk = session()
    talk.ask(query("DEADBEEF"))
    first = told(talk, answer("DEADBEEF", "0102", 0xB1))
    assert isinstance(first, Answer)
    assert first.more is not None
    talk.ask(first.more)
    event = told(talk, answer("DEADBEEF", "01", 0xB2))
    assert isinstance(event, Answer)
    assert event.more is None
    assert event.deviations == (NEVER_ENDS,)


def test_load_records_in_two_frames_give_whole_blocks_first() -> None:
    blocks = "".join(
        encode_block(LoadBlock(stored_at=bytes.fromhex(f"{minute:02d}00010326"), sections={}), 4).hex()
        for minute in (0, 15, 30)
    )
    talk = session()
    talk.ask(query("06040000"))
    first = told(talk, answer("06040000", blocks[:-8], 0xB1))
    assert isinstance(first, Answer)
    assert first.more is not None
    assert len(first.records) == 2
    talk.ask(first.more)
    last = told(talk, answer("06040000", blocks[-8:] + "01", 0x92))
    assert isinstance(last, Answer)
    assert [record.taken_at.minute for record in last.records] == [0, 15, 30]


# Meters that deviate: tolerated and told.


def test_an_event_report_in_place_of_the_answer_is_told_with_the_answer_that_follows() -> None:
    talk = session()
    talk.ask(query("00010000"))
    report = answer("04001501", "AA55")
    assert told(talk, report) == Dropped(reason=DropReason.REPORT, raw=report)
    event = told(talk, answer("00010000", "78563412"))
    assert isinstance(event, Answer)
    assert (event.facts["event_report"], event.deviations) == ("AA 55", (REPORTS_UNASKED,))
    assert event.values == {Q.ACTIVE_ENERGY_IMPORT: 123456.78}


def test_a_meter_that_repeats_the_wildcard_is_read_and_told() -> None:
    talk = session(address="A" * 12)
    talk.ask(query("00010000"))
    event = told(talk, answer("00010000", "78563412", address="A" * 12))
    assert isinstance(event, Answer)
    assert (event.values, event.deviations) == ({Q.ACTIVE_ENERGY_IMPORT: 123456.78}, (ECHOES_WILDCARD,))


def test_a_block_closed_by_aa_is_read_and_told() -> None:
    talk = session()
    talk.ask(query("0201FF00"))
    event = told(talk, answer("0201FF00", "002200220022AA"))
    assert isinstance(event, Answer)
    assert (len(event.values), event.deviations) == (3, (TRAILING_AA,))


# The edition of 1997.


def old_meter(di: str) -> Dlt645Session:
    talk = Dlt645Session("010003635927", Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE), VERSION_1997)
    talk.ask(read_query(bytes.fromhex(di)[::-1], 4, version=VERSION_1997))
    return talk


def test_a_captured_answer_of_1997_becomes_a_value() -> None:
    raw = bytes.fromhex("68 27 59 63 03 00 01 68 81 04 44 E9 56 35 F4 16")
    event = told(old_meter("B611"), raw)
    assert isinstance(event, Answer)
    assert event.values == {Q.VOLTAGE_A: 223.0}


def test_a_captured_refusal_of_1997_is_in_its_own_words() -> None:
    raw = bytes.fromhex("68 95 32 06 00 00 00 68 C1 01 35 94 16")
    talk = Dlt645Session("063295", Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE), VERSION_1997)
    talk.ask(read_query(bytes.fromhex("10B6"), 4, version=VERSION_1997))
    event = told(talk, raw)
    assert isinstance(event, Refused)
    assert "identifier wrong 数据标识错" in str(event.error)


def test_parts_of_1997_have_no_number() -> None:
    talk = old_meter("901F")
    first = told(talk, Frame("010003635927", 0xA1, bytes.fromhex("1F90" + "01000000" * 2)).encode())
    assert isinstance(first, Answer)
    assert first.more is not None
    assert talk.ask(first.more)[4:] == Frame("010003635927", 0x02, bytes.fromhex("1F90")).encode()
    last = told(talk, Frame("010003635927", 0x82, bytes.fromhex("1F90" + "02000000")).encode())
    assert isinstance(last, Answer)
    assert list(last.values.values()) == [0.01, 0.01, 0.02]


def test_a_meter_of_1997_that_never_ends_is_left_too() -> None:
    """Its parts have no number: the same one again and again would go on for ever."""
    talk = old_meter("901F")
    event = told(talk, Frame("010003635927", 0xA1, bytes.fromhex("1F90" + "01000000")).encode())
    count = 0
    while isinstance(event, Answer) and event.more is not None:
        talk.ask(event.more)
        event = told(talk, Frame("010003635927", 0xA2, bytes.fromhex("1F90" + "00" * 190)).encode())
        count += 1
    assert not isinstance(event, Answer) or event.deviations == (NEVER_ENDS,)
    assert count * 190 <= MOST_JOINED + 190


def test_the_clock_of_1997_is_told_by_date_and_time() -> None:
    talk = old_meter("C010")
    told(talk, Frame("010003635927", 0x81, bytes.fromhex("10C0" + "02100326")).encode())
    talk.ask(read_query(VERSION_1997.time, 3, version=VERSION_1997))
    event = told(talk, Frame("010003635927", 0x81, bytes.fromhex("11C0" + "301510")).encode())
    assert isinstance(event, Answer)
    assert event.facts == {"clock": datetime(2026, 3, 10, 2, 15, 30, tzinfo=UTC).isoformat()}


# Orders: the session carries any function.


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ("14 03010004 02 000000 78563412 15", "94"),
        ("16 99999999", "96"),
        ("17 08", "97 08"),
        ("18 000C0004 02 111111 02 222222", "98 02222222"),
        ("19 02 000000 78563412", "99"),
        ("1C 02 000000 78563412 1A 00 000000010127", "9C"),
    ],
)
def test_an_order_is_confirmed(body: str, reply: str) -> None:
    talk = session()
    order = Query(what="order", body=bytes.fromhex(body), answer_bytes=20)
    talk.ask(order)
    control, *data = bytes.fromhex(reply)
    event = told(talk, Frame(ADDRESS, control, bytes(data)).encode())
    assert isinstance(event, Answer)
    assert event.values == {}


def test_a_relay_order_is_refused_with_two_bytes() -> None:
    talk = session()
    talk.ask(Query(what="relay", body=bytes.fromhex("1C") + bytes(16), answer_bytes=20))
    event = told(talk, Frame(ADDRESS, 0xDC, bytes.fromhex("0800")).encode())
    assert isinstance(event, Refused)
    assert "identity authentication failed" in str(event.error)


def test_a_meter_that_is_given_another_address_confirms_from_there() -> None:
    talk = session(address="A" * 12)
    talk.ask(Query(what="address", body=bytes.fromhex("15 020000000000"), answer_bytes=20))
    assert isinstance(told(talk, Frame("000000000002", 0x95).encode()), Answer)


WHO = Authority(password=Password(4, "135790"), operator="12345678")
SECRET = bytes.fromhex("90 57 31")


def obeyed(order: Query, *raw: bytes, address: str = ADDRESS, version: Version = VERSION_2007) -> list[Event]:
    talk = Dlt645Session(address, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE), version)
    talk.ask(order)
    for chunk in raw:
        talk.receive_data(chunk)
    found: list[Event] = []
    while not isinstance(event := talk.next_event(), NeedData):
        found.append(event)
    return found


@pytest.mark.parametrize(
    ("order", "control", "data"),
    [
        (orders.write(bytes.fromhex("03010004"), b"\x15", WHO), 0x94, ""),
        (orders.freeze("99999999"), 0x96, ""),
        (orders.change_rate(9600), 0x97, "20"),
        (orders.change_password(WHO.password, Password(4, "654321")), 0x98, "04 21 43 65"),
        (orders.reset_demand(WHO), 0x99, ""),
        (orders.clear_meter(WHO), 0x9A, ""),
        (orders.clear_events(WHO), 0x9B, ""),
    ],
)
def test_an_order_is_confirmed_by_its_own_function(order: Query, control: int, data: str) -> None:
    [event] = obeyed(order, Frame(ADDRESS, control, bytes.fromhex(data)).encode())
    assert isinstance(event, Answer)
    assert bytes.fromhex("21 43 65") not in Frame.decode(event.raw).data
    [late] = obeyed(order, Frame(ADDRESS, control ^ 1, bytes.fromhex(data)).encode())
    assert isinstance(late, Dropped)


def test_the_relay_of_a_real_meter_confirms() -> None:
    order = ControlOrder(control=Control.OPEN, deadline=datetime(2026, 3, 1))  # noqa: DTZ001 - meter's local time
    raw = bytes.fromhex("68 61 10 01 30 12 15 68 9C 00 35 16")
    [event] = obeyed(orders.control(order, WHO), raw, address="151230011061")
    assert isinstance(event, Answer)


def test_a_relay_is_refused_with_two_bytes_or_one() -> None:
    order = orders.control(ControlOrder(control=Control.OPEN, deadline=datetime(2026, 3, 1)), WHO)  # noqa: DTZ001 - meter's local time
    [security] = obeyed(order, Frame(ADDRESS, 0xDC, b"\x08\x00").encode())
    [old] = obeyed(order, Frame(ADDRESS, 0xDC, b"\x04").encode())
    assert isinstance(security, Refused)
    assert "identity authentication failed" in str(security.error)
    assert isinstance(old, Refused)
    assert "password wrong" in str(old.error)


def test_a_meter_confirms_its_new_address_from_there() -> None:
    order = orders.write_address("000000000777")
    [event] = obeyed(order, Frame("000000000777", 0x95).encode(), address="AAAAAAAAAAAA")
    assert isinstance(event, Answer)


@pytest.mark.parametrize(
    ("order", "answered"),
    [
        (orders.change_rate(9600), Frame(ADDRESS, 0x97, b"\x08")),
        (orders.clear_meter(WHO), Frame(ADDRESS, 0x9A, b"\x00")),
        (orders.change_password(WHO.password, WHO.password), Frame(ADDRESS, 0x98, bytes(4))),
    ],
)
def test_a_confirmation_of_something_else_is_none(order: Query, answered: Frame) -> None:
    [event] = obeyed(order, answered.encode())
    assert isinstance(event, Dropped)
    assert event.reason is DropReason.MALFORMED


def test_the_echo_of_an_order_is_dropped_without_its_password_whole_or_broken() -> None:
    order = orders.clear_meter(WHO)
    echo = Frame(ADDRESS, 0x1A, WHO.wire).encode()
    [whole] = obeyed(order, echo)
    assert isinstance(whole, Dropped)
    assert whole.reason is DropReason.ECHO
    assert SECRET not in Frame.decode(whole.raw).data
    broken = echo[:-2] + bytes((echo[-2] ^ 1, echo[-1]))
    [noise] = obeyed(order, broken)
    assert isinstance(noise, Dropped)
    assert set(noise.raw) == {0xEE}


def test_an_order_of_1997_is_confirmed_or_refused_in_its_own_words() -> None:
    order = orders.write_1997(bytes.fromhex("10C0"), bytes(4), WHO.password)
    [done] = obeyed(order, Frame(ADDRESS, 0x84).encode(), version=VERSION_1997)
    [refused] = obeyed(order, Frame(ADDRESS, 0xC4, b"\x04").encode(), version=VERSION_1997)
    assert isinstance(done, Answer)
    assert isinstance(refused, Refused)
    assert "密码错" in str(refused.error)


def test_a_meter_of_1997_repeats_its_last_answer() -> None:
    talk = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE), VERSION_1997)
    talk.ask(read_query(bytes.fromhex("11B6"), 2, version=VERSION_1997))
    again = orders.read_again()
    assert talk.ask(again)[4 + 8 : 4 + 10] == b"\x03\x00"
    talk.receive_data(Frame(ADDRESS, 0x83, bytes.fromhex("11B6 2302")).encode())
    event = talk.next_event()
    assert isinstance(event, Answer)
    assert event.values == {Q.VOLTAGE_A: 223.0}


def test_an_authentication_brings_what_the_meter_said() -> None:
    order = orders.authenticate(bytes.fromhex("FF000007"), "12345678", b"\x01")
    [event] = obeyed(order, Frame(ADDRESS, 0x83, bytes.fromhex("FF000007 A1B2")).encode())
    assert isinstance(event, Answer)
    assert event.facts == {"authentication": "A1B2"}
