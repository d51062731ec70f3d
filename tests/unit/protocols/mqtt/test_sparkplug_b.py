"""Sparkplug B: births explain aliases, what is lost is asked for, values keep their own time."""

from datetime import datetime, timedelta

import pytest

from pipeline.model import Origin, Quality
from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Parsed, Publication, Receive
from protocols.mqtt.sparkplug_b import REBIRTH, REBIRTH_EVERY
from protocols.mqtt.sparkplug_payload import DataType, Metric, Payload, decode, encode
from tests.mqtt_payloads import NOW, NOW_MS, birth, data, declared, listening, reasons

NODE, DEVICE = "spBv1.0/plant/{}/edge", "spBv1.0/plant/{}/edge/M-1"
POWER, ENERGY, TEMPERATURE = ("watts", 1, DataType.DOUBLE), ("active_energy_import", 2, 10), ("oil", 3, 10)
WATTS = {"watts": "active_power * 0.001"}


@pytest.fixture
def receive() -> Receive:
    return listening("sparkplug_b", "spBv1.0/#", quantities=WATTS)


def born(receive: Receive) -> None:
    receive(NODE.format("NBIRTH"), birth([]), NOW)
    parsed = receive(DEVICE.format("DBIRTH"), device_birth(), NOW)
    assert parsed.questions == ()


def device_birth(seq: int = 1) -> bytes:
    return encode(Payload(timestamp_ms=NOW_MS, seq=seq, metrics=tuple(declared([POWER, ENERGY]))))


def asked(parsed: Parsed) -> list[str]:
    assert all(isinstance(question, Publication) for question in parsed.questions)
    return [question.topic for question in parsed.questions]


def test_an_alias_means_what_the_birth_said(receive: Receive) -> None:
    born(receive)
    parsed = receive(DEVICE.format("DDATA"), data([(1, 1500.0), (2, 7.25)], seq=2), NOW)
    (snapshot,) = parsed.snapshots
    assert snapshot.meter == "M-1"
    assert snapshot.values == {Quantity.ACTIVE_POWER: 1.5, Quantity.ACTIVE_ENERGY_IMPORT: 7.25}
    assert snapshot.quality is Quality.GOOD
    assert snapshot.origin is Origin.PUSH
    assert parsed.unmatched == ()


def test_a_birth_brings_values_too(receive: Receive) -> None:
    receive(NODE.format("NBIRTH"), birth([]), NOW)
    metric = Metric(name="watts", alias=1, datatype=DataType.INT32, value=0xFFFF_FC18)
    payload = encode(Payload(timestamp_ms=NOW_MS, seq=1, metrics=(metric,)))
    (snapshot,) = receive(DEVICE.format("DBIRTH"), payload, NOW).snapshots
    assert snapshot.values == {Quantity.ACTIVE_POWER: -1.0}


def test_data_without_birth_asks_the_node_to_be_born_again(receive: Receive) -> None:
    parsed = receive(DEVICE.format("DDATA"), data([(1, 1500.0)], seq=9), NOW)
    assert parsed.snapshots == ()
    assert reasons(parsed) == [("alias without birth", "M-1 1")]
    assert asked(parsed) == ["spBv1.0/plant/NCMD/edge"]
    (metric,) = decode(parsed.questions[0].payload).metrics
    assert (metric.name, metric.datatype, metric.value) == (REBIRTH, DataType.BOOLEAN, True)


def test_a_node_is_not_asked_again_at_once(receive: Receive) -> None:
    message = data([(1, 1500.0)], seq=9)
    times = [NOW, NOW + timedelta(seconds=1), NOW + REBIRTH_EVERY]
    assert [len(receive(DEVICE.format("DDATA"), message, at).questions) for at in times] == [1, 0, 1]


def test_a_source_that_must_not_ask_only_listens() -> None:
    receive = listening("sparkplug_b", "spBv1.0/#", ask=False)
    parsed = receive(DEVICE.format("DDATA"), data([(1, 1.0)], seq=9), NOW)
    assert parsed.questions == ()
    assert reasons(parsed) == [("alias without birth", "M-1 1")]


def test_a_gap_in_the_sequence_is_told_and_asks_for_births_while_data_goes_on(receive: Receive) -> None:
    born(receive)
    parsed = receive(DEVICE.format("DDATA"), data([(2, 7.5)], seq=4), NOW)
    assert len(parsed.snapshots) == 1
    assert reasons(parsed) == [("messages were lost: sequence has a gap", "plant/edge")]
    assert asked(parsed) == ["spBv1.0/plant/NCMD/edge"]


def test_after_a_nodes_death_its_aliases_mean_nothing(receive: Receive) -> None:
    born(receive)
    death = encode(Payload(metrics=(Metric(name="bdSeq", datatype=DataType.INT64, value=0),)))
    assert receive(NODE.format("NDEATH"), death, NOW) == Parsed()
    assert receive(DEVICE.format("DDATA"), data([(1, 1.0)], seq=2), NOW).snapshots == ()


def test_after_a_devices_death_its_aliases_mean_nothing(receive: Receive) -> None:
    born(receive)
    receive(DEVICE.format("DDEATH"), encode(Payload(seq=2)), NOW)
    parsed = receive(DEVICE.format("DDATA"), data([(1, 1.0)], seq=3), NOW)
    assert parsed.snapshots == ()
    assert len(parsed.questions) == 1


