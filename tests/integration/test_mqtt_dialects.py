"""Foreign devices on a real broker, the collector as it runs, a real database."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import Meter, MqttSource, Registry
from pipeline.timegrid import slot_start
from protocols.mqtt.sparkplug_b import REBIRTH
from protocols.mqtt.sparkplug_payload import DataType, Metric, Payload, decode, encode
from services.collect import collect
from services.settings import Settings
from storage.coverage import CoverageLedger
from storage.database import connect
from storage.registry import save_registry
from tests.fix_mosquitto import Broker
from tests.integration.collecting import Site
from tests.integration.mqtt_device import Device, Heard, device
from tests.mqtt_payloads import birth, data, message

REGISTERS = (
    "SELECT m.id, taken_at, origin, active_energy_import FROM register_reading JOIN meter m USING (meter_id) "
    "ORDER BY taken_at"
)
FILLED = "SELECT slot_at, status::text FROM coverage WHERE status IN ('late', 'backfilled') ORDER BY slot_at"
LOAD_RECORD = 3
_numbers = itertools.count()


@asynccontextmanager
async def collecting(
    database_url: str, broker: Broker, folder: Path, *sources: MqttSource, discovery: str | None = None
) -> AsyncIterator[Site]:
    """Run the collector on MQTT alone."""
    meters = [Meter(id=MeterId(meter)) for source in sources for meter in source.expected]
    registry = Registry(meters=meters, mqtt_sources=list(sources))
    with connect(database_url) as connection:
        save_registry(connection, registry)
    settings = Settings(
        database_url=SecretStr(database_url),
        mqtt_host=broker.host,
        mqtt_port=broker.port,
        mqtt_client_id=f"collector-{next(_numbers)}",
        mqtt_discovery_prefix=discovery,
        lock_dir=folder / "locks",
    )
    running = asyncio.create_task(collect(settings, registry))
    try:
        yield Site(database_url=database_url, settings=settings, registry=registry)
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


@pytest.fixture
def site_name() -> str:
    """A level of topics of the test's own: the broker is shared."""
    return f"site{next(_numbers)}"


async def until_listening(site: Site, said: Device, topic: str) -> None:
    """Wait until the collector takes messages, by one that it keeps as unmatched."""
    while not await asyncio.to_thread(site.rows, "SELECT 1 FROM unmatched_message"):
        said.say(topic, b"are you there?")
        await asyncio.sleep(0.1)


@pytest.mark.asyncio
async def test_a_birth_that_was_missed_is_asked_for_and_the_data_after_it_is_stored(
    database_url: str, mosquitto: Broker, tmp_path: Path, site_name: str
) -> None:
    energy = ("active_energy_import", 5, DataType.DOUBLE)
    node = f"spBv1.0/{site_name}/{{}}/edge"
    at_ms = int(datetime.now(UTC).timestamp() * 1000)

    def be_born(edge: Device, heard: Heard) -> None:
        (metric,) = decode(heard.payload).metrics
        assert (metric.name, metric.value) == (REBIRTH, True)
        edge.say(node.format("NBIRTH"), birth([], at_ms=at_ms))
        born = Metric(name=energy[0], alias=5, datatype=energy[2], value=100.5, timestamp_ms=at_ms)
        edge.say(node.format("DBIRTH") + "/M-1", encode(Payload(timestamp_ms=at_ms, seq=1, metrics=(born,))))
        edge.say(node.format("DDATA") + "/M-1", data([(5, 101.5)], seq=2, at_ms=at_ms + 1000))

    source = MqttSource(
        id="plant", topic=f"spBv1.0/{site_name}/#", dialect="sparkplug_b", devices={"M-1": "meter 1"}
    )
    async with collecting(database_url, mosquitto, tmp_path, source) as site:
        with device(mosquitto, node.format("NCMD"), be_born) as edge:
            while not edge.heard:  # its births were sent before anybody listened
                edge.say(node.format("DDATA") + "/M-1", data([(5, 99.0)], seq=7, at_ms=at_ms - 1000))
                await asyncio.sleep(0.2)
            await site.until(REGISTERS, lambda rows: len(rows) == 2)
    assert [(row[0], row[3]) for row in site.rows(REGISTERS)] == [("meter 1", 100.5), ("meter 1", 101.5)]
    assert len(edge.heard) == 1
    kept = site.rows("SELECT reason, key FROM unmatched_message ORDER BY reason")
    assert ("alias without birth", "M-1 5") in kept


