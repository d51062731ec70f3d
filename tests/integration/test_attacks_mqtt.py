"""Forged MQTT messages through a real broker: all is counted, nothing breaks, and neighbours are stored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from collectors.broker import let_go
from collectors.subscriber import Subscriber, SubscriberOptions
from pipeline.model import MeterId, Quality
from pipeline.registry import Meter, MqttSource, Registry
from services.ingest import Ingest
from services.landing import Landing
from services.push_coverage import PushCoverage
from storage.database import connect
from storage.registry import save_registry
from storage.unmatched import PAYLOAD_KEPT_BYTES, TEXT_KEPT, UnmatchedCount, list_unmatched
from tests.fix_mosquitto import Broker

NOW = datetime(2026, 11, 22, 4, 1, 5, tzinfo=UTC)
PREFIX = "attack/kilowatch/v1"
TOPIC = f"{PREFIX}/gw/readings"
METERS = ("A", "B")
REGISTRY = Registry(
    meters=[Meter(id=MeterId(name)) for name in METERS],
    mqtt_sources=[MqttSource(id="gw", topic=f"{PREFIX}/+/readings", every_s=60, meters=METERS)],
)
DEEP = 200_000
WAIT_S = 30.0


def reading(meter: object, values: object, taken_at: object = NOW.isoformat()) -> dict[str, object]:
    return {"meter": meter, "taken_at": taken_at, "values": values}


def readings(*entries: object) -> bytes:
    return orjson.dumps({"readings": entries})


VOLTS = {"voltage_a": 220.0}
NO_IDS: tuple[object, ...] = (None, 1, [], {}, True)
NO_VALUES: tuple[object, ...] = (None, 1, [], "x", {})
NO_TIMES: tuple[object, ...] = ("", "0000-00-00", "9999-12-31T23:59:59Z", 1e300, -1, [], {})
FORGED: dict[str, tuple[str, bytes]] = {
    "nothing": (TOPIC, b""),
    "noise": (TOPIC, bytes(range(256))),
    "deep lists": (TOPIC, b"[" * DEEP),
    "deep objects": (TOPIC, b'{"readings":' * DEEP + b"1" + b"}" * DEEP),
    "a huge text": (TOPIC, orjson.dumps({"readings": "x" * 5_000_000})),
    "many entries that are none": (TOPIC, readings(*range(50_000))),
    "not a number": (TOPIC, b'{"readings":[{"meter":"A","values":{"voltage_a":NaN}}]}'),
    "endless": (TOPIC, b'{"readings":[{"meter":"A","values":{"voltage_a":1e400}}]}'),
    "a number of many digits": (
        TOPIC,
        b'{"readings":[{"meter":"A","values":{"voltage_a":' + b"9" * 100_000 + b"}}]}",
    ),
    "twice the same key": (TOPIC, b'{"readings":[],"readings":[{"meter":"","values":{"voltage_a":1}}]}'),
    "half a character": (TOPIC, b'{"readings":[{"meter":"\\ud800","values":{"voltage_a":1}}]}'),
    "a NUL in an id": (TOPIC, readings(reading("A\0B", VOLTS))),
    "control characters in an id": (TOPIC, readings(reading("A\x1b[2J\r\n", VOLTS))),
    "wildcards as an id": (TOPIC, readings(reading("#", VOLTS), reading("+", VOLTS))),
    "an id that is SQL": (TOPIC, readings(reading("'; DROP TABLE meter; --", VOLTS))),
    "an id without end": (TOPIC, readings(reading("M" * 1_000_000, VOLTS))),
    "ids that are none": (TOPIC, readings(*(reading(m, VOLTS) for m in NO_IDS))),
    "values that are none": (TOPIC, readings(*(reading("A", v) for v in NO_VALUES))),
    "a quantity that is SQL": (TOPIC, readings(reading("A", {'voltage_a" = 0; --': 1}))),
    "times that are none": (
        TOPIC,
        readings(*(reading("A", VOLTS, t) for t in NO_TIMES)),
    ),
    "a gateway of SQL": (f"{PREFIX}/'; DROP TABLE meter; --/readings", readings(reading("X", VOLTS))),
    "a gateway of odd characters": (f"{PREFIX}/\u202e \ufeff/readings", b"noise"),
    "a topic without end": (f"{PREFIX}/{'g' * 60_000}/readings", b"noise"),
    "a topic of nobody": ("attack/kilowatch/v9/gw/readings", readings(reading("A", VOLTS))),
}
"""By kind: topic and payload. None of it is a reading of a meter of ours."""


@pytest.fixture
def url(plain_database_url: str) -> str:
    with connect(plain_database_url) as connection:
        save_registry(connection, REGISTRY)
    return plain_database_url


@contextmanager
def listening(broker: Broker, url: str) -> Iterator[Subscriber]:
    landing = Landing(url)
    coverage = PushCoverage(REGISTRY.mqtt_sources, (), NOW - timedelta(minutes=5))
    ingest = Ingest(landing, REGISTRY, coverage, lambda: NOW)
    options = SubscriberOptions(
        host=broker.host, port=broker.port, client_id="kilowatch-attacked", topics=("attack/#",)
    )
    subscriber = Subscriber(options, ingest.handle, clock=lambda: NOW)
    subscriber.start()
    assert subscriber.wait_subscribed(WAIT_S)
    try:
        yield subscriber
    finally:
        subscriber.stop()
        landing.close()


@contextmanager
def attacking(broker: Broker) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="attacker", protocol=mqtt.MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        let_go(client)


def send(client: mqtt.Client, topic: str, payload: bytes) -> None:
    client.publish(topic, payload, qos=1).wait_for_publish(WAIT_S)


def test_forged_messages_are_counted_and_cost_their_neighbours_nothing(
    mosquitto: Broker, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = 0
    with listening(mosquitto, url) as subscriber, attacking(mosquitto) as attacker:
        for n, (topic, payload) in enumerate(FORGED.values()):
            send(attacker, topic, payload)
            good = reading("B", {"voltage_a": 200.0 + n}, (NOW - timedelta(seconds=n)).isoformat())
            send(attacker, TOPIC, readings(good))
            sent += 2
        _until(lambda: subscriber.counters.acknowledged >= sent, subscriber)
        assert subscriber.counters.acknowledged == sent
    with connect(url) as connection:
        stored = connection.execute(
            "SELECT m.id, voltage_a, quality FROM electrical_reading JOIN meter AS m USING (meter_id) "
            "ORDER BY 2"
        ).fetchall()
        kept = list_unmatched(connection)
        meters = connection.execute("SELECT id FROM meter ORDER BY 1").fetchall()
    assert [row[1] for row in stored if row[0] == "B"] == [200.0 + n for n in range(len(FORGED))]
    # The one of the year 9999 is well formed: it is kept, and marked.
    assert [row for row in stored if row[0] != "B"] == [("A", 220.0, int(Quality.FUTURE_TIME))]
    assert meters == [("A",), ("B",)]
    assert sum(entry.messages for entry in kept) >= len(FORGED)
    assert all(_is_bounded(entry) for entry in kept)
    with capsys.disabled():
        print(f"\nattacks over MQTT: {len(FORGED)} kinds, {sum(e.messages for e in kept)} findings counted")  # noqa: T201 - the result


def test_a_flood_of_invented_meters_fills_no_table(mosquitto: Broker, url: str) -> None:
    with listening(mosquitto, url) as subscriber, attacking(mosquitto) as attacker:
        for n in range(40):
            send(attacker, TOPIC, readings(*(reading(f"F-{n}-{m}", VOLTS) for m in range(100))))
        _until(lambda: subscriber.counters.acknowledged >= 40, subscriber)
    with connect(url) as connection:
        kept = list_unmatched(connection, limit=100_000)
    assert sum(entry.messages for entry in kept) == 4000
    assert len(kept) <= 1001


def _is_bounded(entry: UnmatchedCount) -> bool:
    texts = (entry.source, entry.reason, entry.key)
    return max(map(len, texts)) <= TEXT_KEPT and len(entry.last_payload) <= PAYLOAD_KEPT_BYTES


def _until(condition: Callable[[], bool], subscriber: Subscriber) -> None:
    waiting = threading.Event()
    for _ in range(int(WAIT_S / 0.05)):
        subscriber.check()
        if condition():
            return
        waiting.wait(0.05)
