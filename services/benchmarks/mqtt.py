"""What a reading over MQTT costs until it is committed, against a bare client with the same parser."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from time import monotonic, sleep
from typing import Final

import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from collectors.broker import Broker
from collectors.subscriber import Subscriber, SubscriberOptions
from pipeline.errors import TransportError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter, MqttSource, Registry
from protocols.mqtt.dialects import dialects
from services.benchmarks.ingest import plausible, quantities
from services.benchmarks.rows import BenchRow, benchmarks, cpu_s
from services.benchmarks.servers import bench_broker, bench_database
from services.garbage import seldom_collected
from services.ingest import Ingest
from services.landing import Landing
from services.push_coverage import PushCoverage
from services.wiring import utc_now
from storage.database import connect
from storage.registry import save_registry

METERS: Final = 1_000
READINGS_OF_MESSAGE: Final = 20
MESSAGES: Final = 1_000
REPEATS: Final = 5
MISSING: Final = 0.3
START: Final = datetime(2026, 1, 5, tzinfo=UTC)
TOPIC: Final = "kilowatch/v1/bench/readings"
SOURCE: Final = MqttSource(id="bench", topic=TOPIC)
OURS: Final = "bench-ours"
BARE: Final = "bench-bare"
QOS: Final = 1
WAIT_S: Final = 120.0
LOOK_S: Final = 0.02
GOAL: Final = 0.5
"""At most twice the bare client's CPU."""


@benchmarks.register("mqtt")
def mqtt(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure, with a broker and a database of its own.

    Raises:
        MissingPartError: If there is no server, no psql or no Mosquitto.
        TransportError: If the broker does not deliver.
    """
    begin("writing the messages")
    chance = random.Random(645)  # noqa: S311 - readings, not secrets
    registry = Registry(meters=[Meter(id=MeterId(f"M{n}")) for n in range(METERS)], mqtt_sources=[SOURCE])
    took: dict[str, list[float]] = defaultdict(list)
    with bench_database() as url, bench_broker() as broker, seldom_collected():
        with connect(url) as connection:
            save_registry(connection, registry)
        for client_id in (OURS, BARE):
            _bare(broker, client_id, 0)  # only now has it a session, in which messages wait
        begin(f"{REPEATS} rounds")
        for repeat in range(REPEATS):
            publish(broker, reading_messages(chance, MESSAGES, repeat * MESSAGES))
            took[BARE].append(cpu_s(lambda: _bare(broker, BARE, MESSAGES)))
            took[OURS].append(cpu_s(lambda: _ours(broker, url, registry)))
        begin("working it out")
    us = {who: median(seconds) / (MESSAGES * READINGS_OF_MESSAGE) * 1e6 for who, seconds in took.items()}
    return [
        BenchRow(
            what="MQTT to committed rows, to bare paho with the parser (CPU us/reading)",
            value=us[OURS],
            limit=us[BARE],
            goal=GOAL,
        )
    ]


def reading_messages(chance: random.Random, messages: int, first_slot: int = 0) -> list[bytes]:
    """Return messages of twenty readings, each of another meter, with as many columns as ``bench ingest``."""
    given = quantities()
    found = []
    for number in range(messages):
        rounds, first = divmod(number * READINGS_OF_MESSAGE, METERS)
        at = START + timedelta(minutes=15 * (first_slot + rounds))
        readings = [_reading(chance, f"M{first + n}", at, given) for n in range(READINGS_OF_MESSAGE)]
        found.append(orjson.dumps({"readings": readings}))
    return found


def _reading(chance: random.Random, meter: str, at: datetime, given: Sequence[Quantity]) -> dict[str, object]:
    values = {q.value: round(plausible(chance, q), 3) for q in given if chance.random() >= MISSING}
    return {"meter": meter, "taken_at": at.isoformat(), "values": values}


def publish(broker: Broker, messages: Sequence[bytes]) -> None:
    """Publish and return when the broker has acknowledged every message."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    for info in [client.publish(TOPIC, message, qos=QOS) for message in messages]:
        info.wait_for_publish(WAIT_S)
    client.disconnect()
    client.loop_stop()


def _bare(broker: Broker, client_id: str, messages: int) -> None:
    """Receive and parse what waits, as the least that a subscriber can do; every message is acknowledged."""
    receive = dialects.get(SOURCE.dialect).open(SOURCE, {})
    done, subscribed = threading.Event(), threading.Event()
    received = 0

    def on_message(_client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        nonlocal received
        receive(message.topic, bytes(message.payload), utc_now())
        received += 1
        if received == messages:
            done.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
    client.on_message = on_message
    client.on_subscribe = lambda *_: subscribed.set()
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho leaves it bare
    properties.SessionExpiryInterval = 3600
    client.connect(broker.host, broker.port, clean_start=False, properties=properties)
    client.loop_start()
    client.subscribe(TOPIC, qos=QOS)
    _wait(subscribed)
    if messages:
        _wait(done)
    client.disconnect()
    client.loop_stop()


def _ours(broker: Broker, url: str, registry: Registry) -> None:
    """Take, store and acknowledge what waits, as the collector does."""
    landing = Landing(url)
    coverage = PushCoverage(registry.mqtt_sources, registry.reading_schedules, utc_now())
    ingest = Ingest(landing, registry, coverage, utc_now)
    options = SubscriberOptions(**broker.access, client_id=OURS, topics=(TOPIC,))
    subscriber = Subscriber(options, ingest.handle)
    subscriber.start()
    until_s = monotonic() + WAIT_S
    while subscriber.counters.acknowledged < MESSAGES and monotonic() < until_s:
        sleep(LOOK_S)
    subscriber.stop()
    landing.close()
    stored = landing.counters.report.written
    if stored != MESSAGES * READINGS_OF_MESSAGE:
        raise TransportError(f"{stored} of {MESSAGES * READINGS_OF_MESSAGE} readings were stored")


def _wait(event: threading.Event) -> None:
    if not event.wait(WAIT_S):
        raise TransportError(f"the broker brought nothing for {WAIT_S:g} s")