@pytest.mark.asyncio
async def test_what_a_node_measured_while_it_was_cut_off_fills_the_slots_that_were_missing(
    database_url: str, mosquitto: Broker, tmp_path: Path, site_name: str
) -> None:
    energy = ("active_energy_import", 5, DataType.DOUBLE)
    node = f"spBv1.0/{site_name}/{{}}/edge"
    slot_at = slot_start(datetime.now(UTC) - timedelta(minutes=30), 60)
    missing = [slot_at + n * timedelta(minutes=1) for n in range(3)]
    source = MqttSource(
        id="plant",
        topic=f"spBv1.0/{site_name}/#",
        dialect="sparkplug_b",
        every_s=60,
        devices={"M-1": "meter 1"},
    )
    async with collecting(database_url, mosquitto, tmp_path, source) as site:
        with connect(database_url) as connection:
            CoverageLedger(connection).record(
                [
                    CoverageEntry(
                        meter=MeterId("meter 1"),
                        group=Group.REGISTER,
                        slot_at=at,
                        status=CoverageStatus.MISSING,
                        cause=Cause.NO_ANSWER,
                    )
                    for at in missing
                ]
            )
        with device(mosquitto, node.format("NCMD")) as edge:
            await until_listening(site, edge, f"spBv1.0/{site_name}/STRANGE/edge")
            now_ms = int(datetime.now(UTC).timestamp() * 1000)
            edge.say(node.format("NBIRTH"), birth([], at_ms=now_ms))
            born = Metric(name=energy[0], alias=5, datatype=energy[2], value=103.0, timestamp_ms=now_ms)
            told = Payload(timestamp_ms=now_ms, seq=1, metrics=(born,))
            edge.say(node.format("DBIRTH") + "/M-1", encode(told))
            kept = tuple(
                Metric(
                    alias=5,
                    is_historical=True,
                    timestamp_ms=int(at.timestamp() * 1000) + 500,
                    datatype=energy[2],
                    value=100.0 + number,
                )
                for number, at in enumerate(missing)
            )
            for _ in range(2):  # twice changes nothing
                edge.say(
                    node.format("DDATA") + "/M-1", encode(Payload(timestamp_ms=now_ms, seq=2, metrics=kept))
                )
            await site.until(REGISTERS, lambda rows: len(rows) == 4)
            await site.until(FILLED, lambda rows: len(rows) == 3)
    assert [row[3] for row in site.rows(REGISTERS)] == [100.0, 101.0, 102.0, 103.0]
    assert site.rows(FILLED) == [(at, "late") for at in missing]


