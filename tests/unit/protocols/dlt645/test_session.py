from datetime import UTC, datetime

import pytest

from pipeline.quantities import Quantity
from protocols.dlt645.frame import Frame
from protocols.dlt645.memory_planner import load_record_queries
from protocols.dlt645.questions import address_query
from protocols.dlt645.records import LoadBlock, encode_block
from protocols.dlt645.session import (
    ECHOES_WILDCARD,
    MOST_JOINED,
    NEVER_ENDS,
    REPORTS_UNASKED,
    TRAILING_AA,
    Dlt645Session,
)
from protocols.dlt645.version import VERSION_2007
from protocols.session import Answer, Dropped, DropReason, Refused
from tests.unit.protocols.dlt645.conversation import (
    ADDRESS,
    ZONE,
    answer,
    events,
    query,
    session,
    told,
)

DATE, TIME, DATE_AND_TIME = VERSION_2007.date, VERSION_2007.time, bytes.fromhex("0C010004")
Q = Quantity


def test_the_question_of_the_reference_goes_out_with_its_preamble() -> None:
    wire = bytes.fromhex("FE FE FE FE 68 12 90 78 56 34 12 68 11 04 33 34 34 35 6B 16")
    assert session().ask(query("02010100")) == wire


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
    address = "123456789013" if reason is DropReason.FOREIGN_ADDRESS else ""
    assert dropped == Dropped(reason=reason, raw=raw, address=address)
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
        reason=DropReason.SEQUENCE, raw=part("0000", 0x92, sequence)
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
