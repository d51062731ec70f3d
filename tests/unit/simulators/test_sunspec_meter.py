"""The simulated SunSpec meter as bytes on the line, and read by our own driver."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from pipeline.model import Value
from pipeline.quantities import Quantity
from protocols.modbus.framing import Framing
from protocols.modbus.sunspec.models import catalogue
from protocols.modbus.sunspec.session import SunSpecSession, meter_query
from protocols.session import Answer, Query
from simulators.sunspec_meter import SunSpecMeter

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Steady:
    def __init__(self, shown: Mapping[Quantity, float]) -> None:
        self.shown = shown

    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return self.shown


SHOWN = {
    Quantity.VOLTAGE_A: 230.1,
    Quantity.VOLTAGE_AB: 398.5,
    Quantity.CURRENT_A: 12.34,
    Quantity.FREQUENCY: 50.02,
    Quantity.ACTIVE_POWER: -250.5,
    Quantity.POWER_FACTOR: -0.98,
    Quantity.ACTIVE_ENERGY_IMPORT: 123456.789,
    Quantity.ACTIVE_ENERGY_EXPORT: 0.0,
    Quantity.REACTIVE_ENERGY_Q4: 17.25,
}


def request(address: int, count: int) -> bytes:
    return struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, address, count)


def read_by_our_driver(
    meter: SunSpecMeter, framing: Framing
) -> tuple[Mapping[Quantity, Value], dict[str, str]]:
    session = SunSpecSession(1, framing)
    query: Query | None = meter_query(framing)
    answer: Answer | None = None
    while query is not None:
        session.receive_data(meter.receive(session.ask(query)))
        event = session.next_event()
        assert isinstance(event, Answer), event
        answer, query = event, event.more
    assert answer is not None
    return answer.values, dict(answer.facts)


def test_it_begins_with_the_letters_and_names_itself() -> None:
    meter = SunSpecMeter(1, Steady(SHOWN), lambda: NOW)
    assert meter.receive(request(40000, 2))[9:] == b"SunS"
    assert meter.receive(request(40002, 2))[9:] == bytes((0, 1, 0, 66))
    assert meter.receive(request(40004, 16))[9:].rstrip(b"\0") == b"Kilowatch"


def test_its_chain_ends_as_the_standard_says() -> None:
    meter = SunSpecMeter(1, Steady(SHOWN), lambda: NOW)
    end = 40000 + 2 + 68 + 107
    assert meter.receive(request(end, 2))[9:] == bytes((0xFF, 0xFF, 0, 0))
    assert meter.receive(request(end, 3))[7:] == bytes((0x83, 2))
    assert meter.receive(request(39999, 2))[7:] == bytes((0x83, 2))


@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize("number", sorted(catalogue().meters))
def test_our_own_driver_reads_what_the_model_shows(number: int, framing: Framing) -> None:
    meter = SunSpecMeter(
        1, Steady(SHOWN), lambda: NOW, sunspec_model=number, base=0, before=[(103, 50)], framing=framing
    )
    values, facts = read_by_our_driver(meter, framing)
    meant = {point.quantity for point in catalogue().meters[number].points}
    assert values == pytest.approx({q: v for q, v in SHOWN.items() if q in meant}, rel=3e-5)
    assert (facts["sunspec_model"], facts["serial"]) == (str(number), "202400010001")