@pytest.mark.asyncio
async def test_a_tasmota_plug_is_stored_at_its_local_time_and_home_assistant_is_told(
    database_url: str, mosquitto: Broker, tmp_path: Path, site_name: str
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    source = MqttSource(
        id="plugs",
        topic=f"{site_name}/tele/+/SENSOR",
        dialect="tasmota",
        devices={"plug-7": "kitchen"},
        zone=ZoneInfo("Europe/Berlin"),
    )
    async with collecting(database_url, mosquitto, tmp_path, source, discovery=site_name) as site:
        ours = site.settings.mqtt_client_id
        with device(mosquitto, f"{ours}/#") as home:
            await home.hears(lambda heard: any(h.payload == b"online" for h in heard))
            await until_listening(site, home, f"{site_name}/tele/nobody/SENSOR")
            local = now.astimezone(source.zone).replace(tzinfo=None).isoformat()
            recorded = message("tasmota/plug.json").replace(b"2023-05-19T20:52:56", local.encode())
            home.say(f"{site_name}/tele/plug-7/SENSOR", recorded)
            await site.until(REGISTERS, lambda rows: len(rows) == 1)
            state = f"{ours}/state/kitchen/active_energy_import"
            await home.hears(lambda heard: any(h.topic == state for h in heard))
            assert {h.topic: h.payload for h in home.heard}[state] == b"514.153"
        with device(mosquitto, f"{site_name}/sensor/#") as later:
            await later.hears(lambda heard: len(heard) >= 7)
        assert all(heard.retained for heard in later.heard)
        configs = [json.loads(heard.payload) for heard in later.heard]
        assert {c["unique_id"] for c in configs} >= {f"{ours}_kitchen_active_energy_import"}
        assert {c["availability"][0]["topic"] for c in configs} == {f"{ours}/availability"}
    assert [row[:2] for row in site.rows(REGISTERS)] == [("kitchen", now)]
    with device(mosquitto, f"{ours}/availability") as afterwards:
        await afterwards.hears(bool)
    assert [(h.payload, h.retained) for h in afterwards.heard] == [(b"offline", True)]


@pytest.mark.asyncio
async def test_the_broker_says_that_we_are_gone_when_we_cannot(
    database_url: str, mosquitto: Broker, tmp_path: Path, site_name: str
) -> None:
    source = MqttSource(id="plugs", topic=f"{site_name}/+/SENSOR", dialect="tasmota")
    async with collecting(database_url, mosquitto, tmp_path, source, discovery=site_name) as site:
        ours = site.settings.mqtt_client_id
        with device(mosquitto, f"{ours}/availability") as home:
            await home.hears(lambda heard: bool(heard) and heard[-1].payload == b"online")
            thief = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{ours}-out", protocol=mqtt.MQTTv5)
            thief.connect(mosquitto.host, mosquitto.port)  # takes our connection away
            thief.loop_start()
            await home.hears(lambda heard: any(h.payload == b"offline" for h in heard))
            thief.disconnect()
            thief.loop_stop()
            await home.hears(lambda heard: heard[-1].payload == b"online")


@pytest.mark.asyncio
async def test_a_shelly_gives_the_minutes_that_were_missed_out_of_its_memory(
    database_url: str, mosquitto: Broker, tmp_path: Path, site_name: str
) -> None:
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0)
    prefix = f"{site_name}/shelly"

    def remember(shelly: Device, heard: Heard) -> None:
        asked = json.loads(heard.payload)
        assert asked["method"] == "EM1Data.GetData"
        starts = range(asked["params"]["ts"], asked["params"]["end_ts"] + 1, 60)[-5:]
        rows = [[10.0, 0.0, 229.5] for _ in starts]
        result = {
            "keys": ["total_act_energy", "total_act_ret_energy", "avg_voltage"],
            "data": [{"ts": starts[0], "period": 60, "values": rows}],
        }
        answer = {"id": asked["id"], "src": "shelly", "dst": asked["src"], "result": result}
        shelly.say(f"{asked['src']}/rpc", json.dumps(answer).encode())

    source = MqttSource(
        id=site_name, topic=f"{site_name}/+/events/rpc", dialect="shelly_gen2", devices={"shelly": "M-1"}
    )
    totals = {"id": 0, "total_act_energy": 1000.0, "total_act_ret_energy": 0.0}
    frame = {"method": "NotifyStatus", "params": {"ts": now.timestamp(), "em1data:0": totals}}
    async with collecting(database_url, mosquitto, tmp_path, source) as site:
        with device(mosquitto, f"{prefix}/rpc", remember) as shelly:
            await until_listening(site, shelly, f"{site_name}/nobody/events/rpc")
            shelly.say(f"{prefix}/events/rpc", json.dumps(frame).encode())
            await site.until(REGISTERS, lambda rows: len(rows) == 6)
    stored = [(row[1], row[3]) for row in site.rows(REGISTERS) if row[2] == LOAD_RECORD]
    assert stored == [
        (minute - timedelta(minutes=ago), pytest.approx(1.0 - 0.01 * ago)) for ago in (5, 4, 3, 2, 1)
    ]
    voltages = site.rows("SELECT voltage_a FROM electrical_reading WHERE origin = %s", LOAD_RECORD)
    assert voltages == [(229.5,)] * 5
