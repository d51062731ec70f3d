"""Which meter a topic or a device's name stands for."""

import pytest

from pipeline.registry import MqttSource
from protocols.mqtt.names import NO_DEVICE, Names, UnknownDeviceError, meter_id


def names(topic: str, *, rest: bool = False, **more: object) -> Names:
    source = MqttSource(id="s", topic=topic, **more)  # type: ignore[arg-type] # keywords by name
    return Names(source, {}, rest_is_device=rest)


def test_the_first_plus_is_the_device_unless_a_template_says_otherwise() -> None:
    assert names("a/+/b").meter_of_topic("a/M-1/b") == "M-1"
    assert names("a/#", template="a/+/{device}").meter_of_topic("a/x/M-2") == "M-2"


def test_the_rest_is_the_device_where_a_dialect_says_so() -> None:
    assert names("z/#", rest=True).meter_of_topic("z/kitchen/plug") == "kitchen/plug"
    assert names("z/#", meters=("M-3",)).meter_of_topic("z/kitchen/plug") == "M-3"


def test_a_table_of_devices_is_complete() -> None:
    known = names("a/+", devices={"plug": "M-1"})
    assert known.meter_of_topic("a/plug") == "M-1"
    with pytest.raises(UnknownDeviceError) as error:
        known.meter_of_topic("a/other")
    assert error.value.key == "other"


@pytest.mark.parametrize("meters", [(), ("a", "b")])
def test_a_topic_without_device_needs_exactly_one_meter(meters: tuple[str, ...]) -> None:
    with pytest.raises(UnknownDeviceError, match=NO_DEVICE):
        names("fixed", meters=meters).meter_of_topic("fixed")


@pytest.mark.parametrize("text", [None, "", 7, "x" * 65, "a\0b"])
def test_what_can_be_no_meter_is_none(text: object) -> None:
    assert meter_id(text) is None
    with pytest.raises(UnknownDeviceError):
        names("a/+").meter_of(str(text) if isinstance(text, str) else "")
