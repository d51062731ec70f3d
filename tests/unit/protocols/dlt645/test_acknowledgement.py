from datetime import datetime

import pytest

from pipeline.errors import DecodeError
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645 import orders
from protocols.dlt645.acknowledgement import acknowledged
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import read_query
from protocols.dlt645.relay import Control, ControlOrder
from protocols.dlt645.session import (
    Dlt645Session,
)
from protocols.dlt645.version import VERSION_1997, VERSION_2007, Version
from protocols.session import Answer, Dropped, DropReason, Event, NeedData, Query, Refused
from tests.unit.protocols.dlt645.conversation import (
    ADDRESS,
    ZONE,
    session,
    told,
)

WHO = Authority(password=Password(4, "123456"), operator="12345678")
NEW = Password(4, "654321")


def test_an_order_is_confirmed_without_data() -> None:
    assert acknowledged(VERSION_2007, orders.clear_meter(WHO).body, b"") == {}
    with pytest.raises(DecodeError, match="without data"):
        acknowledged(VERSION_2007, orders.clear_meter(WHO).body, b"\x00")


def test_a_rate_must_be_repeated() -> None:
    body = orders.change_rate(9600).body
    assert acknowledged(VERSION_2007, body, b"\x20") == {}
    for other in (b"\x08", b"", b"\x20\x20"):
        with pytest.raises(DecodeError, match="rate word 20"):
            acknowledged(VERSION_2007, body, other)


def test_a_new_password_must_be_repeated_and_another_is_not_shown() -> None:
    body = orders.change_password(WHO.password, NEW).body
    assert acknowledged(VERSION_2007, body, bytes.fromhex("04 21 43 65")) == {}
    with pytest.raises(DecodeError) as caught:
        acknowledged(VERSION_2007, body, bytes.fromhex("04 56 34 12"))
    assert "56" not in str(caught.value)


def test_a_meter_of_1997_may_confirm_without_repeating() -> None:
    for body in (orders.change_password_1997(NEW, NEW).body, orders.change_rate(1200, VERSION_1997).body):
        assert acknowledged(VERSION_1997, body, b"") == {}
        with pytest.raises(DecodeError):
            acknowledged(VERSION_1997, body, b"\x01")


def test_an_authentication_tells_what_came() -> None:
    body = orders.authenticate(bytes.fromhex("FF000007"), "12345678", b"\x01").body
    said = acknowledged(VERSION_2007, body, bytes.fromhex("FF000007 A1B2"))
    assert said == {"authentication": "A1B2"}
    with pytest.raises(DecodeError, match="identifier"):
        acknowledged(VERSION_2007, body, bytes.fromhex("FE000007 A1B2"))


DATE, TIME, DATE_AND_TIME = VERSION_2007.date, VERSION_2007.time, bytes.fromhex("0C010004")
Q = Quantity


# In a session: it carries any function.


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


GIVER = Authority(password=Password(4, "135790"), operator="12345678")
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
        (orders.write(bytes.fromhex("03010004"), b"\x15", GIVER), 0x94, ""),
        (orders.freeze("99999999"), 0x96, ""),
        (orders.change_rate(9600), 0x97, "20"),
        (orders.change_password(GIVER.password, Password(4, "654321")), 0x98, "04 21 43 65"),
        (orders.reset_demand(GIVER), 0x99, ""),
        (orders.clear_meter(GIVER), 0x9A, ""),
        (orders.clear_events(GIVER), 0x9B, ""),
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
    [event] = obeyed(orders.control(order, GIVER), raw, address="151230011061")
    assert isinstance(event, Answer)


def test_a_relay_is_refused_with_two_bytes_or_one() -> None:
    order = orders.control(ControlOrder(control=Control.OPEN, deadline=datetime(2026, 3, 1)), GIVER)  # noqa: DTZ001 - meter's local time
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
        (orders.clear_meter(GIVER), Frame(ADDRESS, 0x9A, b"\x00")),
        (orders.change_password(GIVER.password, GIVER.password), Frame(ADDRESS, 0x98, bytes(4))),
    ],
)
def test_a_confirmation_of_something_else_is_none(order: Query, answered: Frame) -> None:
    [event] = obeyed(order, answered.encode())
    assert isinstance(event, Dropped)
    assert event.reason is DropReason.MALFORMED


def test_the_echo_of_an_order_is_dropped_without_its_password_whole_or_broken() -> None:
    order = orders.clear_meter(GIVER)
    echo = Frame(ADDRESS, 0x1A, GIVER.wire).encode()
    [whole] = obeyed(order, echo)
    assert isinstance(whole, Dropped)
    assert whole.reason is DropReason.ECHO
    assert SECRET not in Frame.decode(whole.raw).data
    broken = echo[:-2] + bytes((echo[-2] ^ 1, echo[-1]))
    [noise] = obeyed(order, broken)
    assert isinstance(noise, Dropped)
    assert set(noise.raw) == {0xEE}


def test_an_order_of_1997_is_confirmed_or_refused_in_its_own_words() -> None:
    order = orders.write_1997(bytes.fromhex("10C0"), bytes(4), GIVER.password)
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
