"""Zigbee2MQTT: flat values at the time of the last Zigbee message, or flagged where that is not told."""

import json
from datetime import UTC, datetime

import pytest

from pipeline.model import Quality
from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Parsed, Receive
from tests.mqtt_payloads import NOW, listening, message, reasons

SEEN = datetime(2024, 1, 15, 10, 15, 2, 137_000, tzinfo=UTC)


@pytest.fixture
def receive() -> Receive:
    return listening("zigbee2mqtt", "zigbee2mqtt/#")


def test_a_plugs_values_are_measured_when_it_was_last_seen(receive: Receive) -> None:
    parsed = receive("zigbee2mqtt/kitchen/plug", message("zigbee2mqtt/plug.json"), NOW)
    (snapshot,) = parsed.snapshots
    assert snapshot.meter == "kitchen/plug"
    assert snapshot.values == {
        Quantity.ACTIVE_ENERGY_IMPORT: 16.47,
        Quantity.ACTIVE_ENERGY_EXPORT: 0.5,
        Quantity.ACTIVE_POWER: pytest.approx(0.0246),
        Quantity.VOLTAGE_A: 229.0,
        Quantity.CURRENT_A: 0.11,
    }
    assert (snapshot.taken_at, snapshot.quality) == (SEEN, Quality.GOOD)
    assert parsed.unmatched == ()


@pytest.mark.parametrize("told", ["2024-01-15T18:15:02.137+08:00", int(SEEN.timestamp() * 1000)])
def test_every_form_of_last_seen_is_read(receive: Receive, told: object) -> None:
    payload = json.dumps({"power": 5, "last_seen": told}).encode()
    assert receive("zigbee2mqtt/plug", payload, NOW).snapshots[0].taken_at == SEEN


def test_without_last_seen_the_time_of_receipt_is_flagged(receive: Receive) -> None:
    (snapshot,) = receive("zigbee2mqtt/plug", b'{"power":5}', NOW).snapshots
    assert (snapshot.taken_at, snapshot.quality) == (NOW, Quality.ARRIVAL_TIME)
    assert snapshot.meter_time is None


def test_numbers_that_nobody_named_are_kept_apart_and_states_are_not(receive: Receive) -> None:
    parsed = receive("zigbee2mqtt/plug", b'{"power_a":5,"state":"ON","child_lock":false,"battery":98}', NOW)
    assert reasons(parsed) == [("unknown field", "power_a")]


@pytest.mark.parametrize(
    "topic", ["zigbee2mqtt/bridge/state", "zigbee2mqtt/plug/availability", "zigbee2mqtt/plug/set"]
)
def test_the_bridge_itself_availability_and_commands_are_none_of_ours(receive: Receive, topic: str) -> None:
    assert receive(topic, b"online", NOW) == Parsed()


def test_a_single_meter_needs_no_name_in_its_topic() -> None:
    receive = listening("zigbee2mqtt", "zigbee2mqtt/plug", meters=("M-1",))
    assert receive("zigbee2mqtt/plug", b'{"power":5}', NOW).snapshots[0].meter == "M-1"
