"""The edition of 1997, as a session hears it."""

from datetime import UTC, datetime

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import read_query
from protocols.dlt645.session import (
    MOST_JOINED,
    NEVER_ENDS,
    Dlt645Session,
)
from protocols.dlt645.version import VERSION_1997, VERSION_2007
from protocols.session import Answer, Refused
from tests.unit.protocols.dlt645.conversation import (
    ZONE,
    told,
)

DATE, TIME, DATE_AND_TIME = VERSION_2007.date, VERSION_2007.time, bytes.fromhex("0C010004")
Q = Quantity


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
