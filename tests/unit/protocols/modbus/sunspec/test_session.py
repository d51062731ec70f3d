"""The conversation with a device that describes itself."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from pipeline.quantities import Quantity
from protocols.modbus.framing import Framing
from protocols.modbus.sunspec.session import SunSpecSession, meter_query
from protocols.session import NEED_DATA, Answer, Event, Query, Refused
from tests.unit.protocols.modbus.sunspec.device import END, MARKER, Device, block, common

SHOWN = {"PhVphA": 2301, "V_SF": -1, "TotWhImp": 5000, "TotWh_SF": 0}
CHAIN = [*MARKER, *common(), *block(203, SHOWN), *END]


def answered(session: SunSpecSession, query: Query, device: Device) -> Event:
    request = session.ask(query)
    transaction, unit, function, address, count = struct.unpack(">HxxxxBBHH", request)
    registers = device.read(address, count)
    body = refusal(2) if registers is None else reading(registers)
    session.receive_data(struct.pack(">HHHB", transaction, 0, len(body) + 1, unit) + body)
    assert function == 3
    event = session.next_event()
    assert event is not NEED_DATA
    assert not isinstance(event, type(NEED_DATA))
    return event


def reading(registers: Sequence[int]) -> bytes:
    return struct.pack(f">BB{len(registers)}H", 3, 2 * len(registers), *registers)


def refusal(code: int) -> bytes:
    return bytes((0x83, code))


def round_of(session: SunSpecSession, device: Device) -> list[Answer]:
    """Ask the planned question and whatever its answers want to know further."""
    answers: list[Answer] = []
    query: Query | None = meter_query(Framing.SOCKET)
    while query is not None:
        event = answered(session, query, device)
        assert isinstance(event, Answer)
        answers.append(event)
        query = event.more
        assert len(answers) < 100
    return answers


def test_the_first_round_finds_the_meter_and_later_ones_read_it_in_one_question() -> None:
    session, device = SunSpecSession(1, Framing.SOCKET), Device(CHAIN)
    first = round_of(session, device)
    assert [bool(answer.values) for answer in first] == [False] * (len(first) - 1) + [True]
    assert first[-1].values[Quantity.VOLTAGE_A] == 230.1
    assert first[-1].facts == {
        "address": "1",
        "vendor": "ACME",
        "model": "M3",
        "version": "1.2",
        "serial": "00017",
        "sunspec_model": "203",
        "wiring": "3P4W",
    }
    (second,) = round_of(session, device)
    assert second.values == first[-1].values


def test_scale_factors_are_read_with_the_values_each_time() -> None:
    session = SunSpecSession(1, Framing.SOCKET)
    round_of(session, Device(CHAIN))
    changed = [*MARKER, *common(), *block(203, SHOWN | {"PhVphA": 230, "V_SF": 0}), *END]
    (answer,) = round_of(session, Device(changed))
    assert answer.values[Quantity.VOLTAGE_A] == 230.0


def test_a_meter_that_is_no_longer_there_is_looked_for_in_the_next_round() -> None:
    session = SunSpecSession(1, Framing.SOCKET)
    round_of(session, Device(CHAIN))
    moved = Device([*MARKER, *common("Other"), *([103, 50] + [0] * 50), *block(211, {"PhVphA": 229.0}), *END])
    (lost,) = round_of(session, moved)
    assert lost.values == {}
    assert lost.deviations == ("SunSpec model 203 is no longer at register 40070",)
    found = round_of(session, moved)[-1]
    assert found.values == {Quantity.VOLTAGE_A: 229.0}
    assert found.facts["vendor"] == "Other"


def test_a_device_without_the_letters_gives_no_values_and_says_so() -> None:
    last = round_of(SunSpecSession(1, Framing.SOCKET), Device([]))[-1]
    assert last.values == {}
    assert last.deviations[0].startswith("no SunSpec device")


def test_a_busy_device_is_asked_again_and_not_given_up() -> None:
    session = SunSpecSession(1, Framing.SOCKET)
    request = session.ask(meter_query(Framing.SOCKET))
    body = refusal(6)
    session.receive_data(request[:2] + b"\0\0" + struct.pack(">HB", len(body) + 1, 1) + body)
    event = session.next_event()
    assert isinstance(event, Refused)
    assert not event.error.lasting
    assert round_of(session, Device(CHAIN))[-1].values


def test_a_round_that_broke_off_begins_anew() -> None:
    session, device = SunSpecSession(1, Framing.SOCKET), Device(CHAIN)
    event = answered(session, meter_query(Framing.SOCKET), device)
    assert isinstance(event, Answer)
    assert event.more is not None
    session.ask(event.more)  # never answered
    assert round_of(session, device)[-1].values[Quantity.VOLTAGE_A] == 230.1


@pytest.mark.parametrize("framing", list(Framing))
def test_no_answer_is_longer_than_its_question_says(framing: Framing) -> None:
    assert meter_query(framing).answer_bytes == {Framing.SOCKET: 259, Framing.RTU: 255}[framing]
