"""Known answers: MODBUS Application Protocol V1.1b3 section 6.4 (FC 04) and 7, wrapped by hand."""

import struct

import pytest

from pipeline.model import Quality
from pipeline.quantities import Quantity
from protocols.modbus.conversation import span_query
from protocols.modbus.framing import Framing
from protocols.modbus.planner import Span
from protocols.session import Answer, Dropped, DropReason, Refused
from tests.unit.protocols.modbus.toy_meter import (
    answer_of,
    drain,
    point,
    rtu,
    session,
)


def test_reads_the_input_register_of_the_specifications_example() -> None:
    # Section 6.4: request 04 00 08 00 01, response 04 02 00 0A: input register 9 holds 10.
    conversation = session(Framing.SOCKET, [point(Quantity.FREQUENCY, 8, "uint16")])
    query = span_query(Span(4, 8, 1), Framing.SOCKET)
    assert conversation.ask(query) == bytes.fromhex("0001 0000 0006 01 04 0008 0001")
    conversation.receive_data(bytes.fromhex("0001 0000 0005 01 04 02 000A"))
    assert answer_of(conversation).values == {Quantity.FREQUENCY: 10.0}


def test_rtu_request_of_an_sdm630_current_is_as_its_document_shows() -> None:
    # The well-known request for two registers from address 0 of unit 1: CRC 71 CB.
    conversation = session(Framing.RTU)
    assert conversation.ask(span_query(Span(4, 0, 2), Framing.RTU)).hex() == "01040000000271cb"


def test_rtu_answer_becomes_values_in_their_units() -> None:
    conversation = session(Framing.RTU)
    conversation.ask(span_query(Span(4, 0, 6), Framing.RTU))
    body = struct.pack(">fff", 230.5, 229.25, 1500.0)
    conversation.receive_data(rtu("01 04 0C" + body.hex()))
    answer = answer_of(conversation)
    assert answer.values == {
        Quantity.VOLTAGE_A: 230.5,
        Quantity.VOLTAGE_B: 229.25,
        Quantity.ACTIVE_POWER: 1.5,
    }
    assert answer.raw == rtu("01 04 0C" + body.hex())


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_a_register_without_a_number_is_flagged_and_its_neighbours_are_kept(odd: float) -> None:
    conversation = session(Framing.RTU)
    conversation.ask(span_query(Span(4, 0, 6), Framing.RTU))
    conversation.receive_data(rtu("01 04 0C" + struct.pack(">fff", 230.5, odd, 1500.0).hex()))
    answer = answer_of(conversation)
    assert answer.values == {Quantity.VOLTAGE_A: 230.5, Quantity.ACTIVE_POWER: 1.5}
    assert answer.flags == {Quantity.VOLTAGE_B: Quality.NOT_A_NUMBER}


@pytest.mark.parametrize(
    ("framing", "raw"),
    [
        (Framing.SOCKET, bytes.fromhex("0001 0000 0003 01 84 02")),
        (Framing.RTU, rtu("01 84 02")),
    ],
)
def test_an_exception_answer_names_itself(framing: Framing, raw: bytes) -> None:
    conversation = session(framing)
    conversation.ask(span_query(Span(4, 0, 6), framing))
    conversation.receive_data(raw)
    (event,) = drain(conversation)
    assert isinstance(event, Refused)
    assert event.error.what == "4:0x0000+6"
    assert event.error.meanings == ("illegal data address",)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 10, 11])
def test_only_a_busy_meter_or_gateway_is_asked_again(code: int) -> None:
    passing = {4, 5, 6, 10, 11}
    conversation = session(Framing.RTU)
    conversation.ask(span_query(Span(4, 0, 6), Framing.RTU))
    conversation.receive_data(rtu(f"01 84 {code:02X}"))
    (event,) = drain(conversation)
    assert isinstance(event, Refused)
    assert (event.error.code, event.error.lasting) == (code, code not in passing)


