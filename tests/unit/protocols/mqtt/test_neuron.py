"""Neuron: tags in both formats, with the errors that are part of a message."""

from datetime import UTC, datetime

import pytest

from pipeline.model import Quality
from pipeline.quantities import Quantity
from tests.mqtt_payloads import NOW, listening, message, reasons

TOPIC = "/neuron/mqtt/modbus/grp"
TAGS = {"tag0": "active_power * 0.001", "tag1": "voltage_a"}


@pytest.mark.parametrize(
    ("name", "taken_at"),
    [
        ("values", datetime(2022, 4, 15, 7, 6, 28, 943_000, tzinfo=UTC)),
        ("tags", datetime(2022, 3, 17, 6, 9, 49, 75_000, tzinfo=UTC)),
    ],
)
def test_both_formats_give_values_and_flag_what_the_gateway_could_not_read(
    name: str, taken_at: datetime
) -> None:
    receive = listening("neuron", "/neuron/#", quantities=TAGS)
    parsed = receive(TOPIC, message(f"neuron/{name}.json"), NOW)
    (snapshot,) = parsed.snapshots
    assert snapshot.meter == "modbus"
    assert snapshot.taken_at == taken_at
    assert snapshot.values == {Quantity.ACTIVE_POWER: pytest.approx(0.123)}
    assert snapshot.flags == {Quantity.VOLTAGE_A: Quality.PARTIAL}
    assert reasons(parsed) == [("the gateway could not read it: error 2014", "tag1")]


@pytest.mark.parametrize(
    ("devices", "meter"), [({"modbus": "a"}, "a"), ({"modbus": "a", "modbus/grp": "b"}, "b")]
)
def test_a_node_or_one_of_its_groups_is_the_device(devices: dict[str, str], meter: str) -> None:
    receive = listening("neuron", "/neuron/#", quantities=TAGS, devices=devices)
    assert receive(TOPIC, message("neuron/values.json"), NOW).snapshots[0].meter == meter


def test_a_template_finds_the_device_in_the_topic() -> None:
    receive = listening("neuron", "/neuron/#", template="/neuron/+/{device}/grp", quantities=TAGS)
    assert receive("/neuron/mqtt/D-9/grp", message("neuron/values.json"), NOW).snapshots[0].meter == "D-9"


def test_tags_that_nobody_named_are_kept_apart() -> None:
    parsed = listening("neuron", "/neuron/#")(TOPIC, message("neuron/values.json"), NOW)
    assert parsed.snapshots == ()
    assert ("unknown tag", "tag0") in reasons(parsed)


def test_a_message_of_neither_format_is_kept_apart() -> None:
    parsed = listening("neuron", "/neuron/#")(TOPIC, b'{"version":"2.1.0","states":[]}', NOW)
    assert reasons(parsed) == [("neither values nor tags", "")]
