"""An edge node's life: births before data, an own sequence, another birth for whoever asks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.mqtt.dialects import Publication
from protocols.mqtt.sparkplug_b import rebirth_request
from protocols.mqtt.sparkplug_births import BD_SEQ
from protocols.mqtt.sparkplug_payload import decode
from simulators.mqtt_manner import Device, Surroundings, manners
from simulators.mqtt_manners.sparkplug import EdgeNode

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Steady:
    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return {Quantity.ACTIVE_POWER: 1.5, Quantity.MAX_DEMAND_IMPORT_AT: 1.0}


AROUND = Surroundings(
    gateway="gw",
    topic="spBv1.0/gw/#",
    devices=[Device(meter=MeterId("M-1"), model=Steady(), wiring=Wiring.ONE_PHASE)],
    zone=ZoneInfo("UTC"),
    stored_from=None,
)


def kinds(messages: list[Publication]) -> list[tuple[str, int | None]]:
    return [(m.topic.split("/")[2], decode(m.payload).seq) for m in messages]


def test_it_is_born_first_and_then_tells_by_alias() -> None:
    node = EdgeNode(AROUND)
    births, data = list(node.live(NOW)), list(node.live(NOW))
    assert kinds(births) == [("NBIRTH", 0), ("DBIRTH", 1)]
    assert kinds(data) == [("DDATA", 2)]
    (born,) = decode(births[1].payload).metrics  # a time is no number and stays out
    (told,) = decode(data[0].payload).metrics
    assert (born.name, born.alias) == ("active_power", told.alias)
    assert (told.name, told.value) == (None, 1.5)


def test_the_sequence_begins_anew_with_a_birth_and_after_255() -> None:
    node = EdgeNode(AROUND)
    told = [one for _ in range(256) for one in kinds(list(node.live(NOW)))]
    assert [seq for _, seq in told[:258]] == [*range(256), 0]
    again = list(node.answer("spBv1.0/gw/NCMD/gw", rebirth_request(NOW), NOW))
    assert kinds(again) == [("NBIRTH", 0), ("DBIRTH", 1)]


def test_another_command_and_garbage_are_passed_over() -> None:
    node = EdgeNode(AROUND)
    assert list(node.answer("spBv1.0/gw/NCMD/other", rebirth_request(NOW), NOW)) == []
    assert list(node.answer("spBv1.0/gw/NCMD/gw", b"\xff\xff\xff", NOW)) == []


def test_its_will_is_its_death_with_the_number_of_its_birth() -> None:
    will = manners.get("sparkplug_b").will(AROUND)
    assert will is not None
    assert will.topic == "spBv1.0/gw/NDEATH/gw"
    assert [metric.name for metric in decode(will.payload).metrics] == [BD_SEQ]
