"""MQTT messages into the database: one commit a batch, nothing acknowledged that is not stored."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import orjson
import psycopg
import pytest

from collectors.deliveries import Message
from pipeline.errors import ConfigError, PluginError, StorageError
from pipeline.model import MeterId
from pipeline.ports import WriteReport
from pipeline.registry import Meter, MqttSource, Registry, Schedule
from services.ingest import Ingest, topics_of
from services.landing import Landing
from services.push_coverage import PushCoverage
from storage.database import connect
from storage.registry import save_registry
from tests.mqtt_payloads import birth, data

START = datetime(2026, 11, 22, 4, 0, 7, tzinfo=UTC)
SLOT = datetime(2026, 11, 22, 4, 1, tzinfo=UTC)
SOURCE = MqttSource(id="gw", topic="kilowatch/v1/+/readings", every_s=60, meters=("A", "B"))
REGISTRY = Registry(
    meters=[Meter(id=MeterId("A")), Meter(id=MeterId("B"))],
    mqtt_sources=[SOURCE],
    schedules=[Schedule(group="register", every_s=60)],
)
TOPIC = "kilowatch/v1/gw/readings"


class Now:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = SLOT + timedelta(seconds=5)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def url(plain_database_url: str) -> str:
    with connect(plain_database_url) as connection:
        save_registry(connection, REGISTRY)
    return plain_database_url


@pytest.fixture
def landing(url: str) -> Iterator[Landing]:
    landing = Landing(url)
    yield landing
    landing.close()


@pytest.fixture
def now() -> Now:
    return Now()


def ingest_of(landing: Landing, now: Now, registry: Registry = REGISTRY) -> Ingest:
    coverage = PushCoverage(registry.mqtt_sources, registry.schedules, START)
    return Ingest(landing, registry, coverage, now)


def message(
    meter: str = "A", values: Mapping[str, object] | None = None, topic: str = TOPIC, **more: object
) -> Message:
    reading = {
        "meter": meter,
        "taken_at": SLOT.isoformat(),
        "values": values or {"active_energy_import": 7.5},
    }
    payload = orjson.dumps({"readings": [{**reading, **more}]})
    return Message(topic=topic, payload=payload, received_at=SLOT + timedelta(seconds=2))


def rows(url: str, statement: LiteralString) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


LEDGER = "SELECT m.id, slot_at, status::text FROM coverage JOIN meter m USING (meter_id) ORDER BY 1, 2"
UNMATCHED = "SELECT reason, key, messages FROM unmatched_message ORDER BY 1, 2"
REGISTERS = "SELECT m.id, slot_at, active_energy_import FROM register_reading JOIN meter m USING (meter_id)"


def test_a_reading_is_stored_with_its_slot_and_its_line_of_the_ledger(
    url: str, landing: Landing, now: Now
) -> None:
    ingest = ingest_of(landing, now)
    ingest.handle([message()])
    assert landing.counters.report == WriteReport(written=1)
    assert rows(url, REGISTERS) == [("A", SLOT, 7.5)]
    assert rows(url, LEDGER) == [("A", SLOT, "got")]


def test_a_topic_of_no_source_and_an_unknown_quantity_are_kept_apart_and_counted(
    url: str, landing: Landing, now: Now
) -> None:
    ingest = ingest_of(landing, now)
    ingest.handle([message(topic="other/topic"), message(values={"moon_phase": 1, "voltage_a": 220.5})])
    ingest.handle([message(topic="other/topic")])
    assert rows(url, UNMATCHED) == [("topic of no source", "", 2), ("unknown quantity", "moon_phase", 1)]
    assert rows(url, "SELECT voltage_a FROM electrical_reading") == [(220.5,)]


def test_a_meter_outside_the_archive_is_counted_and_costs_its_neighbour_nothing(
    url: str, landing: Landing, now: Now
) -> None:
    ingest = ingest_of(landing, now)
    ingest.handle([message("stranger"), message("B")])
    assert landing.counters.report == WriteReport(written=1, unmatched=1)
    assert rows(url, UNMATCHED) == [("unknown meter", "stranger", 1)]


def test_the_same_batch_again_changes_nothing(url: str, landing: Landing, now: Now) -> None:
    ingest = ingest_of(landing, now)
    ingest.handle([message()])
    ingest.handle([message()])
    assert landing.counters.report == WriteReport(written=1, replayed=1)
    assert rows(url, LEDGER) == [("A", SLOT, "got")]


def test_nothing_of_a_batch_is_stored_when_a_part_of_it_is_not(url: str, landing: Landing, now: Now) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE unmatched_message RENAME TO away")
    ingest = ingest_of(landing, now)
    batch = [message(), message(topic="other/topic")]
    with pytest.raises(StorageError):
        ingest.handle(batch)
    assert rows(url, REGISTERS) == []
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE away RENAME TO unmatched_message")
    ingest.handle(batch)
    assert rows(url, REGISTERS) == [("A", SLOT, 7.5)]
    assert rows(url, LEDGER) == [("A", SLOT, "got")]
    assert rows(url, UNMATCHED) == [("topic of no source", "", 1)]


def test_a_connection_that_the_server_ended_is_a_storage_error_and_the_next_batch_opens_another(
    url: str, landing: Landing, now: Now
) -> None:
    ingest = ingest_of(landing, now)
    ingest.handle([message()])
    with psycopg.connect(url, autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'kilowatch'"
        ).fetchall()
    assert ended == [(True,)]
    with pytest.raises(StorageError, match="went away"):
        ingest.handle([message("B")])
    ingest.handle([message("B")])
    assert rows(url, LEDGER) == [("A", SLOT, "got"), ("B", SLOT, "got")]


def test_slots_that_stayed_empty_are_written_once(url: str, landing: Landing, now: Now) -> None:
    ingest = ingest_of(landing, now)
    ingest.handle([message()])
    now.at = SLOT + timedelta(seconds=95)
    ingest.settle()
    ingest.settle()
    assert rows(url, LEDGER) == [("A", SLOT, "got"), ("B", SLOT, "missing")]


def test_a_time_in_the_future_is_kept_with_a_flag(url: str, landing: Landing, now: Now) -> None:
    ingest = ingest_of(landing, now)
    ingest.handle([message(taken_at="2027-01-01T00:00:00Z")])
    assert rows(url, "SELECT quality & 32 FROM register_reading") == [(32,)]
    assert rows(url, LEDGER) == []


def test_a_source_of_an_unknown_dialect_is_an_error_at_the_start(now: Now) -> None:
    registry = Registry(mqtt_sources=[MqttSource(id="gw", topic="t", dialect="klingon")])
    with pytest.raises(PluginError, match="klingon"):
        ingest_of(Landing("postgresql://127.0.0.1:1/none"), now, registry)


def test_a_source_whose_quantities_are_wrong_is_an_error_at_the_start(now: Now) -> None:
    source = MqttSource(id="gw", topic="tele/+/SENSOR", dialect="tasmota", quantities={"x": "watts"})
    with pytest.raises(ConfigError, match="gw: 'watts' is no quantity"):
        ingest_of(Landing("postgresql://127.0.0.1:1/none"), now, Registry(mqtt_sources=[source]))


def test_each_topic_is_subscribed_once() -> None:
    assert topics_of([SOURCE, SOURCE, MqttSource(id="x", topic="a/#")]) == ("a/#", "kilowatch/v1/+/readings")


def test_a_batch_that_is_handed_over_again_is_parsed_once(url: str, landing: Landing, now: Now) -> None:
    """A dialect that counts messages must not count them twice: that would be a gap in their sequence."""
    source = MqttSource(id="sp", topic="spBv1.0/#", dialect="sparkplug_b")
    ingest = ingest_of(landing, now, Registry(meters=REGISTRY.meters, mqtt_sources=[source]))
    name = [("active_energy_import", 1, 10)]
    at_ms = int(SLOT.timestamp() * 1000)
    sent = [birth(name, at_ms=at_ms), *(data([(1, n)], seq=n, at_ms=at_ms + n) for n in (1, 2, 3))]
    topics = ["spBv1.0/g/NBIRTH/A", *["spBv1.0/g/NDATA/A"] * 3]
    batch = [Message(topic=t, payload=p, received_at=SLOT) for t, p in zip(topics, sent, strict=True)]
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE unmatched_message RENAME TO away")
        connection.execute("ALTER TABLE register_reading RENAME TO gone")
    with pytest.raises(StorageError):
        ingest.handle(batch)
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE away RENAME TO unmatched_message")
        connection.execute("ALTER TABLE gone RENAME TO register_reading")
    assert ingest.handle(batch) == []
    assert rows(url, UNMATCHED) == []
    assert rows(url, "SELECT active_energy_import FROM register_reading ORDER BY 1") == [
        (1.0,),
        (2.0,),
        (3.0,),
    ]


def test_a_question_is_returned_once_its_batch_is_stored(url: str, landing: Landing, now: Now) -> None:
    source = MqttSource(id="sp", topic="$share/kilowatch/spBv1.0/#", dialect="sparkplug_b")
    ingest = ingest_of(landing, now, Registry(meters=REGISTRY.meters, mqtt_sources=[source]))
    lost = Message(topic="spBv1.0/g/NDATA/A", payload=data([(1, 5.0)], seq=7), received_at=SLOT)
    (question,) = ingest.handle([lost])
    assert question.topic == "spBv1.0/g/NCMD/A"
    assert rows(url, UNMATCHED) == [("alias without birth", "A 1", 1)]


def test_what_the_broker_kept_without_a_time_is_not_taken_for_new(
    url: str, landing: Landing, now: Now
) -> None:
    source = MqttSource(id="z", topic="zigbee2mqtt/+", dialect="zigbee2mqtt")
    ingest = ingest_of(landing, now, Registry(meters=REGISTRY.meters, mqtt_sources=[source]))
    seen = b'{"energy":2.5,"last_seen":"2026-11-22T04:00:30Z"}'
    for payload in (b'{"energy":1.5}', seen):
        ingest.handle([Message(topic="zigbee2mqtt/A", payload=payload, received_at=SLOT, retained=True)])
    assert rows(url, "SELECT active_energy_import FROM register_reading") == [(2.5,)]
    assert rows(url, UNMATCHED) == [("kept by the broker, and without a time of its own", "", 1)]


def test_what_neither_database_nor_spool_takes_is_not_told_as_stored(now: Now) -> None:
    nowhere = Landing("postgresql://127.0.0.1:1/none")
    with pytest.raises(StorageError, match="no connection"):
        ingest_of(nowhere, now).handle([message()])
    nowhere.close()


def test_a_message_is_kept_beside_its_readings_where_that_is_wished(
    landing: Landing, now: Now, url: str
) -> None:
    sent = message()
    ingest_of(landing, now).handle([sent])
    assert rows(url, "SELECT source FROM raw_frame") == []
    coverage = PushCoverage(REGISTRY.mqtt_sources, REGISTRY.schedules, START)
    ingest = Ingest(landing, REGISTRY, coverage, now, keeps_payloads=True)
    ingest.handle([sent, Message(topic="elsewhere", payload=b"?", received_at=sent.received_at)])
    kept = rows(url, "SELECT source, meters, received_at, answered[1] FROM raw_frame")
    assert kept == [(TOPIC, ["A"], sent.received_at, sent.payload)]
    told = "SELECT DISTINCT tells_from, tells_until FROM raw_frame"
    assert rows(url, told) == rows(url, "SELECT DISTINCT taken_at, taken_at FROM register_reading")
    assert rows(url, "SELECT count(*) FROM register_reading") == [(1,)]
