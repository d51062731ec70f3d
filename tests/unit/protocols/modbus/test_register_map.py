"""What a profile says beyond scale and type: absent values, ratios, the probe, signs."""

import struct
from dataclasses import replace

import pytest

from pipeline.model import Quality
from pipeline.quantities import Quantity
from protocols.modbus.conversation import span_query
from protocols.modbus.framing import Framing
from protocols.modbus.planner import Span
from protocols.modbus.register_map import RegisterMap
from protocols.modbus.session import ModbusSession
from protocols.profile import Coding, Identity, Point, Profile, Register, Side
from protocols.session import Answer, Refused
from tests.unit.protocols.modbus.toy_meter import (
    answer_of,
    crc,
    drain,
    point,
    register_map,
    rtu,
)


def reading(conversation: ModbusSession, span: Span, *registers: int) -> Answer:
    """Ask for a span and answer it with registers, in RTU."""
    conversation.ask(span_query(span, Framing.RTU))
    content = struct.pack(f">{len(registers)}H", *registers)
    body = bytes((1, span.function, len(content))) + content
    conversation.receive_data(body + crc(body))
    return answer_of(conversation)


def test_a_value_that_the_meter_calls_not_available_is_missing() -> None:
    # ABB B23: all ones where a phase is not connected.
    absent = Point(
        quantity=Quantity.VOLTAGE_B,
        address=0,
        function=3,
        type="uint32",
        scale=0.1,
        absent=frozenset({0xFFFFFFFF}),
    )
    conversation = ModbusSession(1, register_map([absent]), Framing.RTU)
    assert reading(conversation, Span(3, 0, 2), 0xFFFF, 0xFFFF).values == {}
    assert reading(conversation, Span(3, 0, 2), 0x0000, 0x08FC).values == {Quantity.VOLTAGE_B: 230.0}


RATIOS = {
    "ct": Register(address=6, function=3, type="uint16"),
    "pt": Register(address=7, function=3, type="uint16", scale=0.1),
}
POWER = Point(
    quantity=Quantity.ACTIVE_POWER, address=10, function=3, type="int16", scale=0.001, ratio=("ct", "pt")
)


def test_a_value_is_multiplied_by_the_meter_s_own_ratios_once_they_are_told() -> None:
    conversation = ModbusSession(1, register_map([POWER], RATIOS), Framing.RTU)
    assert reading(conversation, Span(3, 10, 1), 1500).values == {}
    told = reading(conversation, Span(3, 6, 2), 40, 1000)
    assert (told.facts["ct"], told.facts["pt"]) == ("40", "100")
    power = reading(conversation, Span(3, 10, 1), 1500).values[Quantity.ACTIVE_POWER]
    assert power == pytest.approx(1.5 * 40 * 100)


@pytest.mark.parametrize("ratio", [0, 0xFFFF])
def test_a_ratio_of_nothing_gives_no_value(ratio: int) -> None:
    signed = {"ct": Register(address=6, function=3, type="int16")}
    power = replace(POWER, ratio=("ct",))
    conversation = ModbusSession(1, register_map([power], signed), Framing.RTU)
    reading(conversation, Span(3, 6, 1), ratio)
    assert reading(conversation, Span(3, 10, 1), 1500).values == {}


def test_nothing_is_given_before_the_whole_probe_has_passed() -> None:
    frequency, energy = point(Quantity.FREQUENCY, 0, "uint16"), point(Quantity.ACTIVE_ENERGY_IMPORT, 50)
    voltage = point(Quantity.VOLTAGE_A, 1, "uint16")
    probe = {Quantity.FREQUENCY: (45, 65), Quantity.ACTIVE_ENERGY_IMPORT: (0.001, 1e9)}
    conversation = ModbusSession(1, register_map([frequency, voltage, energy], probe=probe), Framing.RTU)
    first = reading(conversation, Span(4, 0, 2), 50, 230)
    assert (first.values, first.deviations) == ({}, ())
    # What waited comes with the answer that completes the probe; from then on nothing waits.
    words = struct.unpack(">HH", struct.pack(">f", 12.5))
    assert reading(conversation, Span(4, 50, 2), *words).values == {
        Quantity.FREQUENCY: 50.0,
        Quantity.VOLTAGE_A: 230.0,
        Quantity.ACTIVE_ENERGY_IMPORT: 12.5,
    }
    assert reading(conversation, Span(4, 1, 1), 231).values == {Quantity.VOLTAGE_A: 231.0}