def test_each_metric_keeps_its_own_time_and_historical_ones_are_late_pushes(receive: Receive) -> None:
    born(receive)
    metrics = (
        Metric(alias=2, timestamp_ms=NOW_MS - 120_000, is_historical=True, value=1.0),
        Metric(alias=2, timestamp_ms=NOW_MS - 60_000, is_historical=True, value=2.0),
        Metric(alias=2, timestamp_ms=NOW_MS, value=3.0),
        Metric(alias=1, value=500.0),
    )
    payload = encode(Payload(timestamp_ms=NOW_MS, seq=2, metrics=metrics))
    parsed = receive(DEVICE.format("DDATA"), payload, NOW)
    assert [(s.taken_at, len(s.values), s.origin) for s in parsed.snapshots] == [
        (NOW - timedelta(minutes=2), 1, Origin.PUSH),
        (NOW - timedelta(minutes=1), 1, Origin.PUSH),
        (NOW, 2, Origin.PUSH),
    ]


def test_null_is_missing_and_text_is_no_number(receive: Receive) -> None:
    born(receive)
    metrics = (Metric(alias=1, is_null=True), Metric(alias=2, datatype=DataType.STRING, value="open"))
    parsed = receive(
        DEVICE.format("DDATA"), encode(Payload(timestamp_ms=NOW_MS, seq=2, metrics=metrics)), NOW
    )
    assert parsed.snapshots == ()
    assert reasons(parsed) == [("no number", "active_energy_import")]


def test_metrics_that_nobody_named_are_kept_apart_and_those_of_the_node_itself_are_not(
    receive: Receive,
) -> None:
    parsed = receive(NODE.format("NBIRTH"), birth([TEMPERATURE]), NOW)
    assert reasons(parsed) == [("unknown metric", "oil")]
    assert parsed.questions == ()


@pytest.mark.parametrize(
    ("devices", "topic", "name", "meter"),
    [
        ({"M-1": "a"}, DEVICE, "active_power", "a"),
        ({"edge/M-1": "b", "M-1": "a"}, DEVICE, "active_power", "b"),
        ({"plant/edge/M-1": "c", "edge/M-1": "b"}, DEVICE, "active_power", "c"),
        ({"edge": "d"}, NODE, "active_power", "d"),
        ({"line 1/main": "e"}, NODE, "line 1/main/active_power", "e"),
    ],
)
def test_a_meter_is_a_device_a_node_or_a_folder_of_metrics(
    devices: dict[str, str], topic: str, name: str, meter: str
) -> None:
    receive = listening("sparkplug_b", "spBv1.0/#", devices=devices)
    metric = Metric(name=name, datatype=DataType.FLOAT, value=1.5)
    payload = encode(Payload(timestamp_ms=NOW_MS, seq=0, metrics=(metric,)))
    kind = "NDATA" if topic is NODE else "DDATA"
    (snapshot,) = receive(topic.format(kind), payload, NOW).snapshots
    assert (snapshot.meter, snapshot.values) == (meter, {Quantity.ACTIVE_POWER: 1.5})


def test_a_device_that_is_not_listed_is_kept_apart_once_a_message() -> None:
    receive = listening("sparkplug_b", "spBv1.0/#", devices={"other": "a"}, quantities=WATTS)
    receive(NODE.format("NBIRTH"), birth([]), NOW)
    receive(DEVICE.format("DBIRTH"), device_birth(), NOW)
    parsed = receive(DEVICE.format("DDATA"), data([(1, 1.0), (2, 2.0)], seq=2), NOW)
    assert reasons(parsed) == [("unknown device", "M-1")]


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("elsewhere/NDATA/x", "topic is not Sparkplug B's"),
        ("spBv1.0/plant/NDATA", "topic is not Sparkplug B's"),
        ("spBv1.0/plant/DDATA/edge", "topic is not Sparkplug B's"),
        ("spBv1.0/plant/NOTHING/edge", "unknown message type"),
    ],
)
def test_a_topic_of_no_message_type_is_kept_apart(receive: Receive, topic: str, reason: str) -> None:
    assert [r for r, _ in reasons(receive(topic, encode(Payload(seq=0)), NOW))] == [reason]


@pytest.mark.parametrize(
    "topic", ["spBv1.0/STATE/host", "spBv1.0/plant/NCMD/edge", "spBv1.0/plant/DCMD/edge/M-1"]
)
def test_what_hosts_say_is_none_of_ours(receive: Receive, topic: str) -> None:
    assert receive(topic, b'{"online": true}', NOW) == Parsed()


def test_a_bridge_may_put_levels_before_the_topic(receive: Receive) -> None:
    parsed = receive("site/" + DEVICE.format("DDATA"), data([(1, 1.0)], seq=9), NOW)
    assert asked(parsed) == ["site/spBv1.0/plant/NCMD/edge"]


def test_bytes_that_are_no_payload_are_kept_apart(receive: Receive) -> None:
    assert reasons(receive(DEVICE.format("DDATA"), b"\xff\xff", NOW)) == [("not a Sparkplug B payload", "")]


@pytest.mark.parametrize("at_ms", [None, 0, 5_000_000_000_000])
def test_without_a_believable_time_the_time_of_receipt_stands_in(receive: Receive, at_ms: int | None) -> None:
    born(receive)
    payload = encode(Payload(timestamp_ms=at_ms, seq=2, metrics=(Metric(alias=2, value=1.0),)))
    (snapshot,) = receive(DEVICE.format("DDATA"), payload, NOW).snapshots
    assert (snapshot.taken_at, snapshot.quality) == (NOW, Quality.ARRIVAL_TIME)
    assert isinstance(snapshot.taken_at, datetime)