def test_a_late_tcp_answer_is_dropped_and_the_awaited_one_taken() -> None:
    conversation = session(Framing.SOCKET)
    query = span_query(Span(4, 0, 2), Framing.SOCKET)
    conversation.ask(query)
    conversation.ask(query)
    conversation.receive_data(
        bytes.fromhex("0001 0000 0007 01 04 04 43660000 0002 0000 0007 01 04 04 43668000")
    )
    late, answer = drain(conversation)
    assert isinstance(late, Dropped)
    assert late.reason is DropReason.LATE
    assert isinstance(answer, Answer)
    assert answer.values == {Quantity.VOLTAGE_A: 230.5}


def test_another_units_answer_is_dropped() -> None:
    conversation = session(Framing.RTU)
    conversation.ask(span_query(Span(4, 0, 2), Framing.RTU))
    conversation.receive_data(rtu("02 04 04 43660000") + rtu("01 04 04 43668000"))
    foreign, answer = drain(conversation)
    assert isinstance(foreign, Dropped)
    assert (foreign.reason, foreign.address) == (DropReason.FOREIGN_ADDRESS, "2")
    assert foreign.raw == rtu("02 04 04 43660000")
    assert isinstance(answer, Answer)


def test_the_adapters_echo_is_dropped() -> None:
    conversation = session(Framing.RTU)
    sent = conversation.ask(span_query(Span(4, 0, 2), Framing.RTU))
    conversation.receive_data(sent + rtu("01 04 04 43668000"))
    echo, answer = drain(conversation)
    assert isinstance(echo, Dropped)
    assert (echo.reason, echo.raw) == (DropReason.ECHO, sent)
    assert isinstance(answer, Answer)


def test_a_damaged_rtu_answer_is_a_checksum_drop() -> None:
    conversation = session(Framing.RTU)
    conversation.ask(span_query(Span(4, 0, 2), Framing.RTU))
    damaged = bytearray(rtu("01 04 04 43668000"))
    damaged[5] ^= 1
    conversation.receive_data(bytes(damaged))
    (event,) = drain(conversation)
    assert event == Dropped(reason=DropReason.CHECKSUM, raw=bytes(damaged))


def test_an_rtu_answer_is_found_behind_noise_that_looks_like_a_longer_one() -> None:
    conversation = session(Framing.RTU)
    conversation.ask(span_query(Span(4, 0, 2), Framing.RTU))
    good = rtu("01 04 04 43668000")
    conversation.receive_data(bytes.fromhex("FF 01 04 A0 00 07 04 FA") + good)
    noise, answer = drain(conversation)
    assert isinstance(noise, Dropped)
    assert noise.reason is DropReason.NOISE
    assert isinstance(answer, Answer)
    assert answer.raw == good


def test_a_cut_answer_does_not_spoil_the_next_one() -> None:
    for framing, cut, good in (
        (Framing.RTU, rtu("01 04 04 43660000")[:6], rtu("01 04 04 43668000")),
        (
            Framing.SOCKET,
            bytes.fromhex("0001 0000 0007 01 04 04 43"),
            bytes.fromhex("0002 0000 0007 01 04 04 43668000"),
        ),
    ):
        conversation = session(framing)
        query = span_query(Span(4, 0, 2), framing)
        conversation.ask(query)
        conversation.receive_data(cut)
        conversation.ask(query)
        conversation.receive_data(good)
        assert any(isinstance(event, Answer) for event in drain(conversation))


def test_the_same_answer_twice_is_late_the_second_time() -> None:
    conversation = session(Framing.SOCKET)
    conversation.ask(span_query(Span(4, 0, 2), Framing.SOCKET))
    raw = bytes.fromhex("0001 0000 0007 01 04 04 43668000")
    conversation.receive_data(raw + raw)
    answer, late = drain(conversation)
    assert isinstance(answer, Answer)
    assert late == Dropped(reason=DropReason.LATE, raw=raw)