def test_a_meter_that_has_passed_its_probe_may_show_an_outage() -> None:
    frequency, voltage = point(Quantity.FREQUENCY, 0, "uint16"), point(Quantity.VOLTAGE_A, 1, "uint16")
    found = register_map([frequency, voltage], probe={Quantity.FREQUENCY: (45, 65)})
    unknown = ModbusSession(1, found, Framing.RTU)
    assert reading(unknown, Span(4, 0, 2), 0, 0).values == {}
    conversation = ModbusSession(1, found, Framing.RTU)
    reading(conversation, Span(4, 0, 2), 50, 230)
    outage = reading(conversation, Span(4, 0, 2), 0, 0)
    assert outage.values == {Quantity.FREQUENCY: 0.0, Quantity.VOLTAGE_A: 0.0}
    assert outage.deviations == ()
    assert reading(conversation, Span(4, 0, 2), 5000, 230).values == {}  # another map all the same


def test_a_quantity_of_the_probe_that_is_no_number_costs_its_neighbours_nothing() -> None:
    frequency, voltage = point(Quantity.FREQUENCY, 0), point(Quantity.VOLTAGE_A, 2, "uint16")
    found = register_map([frequency, voltage], probe={Quantity.FREQUENCY: (45, 65)})
    conversation = ModbusSession(1, found, Framing.RTU)
    answer = reading(conversation, Span(4, 0, 3), 0x7F80, 0, 230)
    assert answer.values == {Quantity.VOLTAGE_A: 230.0}
    assert answer.flags == {Quantity.FREQUENCY: Quality.NOT_A_NUMBER}


def test_a_quantity_of_the_probe_waits_for_the_meter_s_own_ratio() -> None:
    energy = replace(point(Quantity.ACTIVE_ENERGY_IMPORT, 10, "uint16"), ratio=("ct",))
    ratios = {"ct": Register(address=0, function=4, type="uint16")}
    found = register_map([energy], ratios, {Quantity.ACTIVE_ENERGY_IMPORT: (1, 1e9)})
    conversation = ModbusSession(1, found, Framing.RTU)
    assert reading(conversation, Span(4, 10, 1), 7).deviations == ()
    reading(conversation, Span(4, 0, 1), 40)
    assert reading(conversation, Span(4, 10, 1), 7).values == {Quantity.ACTIVE_ENERGY_IMPORT: 280.0}


def test_what_waited_for_an_answer_that_never_came_is_forgotten() -> None:
    frequency, energy = point(Quantity.FREQUENCY, 0, "uint16"), point(Quantity.ACTIVE_ENERGY_IMPORT, 50)
    probe = {Quantity.FREQUENCY: (45, 65), Quantity.ACTIVE_ENERGY_IMPORT: (0.001, 1e9)}
    conversation = ModbusSession(1, register_map([frequency, energy], probe=probe), Framing.RTU)
    reading(conversation, Span(4, 0, 1), 50)
    silent = span_query(Span(4, 60, 2), Framing.RTU)
    conversation.ask(silent)
    conversation.ask(silent)
    words = struct.unpack(">HH", struct.pack(">f", 12.5))
    late = reading(conversation, Span(4, 50, 2), *words)
    assert late.values == {Quantity.ACTIVE_ENERGY_IMPORT: 12.5}


def test_a_refused_register_of_the_probe_withholds_the_rest() -> None:
    frequency, voltage = point(Quantity.FREQUENCY, 9, "uint16"), point(Quantity.VOLTAGE_A, 1, "uint16")
    found = register_map([frequency, voltage], probe={Quantity.FREQUENCY: (45, 65)})
    conversation = ModbusSession(1, found, Framing.RTU)
    conversation.ask(span_query(Span(4, 9, 1), Framing.RTU))
    conversation.receive_data(rtu("01 84 02"))
    assert isinstance(drain(conversation)[0], Refused)
    misfit = reading(conversation, Span(4, 1, 1), 230)
    assert misfit.values == {}
    assert misfit.deviations[0].startswith(
        "frequency is refused (illegal data address) where toy has 45 to 65"
    )
    # Refused among others that do not exist, and answered alone: it is this model after all.
    assert reading(conversation, Span(4, 9, 1), 50).values == {Quantity.FREQUENCY: 50.0}


