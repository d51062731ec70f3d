"""How often a meter reports, as its values' expiry wants to know."""

from pipeline.model import MeterId
from pipeline.registry import Bus, Installation, Meter, MqttSource, Registry, Schedule
from services.home_assistant import periods_s

METERS = [Meter(id=MeterId(name)) for name in "abc"]


def test_a_meter_on_a_bus_follows_the_slowest_schedule_and_a_pushing_one_its_source() -> None:
    registry = Registry(
        meters=METERS,
        buses=[Bus(id="line", url="serial:///dev/ttyUSB0")],
        installations=[Installation(meter=MeterId("a"), service_point="p", bus="line")],
        schedules=[Schedule(group="electrical", every_s=60), Schedule(group="register", every_s=900)],
        mqtt_sources=[
            MqttSource(id="m", topic="t", every_s=30, meters=("b",)),
            MqttSource(id="n", topic="u", meters=("c",)),
        ],
    )
    assert periods_s(registry) == {MeterId("a"): 900, MeterId("b"): 30}


def test_without_schedules_nothing_is_known_of_meters_on_buses() -> None:
    registry = Registry(installations=[Installation(meter=MeterId("a"), service_point="p", bus="line")])
    assert periods_s(registry) == {}
