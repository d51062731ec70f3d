"""Home Assistant: announced once, told the newest, and never a value that would be booked as energy."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.model import MeterId, Origin, Quality, Snapshot
from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Publication
from protocols.mqtt.home_assistant import OFFLINE, HomeAssistant, topic_name

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
METER = MeterId("M-1")
ENERGY = Quantity.ACTIVE_ENERGY_IMPORT
STATE = "kilowatch/state/M-1/active_energy_import"


@pytest.fixture
def home() -> HomeAssistant:
    return HomeAssistant("homeassistant", "kilowatch", {METER: 60.0})


def reading(value: float, minutes: int = 0, quantity: Quantity = ENERGY, **more: object) -> Snapshot:
    at = AT + minutes * MINUTE
    fields = {"meter": METER, "taken_at": at, "received_at": at, "values": {quantity: value}, **more}
    return Snapshot(**fields)  # type: ignore[arg-type] # fields by name


def states(published: Sequence[Publication]) -> list[str]:
    return [p.payload.decode() for p in published if not p.retain]


def configs(published: Sequence[Publication]) -> list[Mapping[str, object]]:
    return [json.loads(p.payload) for p in published if p.retain]


def test_a_value_is_announced_before_it_is_told(home: HomeAssistant) -> None:
    config, state = home.tell([reading(7.5)])
    assert config.topic == "homeassistant/sensor/kilowatch_M-1/active_energy_import/config"
    assert config.retain
    assert json.loads(config.payload) == {
        "unique_id": "kilowatch_M-1_active_energy_import",
        "name": "active energy import",
        "state_topic": STATE,
        "state_class": "total_increasing",
        "device_class": "energy",
        "unit_of_measurement": "kWh",
        "expire_after": 180,
        "availability": [{"topic": "kilowatch/availability"}],
        "device": {"identifiers": ["kilowatch_M-1"], "name": "M-1"},
        "origin": {"name": "kilowatch"},
    }
    assert state == Publication(topic=STATE, payload=b"7.5", qos=0)


def test_it_is_announced_once_and_again_to_a_broker_that_may_have_forgotten(home: HomeAssistant) -> None:
    first = home.tell([reading(7.5)])
    assert len(home.tell([reading(7.6, 1)])) == 1
    *announced, presence = home.greeting()
    assert announced == [first[0]]
    assert (presence.topic, presence.payload, presence.retain) == ("kilowatch/availability", b"online", True)
    assert home.presence(OFFLINE).payload == b"offline"


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (Quantity.ACTIVE_POWER, ("power", "kW", "measurement")),
        (Quantity.VOLTAGE_A, ("voltage", "V", "measurement")),
        (Quantity.CURRENT_A, ("current", "A", "measurement")),
        (Quantity.FREQUENCY, ("frequency", "Hz", "measurement")),
        (Quantity.POWER_FACTOR, ("power_factor", None, "measurement")),
        (Quantity.REACTIVE_POWER, (None, "kvar", "measurement")),
        (Quantity.REACTIVE_ENERGY_IMPORT, (None, "kvarh", "total_increasing")),
        (Quantity.ACTIVE_ENERGY_COMBINED, ("energy", "kWh", "total")),
    ],
)
def test_classes_and_units_are_home_assistants(
    home: HomeAssistant, quantity: Quantity, expected: tuple[str | None, ...]
) -> None:
    (config,) = configs(home.tell([reading(1.0, quantity=quantity)]))
    keys = ("device_class", "unit_of_measurement", "state_class")
    assert tuple(config.get(key) for key in keys) == expected


def test_a_register_at_zero_is_never_told_but_a_power_is(home: HomeAssistant) -> None:
    assert home.tell([reading(0.0)]) == []
    assert states(home.tell([reading(0.0, quantity=Quantity.ACTIVE_POWER)])) == ["0.0"]


def test_a_boot_zero_in_between_is_not_told(home: HomeAssistant) -> None:
    told = home.tell([reading(413.0), reading(0.0, 1), reading(413.1, 2)])
    assert states(told) == ["413.0", "413.1"]


def test_one_bad_fall_is_not_told_and_a_lasting_one_is(home: HomeAssistant) -> None:
    assert states(home.tell([reading(413.0), reading(5.0, 1), reading(413.2, 2)])) == ["413.0", "413.2"]
    assert states(home.tell([reading(5.0, 3), reading(5.1, 4), reading(5.2, 5)])) == ["5.1", "5.2"]


def test_only_what_is_newer_is_told(home: HomeAssistant) -> None:
    assert states(home.tell([reading(8.0, 2), reading(7.0, 1)])) == ["7.0", "8.0"]
    assert home.tell([reading(8.0, 2), reading(7.5, 1)]) == []


@pytest.mark.parametrize(("minutes", "told"), [(3, ["7.5"]), (4, [])])
def test_what_comes_later_than_a_value_lives_is_not_the_present_state(
    home: HomeAssistant, minutes: int, told: list[str]
) -> None:
    assert states(home.tell([reading(7.5, received_at=AT + minutes * MINUTE)])) == told


@pytest.mark.parametrize("origin", [Origin.LOAD_RECORD, Origin.DAILY_FREEZE, Origin.SETTLEMENT_FREEZE])
def test_stored_records_are_never_the_present_state(home: HomeAssistant, origin: Origin) -> None:
    assert home.tell([reading(7.5, origin=origin)]) == []


def test_what_is_flagged_is_not_told(home: HomeAssistant) -> None:
    assert home.tell([reading(7.5, quality=Quality.FUTURE_TIME)]) == []
    assert home.tell([reading(7.5, flags={ENERGY: Quality.OUT_OF_RANGE})]) == []
    assert states(home.tell([reading(7.5, quality=Quality.ARRIVAL_TIME)])) == ["7.5"]


def test_meters_whose_ids_look_alike_in_a_topic_stay_apart() -> None:
    names = {topic_name(MeterId(meter)) for meter in ("a/b", "a b", "a-b", "a+b", "电表 1")}
    assert len(names) == 5
    assert all(name.isascii() and not set(name) & set("/+# ") for name in names)


def test_without_a_period_a_value_expires_in_a_quarter_of_an_hour() -> None:
    home = HomeAssistant("homeassistant", "kilowatch", {})
    assert [config["expire_after"] for config in configs(home.tell([reading(1.0)]))] == [900]