@pytest.mark.parametrize(
    ("register", "factor"),
    # Schneider, PM5500 user manual, Power factor register format: quadrants 1, 2, 3, 4
    [(0.75, 0.75), (-1.25, -0.75), (-0.75, -0.75), (1.25, 0.75), (1.0, 1.0), (-1.0, -1.0)],
)
def test_a_power_factor_coded_for_four_quadrants_comes_out_with_the_sign_of_the_power(
    register: float, factor: float
) -> None:
    coded = replace(point(Quantity.POWER_FACTOR, 0), coding=Coding.FOUR_QUADRANTS)
    conversation = ModbusSession(1, register_map([coded]), Framing.RTU)
    words = struct.unpack(">HH", struct.pack(">f", register))
    assert reading(conversation, Span(4, 0, 2), *words).values == {Quantity.POWER_FACTOR: factor}


@pytest.mark.parametrize(
    ("power", "sent", "factor"),
    [(1500, 0.9, 0.9), (-1500, 0.9, -0.9), (-1500, -0.9, -0.9), (1500, -0.9, 0.9), (0, -0.9, -0.9)],
)
def test_a_power_factor_takes_the_sign_of_the_power_whatever_its_maker_thinks(
    power: int, sent: float, factor: float
) -> None:
    p = point(Quantity.ACTIVE_POWER, 0, "int16", scale=0.001)
    pf = replace(point(Quantity.POWER_FACTOR, 1, "int16", scale=0.001), sign_of=Quantity.ACTIVE_POWER)
    found = register_map([p, pf])
    assert [register.address for register in found.wanted(frozenset({Quantity.POWER_FACTOR}))] == [0, 1]
    conversation = ModbusSession(1, found, Framing.RTU)
    answer = reading(conversation, Span(4, 0, 2), power & 0xFFFF, round(sent * 1000) & 0xFFFF)
    assert answer.values[Quantity.POWER_FACTOR] == pytest.approx(factor)


def test_nan_is_missing_where_the_profile_says_that_it_means_so() -> None:
    absent = replace(point(Quantity.VOLTAGE_B, 0), nan_is_absent=True)
    conversation = ModbusSession(1, register_map([absent]), Framing.RTU)
    answer = reading(conversation, Span(4, 0, 2), 0x7FC0, 0)
    assert (answer.values, answer.flags) == ({}, {})
    assert reading(conversation, Span(4, 0, 2), 0x7F80, 0).flags == {Quantity.VOLTAGE_B: Quality.NOT_A_NUMBER}


def test_a_meter_that_fails_its_profile_s_probe_gives_no_values_and_says_why() -> None:
    # A DTSU666 sends 5000 for 50 Hz; one with engineering units sends 50, which this map makes 0.5.
    frequency = point(Quantity.FREQUENCY, 0, "uint16", scale=0.01)
    voltage = point(Quantity.VOLTAGE_A, 1, "uint16", scale=0.1)
    found = register_map([frequency, voltage], probe={Quantity.FREQUENCY: (45, 65)})
    conversation = ModbusSession(1, found, Framing.RTU)
    misfit = reading(conversation, Span(4, 0, 1), 50)
    assert misfit.values == {}
    assert misfit.deviations[0].startswith("frequency reads 0.5 where toy has 45 to 65")
    assert reading(conversation, Span(4, 1, 1), 2300).values == {}
    assert reading(conversation, Span(4, 0, 1), 5000).values == {Quantity.FREQUENCY: 50.0}
    assert reading(conversation, Span(4, 1, 1), 2300).values == {Quantity.VOLTAGE_A: 230.0}


def test_a_register_that_should_tell_the_model_and_reads_zero_tells_another_one() -> None:
    profile = Profile(
        name="toy",
        protocol="modbus",
        description="",
        side=Side.PRIMARY,
        source="",
        quantities=frozenset(),
        identity={"system_type": Identity(address=10, function=3, type="uint16", between=(1.0, 3.0))},
    )
    known = RegisterMap(profile, "3P4W")
    places = known.places(Span(3, 10, 1))
    assert known.strangeness(places, [3]) == {"system_type": ""}
    assert "system_type reads 0 where toy has 1 to 3" in known.strangeness(places, [0])["system_type"]
    assert known.ratios_in(places, [3]) == {}
