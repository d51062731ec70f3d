"""Tasmota: registers and instant values of one, two and three phases, at the device's local time."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import Quality
from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Receive
from tests.mqtt_payloads import NOW, listening, message, reasons

TOPIC = "tele/plug-7/SENSOR"


@pytest.fixture
def receive() -> Receive:
    return listening("tasmota", "tele/+/SENSOR", zone=ZoneInfo("Europe/Berlin"))


def test_a_plugs_total_is_its_register_and_differences_are_not_ours(receive: Receive) -> None:
    parsed = receive(TOPIC, message("tasmota/plug.json"), NOW)
    (snapshot,) = parsed.snapshots
    assert snapshot.meter == "plug-7"
    assert snapshot.values == {
        Quantity.ACTIVE_ENERGY_IMPORT: 514.153,
        Quantity.ACTIVE_POWER: pytest.approx(0.056),
        Quantity.APPARENT_POWER: pytest.approx(0.092),
        Quantity.REACTIVE_POWER: pytest.approx(0.073),
        Quantity.POWER_FACTOR: 0.61,
        Quantity.VOLTAGE_A: 234.0,
        Quantity.CURRENT_A: 0.392,
    }
    assert snapshot.taken_at == datetime(2023, 5, 19, 18, 52, 56, tzinfo=UTC)
    assert snapshot.quality is Quality.GOOD
    assert parsed.unmatched == ()


def test_three_values_are_the_phases_and_power_and_registers_add_up(receive: Receive) -> None:
    parsed = receive(TOPIC, message("tasmota/three_phases.json"), NOW)
    (snapshot,) = parsed.snapshots
    values = snapshot.values
    assert [values[Quantity(f"voltage_{phase}")] for phase in "abc"] == [230.1, 231.2, 229.9]
    assert [values[Quantity(f"current_{phase}")] for phase in "abc"] == [0.478, 0.952, 0.261]
    assert [values[Quantity(f"active_power_{phase}")] for phase in "abc"] == pytest.approx([0.1, 0.2, -0.05])
    assert values[Quantity.ACTIVE_POWER] == pytest.approx(0.25)
    assert values[Quantity.REACTIVE_POWER] == pytest.approx(0.06)
    assert Quantity.APPARENT_POWER not in values
    assert Quantity.POWER_FACTOR not in values
    assert values[Quantity.ACTIVE_ENERGY_IMPORT] == 321.5
    assert values[Quantity.ACTIVE_ENERGY_EXPORT] == 12.25
    assert parsed.unmatched == ()


def test_registers_by_phase_are_added_up_too(receive: Receive) -> None:
    payload = json.dumps({"Time": "2024-02-01T12:00:00", "ENERGY": {"Total": [1.5, 2.25, 4]}}).encode()
    (snapshot,) = receive(TOPIC, payload, NOW).snapshots
    assert snapshot.values[Quantity.ACTIVE_ENERGY_IMPORT] == 7.75
    assert snapshot.values[Quantity.ACTIVE_ENERGY_IMPORT_C] == 4.0


def test_a_phase_without_a_number_leaves_no_sum(receive: Receive) -> None:
    payload = json.dumps({"Time": "2024-02-01T12:00:00", "ENERGY": {"Power": [1, None, 3]}}).encode()
    (snapshot,) = receive(TOPIC, payload, NOW).snapshots
    assert set(snapshot.values) == {Quantity.ACTIVE_POWER_A, Quantity.ACTIVE_POWER_C}


def test_two_channels_are_no_phases_and_are_named_by_the_source() -> None:
    payload = message("tasmota/two_channels.json")
    unnamed = listening("tasmota", "tele/+/SENSOR")(TOPIC, payload, NOW)
    assert ("unknown field", "ENERGY.Power.0") in reasons(unnamed)
    assert unnamed.snapshots[0].values == {Quantity.VOLTAGE_A: 235.0}
    named = listening(
        "tasmota",
        "tele/+/SENSOR",
        quantities={"ENERGY.Power.0": "active_power * 0.001", "ENERGY.Total.0": "active_energy_import"},
    )(TOPIC, payload, NOW)
    assert named.snapshots[0].values == {
        Quantity.VOLTAGE_A: 235.0,
        Quantity.ACTIVE_POWER: pytest.approx(0.052),
        Quantity.ACTIVE_ENERGY_IMPORT: 2.813,
    }


def test_a_meter_behind_a_smart_meter_interface_is_named_by_its_path() -> None:
    receive = listening("tasmota", "tele/+/SENSOR", quantities={"SML.Total_in": "active_energy_import"})
    payload = json.dumps({"Time": "2024-02-01T12:00:00+01:00", "SML": {"Total_in": 77.5, "Power_curr": 5}})
    parsed = receive(TOPIC, payload.encode(), NOW)
    assert parsed.snapshots[0].values == {Quantity.ACTIVE_ENERGY_IMPORT: 77.5}
    assert parsed.snapshots[0].taken_at == datetime(2024, 2, 1, 11, tzinfo=UTC)
    assert parsed.unmatched == ()


@pytest.mark.parametrize("minutes", [0, 60])
def test_the_hour_that_is_there_twice_is_the_one_nearer_to_the_receipt(
    receive: Receive, minutes: int
) -> None:
    """In Berlin 02:30 was at 00:30 and at 01:30 UTC on 2026-10-25."""
    payload = json.dumps({"Time": "2026-10-25T02:30:00", "ENERGY": {"Total": 1.5}}).encode()
    instant = datetime(2026, 10, 25, 0, 30, tzinfo=UTC) + timedelta(minutes=minutes)
    (snapshot,) = receive(TOPIC, payload, instant + timedelta(seconds=1)).snapshots
    assert snapshot.taken_at == instant


@pytest.mark.parametrize("told", ["1970-01-01T00:00:08", "yesterday", None, 7])
def test_a_clock_that_is_not_set_gives_way_to_the_time_of_receipt(receive: Receive, told: object) -> None:
    payload = json.dumps({"Time": told, "ENERGY": {"Total": 1.5}}).encode()
    (snapshot,) = receive(TOPIC, payload, NOW).snapshots
    assert (snapshot.taken_at, snapshot.quality) == (NOW, Quality.ARRIVAL_TIME)


def test_a_message_without_measurements_is_passed_over(receive: Receive) -> None:
    parsed = receive(TOPIC, b'{"Time":"2024-02-01T12:00:00","ANALOG":{"Temperature1":-54.5}}', NOW)
    assert (parsed.snapshots, parsed.unmatched) == ((), ())


@pytest.mark.parametrize("odd", ["NaN", '"nan"', "1e999"])
def test_what_is_not_a_number_is_flagged(receive: Receive, odd: str) -> None:
    payload = f'{{"Time":"2024-02-01T12:00:00","ENERGY":{{"Total":2.5,"Voltage":{odd}}}}}'.encode()
    (snapshot,) = receive(TOPIC, payload, NOW).snapshots
    assert snapshot.values == {Quantity.ACTIVE_ENERGY_IMPORT: 2.5}
    assert snapshot.flags == {Quantity.VOLTAGE_A: Quality.NOT_A_NUMBER}
