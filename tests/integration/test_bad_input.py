"""Bad input end to end, over TCP and MQTT into the database: flagged, counted, never a neighbour lost."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from pipeline.model import MeterId, Quality
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Installation, Meter, MqttSource, Registry, Schedule
from services.settings import Settings
from simulators.line import Slave, serve_line
from storage.database import connect
from storage.registry import save_registry
from tests.fix_mosquitto import Broker
from tests.integration.collecting import Site, collecting
from tests.integration.damaged_meters import (
    SHOWN,
    Damage,
    dlt645,
    halved,
    intact,
    modbus,
    noisy,
    not_bcd,
    of_another_meter,
    wrong_checksum,
)

DLT645: Mapping[str, Damage] = {
    "good": intact,
    "noisy": noisy,
    "halved": halved,
    "checksum": wrong_checksum,
    "foreign": of_another_meter,
    "not_bcd": not_bcd,
    "neighbour": intact,
}
MODBUS: Mapping[str, Damage] = {"m_good": intact, "m_nan": intact, "m_halved": halved, "m_neighbour": intact}
UNITS = {name: unit for unit, name in enumerate(MODBUS, start=1)}
ADDRESSES = {name: f"{number:012d}" for number, name in enumerate(DLT645, start=1)}
SCHEDULES = [Schedule(group=group, every_s=2, tolerance_s=2) for group in ("register", "electrical")]

STATUS = """
SELECT m.id, status::text, cause FROM coverage JOIN meter m USING (meter_id)
WHERE quantity_group = 'electrical' GROUP BY 1, 2, 3 ORDER BY 1
"""
VOLTAGES = """
SELECT m.id, voltage_a, voltage_b, voltage_c, flags FROM electrical_reading JOIN meter m USING (meter_id)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1
"""
ROUNDS = """
SELECT m.id, count(*) FROM coverage JOIN meter m USING (meter_id)
WHERE quantity_group = 'register' GROUP BY 1
"""


def registry_of(urls: Mapping[str, str], sources: Sequence[MqttSource] = ()) -> Registry:
    places = [("dlt", name, address, "dlt645_2007_three_phase") for name, address in ADDRESSES.items()]
    places += [("mod", name, str(unit), "eastron_sdm630") for name, unit in UNITS.items()]
    placed = [place for place in places if place[0] in urls]
    pushing = [MeterId(name) for source in sources for name in source.meters]
    return Registry(
        meters=[Meter(id=MeterId(name)) for _, name, _, _ in placed] + [Meter(id=name) for name in pushing],
        installations=[
            Installation(meter=MeterId(name), bus=bus, address=address, profile=profile)
            for bus, name, address, profile in placed
        ],
        buses=[Bus(id=bus, url=url, timeout_s=0.05, retries=1) for bus, url in urls.items()],
        schedules=SCHEDULES,
        mqtt_sources=sources,
    )


@asynccontextmanager
async def lines(slaves: Mapping[str, Sequence[Slave]]) -> AsyncIterator[dict[str, str]]:
    """Serve each bus on TCP; give their addresses."""
    servers = {bus: await serve_line(meters, host="127.0.0.1") for bus, meters in slaves.items()}
    try:
        yield {bus: f"tcp://127.0.0.1:{server.port}" for bus, server in servers.items()}
    finally:
        for server in servers.values():
            await server.close()


def site_of(url: str, folder: Path, registry: Registry, broker: Broker | None = None) -> Site:
    with connect(url) as connection:
        save_registry(connection, registry)
    settings = Settings(
        database_url=SecretStr(url),
        lock_dir=folder / "locks",
        mqtt_host=None if broker is None else broker.host,
        mqtt_port=1883 if broker is None else broker.port,
        mqtt_client_id=f"bad-input-{folder.name}",
    )
    return Site(database_url=url, settings=settings, registry=registry)


def test_what_a_line_and_its_meters_do_wrong(database_url: str, tmp_path: Path) -> None:
    nan = {UNITS["m_nan"]: {Quantity.VOLTAGE_B: math.nan, Quantity.FREQUENCY: math.inf}}
    slaves = {
        "dlt": dlt645({ADDRESSES[name]: damage for name, damage in DLT645.items()}),
        "mod": modbus({UNITS[name]: damage for name, damage in MODBUS.items()}, nan),
    }

    async def scenario() -> Site:
        async with lines(slaves) as urls:
            site = site_of(database_url, tmp_path, registry_of(urls))
            async with collecting(site):
                meters = len(DLT645) + len(MODBUS)
                await site.until(
                    ROUNDS, lambda rows: len(rows) == meters and all(count >= 2 for _, count in rows)
                )
            return site

    site = asyncio.run(scenario())
    # Behind slow neighbours, on a busy machine, readings may be late and whole slots passed over.
    told = site.rows(STATUS)
    causes = {meter: cause for meter, status, cause in told if status == "missing" and cause != "bus busy"}
    assert causes == {
        "halved": "no answer",
        "checksum": "checksum",
        "foreign": "no answer",
        "m_halved": "no answer",
    }
    shown = [pytest.approx(SHOWN[q]) for q in (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C)]
    volts = {meter: list(row) for meter, *row in site.rows(VOLTAGES)}
    assert set(volts) == {"good", "neighbour", "noisy", "not_bcd", "m_good", "m_nan", "m_neighbour"}
    for meter in ("good", "neighbour", "noisy", "m_good", "m_neighbour"):
        assert volts[meter] == [*shown, None], meter
    assert volts["not_bcd"] == [shown[0], None, shown[2], {"voltage_b": Quality.NOT_BCD}]
    flags = {"voltage_b": Quality.NOT_A_NUMBER, "frequency": Quality.NOT_A_NUMBER}
    assert volts["m_nan"] == [shown[0], None, shown[2], flags]


NOW = datetime.now(UTC)
SOUND = {"meter": "A", "taken_at": NOW.isoformat(), "values": {"voltage_a": 220.5}}


def several(*readings: object) -> bytes:
    return orjson.dumps({"readings": readings})


MESSAGES = [
    b"",
    b"\x00\xff\xfe",
    b'{"readings": [{"meter": "A"',
    b"[" * 100_000,
    several("no object", {**SOUND, "meter": "B"}),
    several({**SOUND, "taken_at": NOW.replace(tzinfo=None).isoformat()}, {**SOUND, "meter": "C"}),
    several({**SOUND, "meter": "D", "taken_at": (NOW + timedelta(days=400)).isoformat()}),
    several({**SOUND, "meter": "D", "taken_at": "9999-12-31T00:00:00Z"}),
    several({**SOUND, "meter": "E", "values": {"voltage_a": 220.5, "moon_phase": 0.5, "voltage_b": "high"}}),
    several({**SOUND, "meter": "stranger"}, {**SOUND, "meter": "F"}),
    several({**SOUND, "meter": "stranger\x00"}),
    b'{"readings": [{"meter": "G", "taken_at": "%s", "values": {"voltage_a": NaN, "voltage_b": 1e999,'
    b' "voltage_c": 222.3}}]}' % NOW.isoformat().encode(),
    several({**SOUND, "meter": "H", "values": {"voltage_a": 22_050.0, "voltage_b": 221.2}}),
    several(SOUND),
]
"""A meter a mistake; A comes last, behind everything that is wrong."""
UNMATCHED = {
    ("not JSON", ""): 4,
    ("reading is no object", ""): 1,
    ("time without zone", "A"): 1,
    ("unknown quantity", "moon_phase"): 1,
    ("no number", "voltage_b"): 1,
    ("unknown meter", "stranger"): 1,
    ("no readable meter", ""): 1,
}


def publish(broker: Broker, topic: str, payloads: Sequence[bytes]) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    for info in [client.publish(topic, payload, qos=1) for payload in payloads]:
        info.wait_for_publish(20)
    client.disconnect()
    client.loop_stop()


def test_what_gateways_send_wrongly(database_url: str, mosquitto: Broker, tmp_path: Path) -> None:
    topic = f"{tmp_path.name}/kilowatch/v1/gw/readings"
    other = f"{tmp_path.name}/other"
    sources = [
        MqttSource(id="gw", topic=topic, meters=tuple("ABCDEFGH")),
        MqttSource(id="wide", topic=f"{tmp_path.name}/+", dialect="kilowatch"),
    ]

    async def scenario() -> Site:
        site = site_of(database_url, tmp_path, registry_of({}, sources), mosquitto)
        async with collecting(site):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(publish, mosquitto, other, [several({**SOUND, "meter": "B"})])
            await asyncio.to_thread(publish, mosquitto, topic, MESSAGES)
            arrived = "SELECT count(*) FROM electrical_reading JOIN meter USING (meter_id) WHERE id = 'A'"
            await site.until(arrived, lambda rows: rows == [(1,)])
        return site

    site = asyncio.run(scenario())
    counted = {(r, k): n for r, k, n in site.rows("SELECT reason, key, messages FROM unmatched_message")}
    assert counted == UNMATCHED
    quality = (
        "SELECT m.id, taken_at > now(), r.quality FROM electrical_reading r JOIN meter m USING (meter_id)"
    )
    ahead = [row for row in site.rows(quality) if row[1]]
    assert ahead == [("D", True, Quality.FUTURE_TIME)] * 2
    volts = {meter: row for meter, *row in site.rows(VOLTAGES)}
    a, b, c = (pytest.approx(v) for v in (220.5, 221.2, 222.3))
    not_a_number = {"voltage_a": Quality.NOT_A_NUMBER, "voltage_b": Quality.NOT_A_NUMBER}
    assert volts == {
        **{meter: [a, None, None, None] for meter in "ABCDEF"},
        "G": [None, None, c, not_a_number],
        "H": [pytest.approx(22_050.0), b, None, {"voltage_a": Quality.OUT_OF_RANGE}],
    }
