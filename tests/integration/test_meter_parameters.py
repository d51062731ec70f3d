"""Parameters that a simulated meter holds reach the table, and what was changed there reaches an engineer."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from collectors.bus import BusOwner
from collectors.scheduler import BusPlan
from pipeline.model import EVERYTHING, MeterId
from pipeline.records import ParameterReading
from pipeline.registry import Bus, Installation, Meter, Ratio, Registry, ServicePoint
from services.detect import detect_recent
from services.meter_events import fetch_events
from services.settings import Settings
from services.wiring import load_profiles, target_of, utc_now
from simulators.dlt645.conditions import Ratings
from simulators.dlt645_meter import Dlt645Meter
from simulators.line import serve_line
from simulators.physics.handling import Programmed
from simulators.physics.window import Window
from storage.database import connect
from storage.meter_parameters import parameter_readings, parameters_read_at, write_parameters
from storage.registry import save_registry
from tests.unit.simulators.dlt645.bench import ADDRESS, ZONE, Load

NOW = datetime.now(UTC).replace(microsecond=0)
METER = Meter(id=MeterId("M1"), zone=ZONE)
REGISTRY = Registry(
    meters=[METER],
    installations=[Installation(meter=METER.id, service_point="P1")],
    service_points=[ServicePoint(id="P1")],
    ratios=[Ratio(meter=METER.id, ct=40.0)],
)
BLINDED = Programmed(
    identifier="04090101",
    content="0000",
    entry_bytes=2,
    window=Window(starts_at=NOW - timedelta(hours=5), ends_at=NOW + timedelta(days=5)),
)


def _fetched(url: str, folder: Path, handlings: list[Programmed]) -> None:
    async def fetch() -> None:
        simulated = Dlt645Meter(
            ADDRESS,
            Load(kw=2.0),
            lambda: datetime.now(UTC),
            zone=ZONE,
            memory_from=NOW - timedelta(days=70),
            ratings=Ratings(ct=40.0),
            handlings=handlings,
        )
        line = await serve_line([simulated], host="127.0.0.1")
        bus_url = f"tcp://127.0.0.1:{line.port}"
        target = target_of(METER, ADDRESS, load_profiles()["dlt645_2007_three_phase"], bus_url)
        owner = BusOwner(Bus(id="b1", url=bus_url, timeout_s=1.0), now=utc_now, lock_dir=folder)
        await fetch_events(BusPlan(owner=owner, targets=[target]), url)
        await owner.close()
        await line.close()

    asyncio.run(fetch())


def _values(url: str, name: str) -> list[float]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT value FROM meter_parameter WHERE name = %s ORDER BY taken_at", (name,)
        ).fetchall()
    return [value for (value,) in rows]


def test_a_blinded_meter_is_read_at_once_and_told(plain_database_url: str, tmp_path: Path) -> None:
    with connect(plain_database_url) as connection:
        save_registry(connection, REGISTRY)
    _fetched(plain_database_url, tmp_path, [])
    assert _values(plain_database_url, "voltage_loss_trigger") == [171.6]
    assert _values(plain_database_url, "ct_ratio") == [40.0]
    assert len(_values(plain_database_url, "day_table_1")) == 1
    assert _values(plain_database_url, "event_count_undervoltage_a") == [0.0]
    assert len(_values(plain_database_url, "event_count_power_down")) == 1
    before = _values(plain_database_url, "programming_count")
    _fetched(plain_database_url, tmp_path, [BLINDED])
    assert _values(plain_database_url, "voltage_loss_trigger") == [171.6, 0.0]
    assert _values(plain_database_url, "programming_count") == [*before, before[0] + 1]
    settings = Settings(database_url=plain_database_url)  # type: ignore[arg-type]  # read from text
    found = detect_recent(1, ["parameter_change"], settings, NOW + timedelta(hours=1))
    (episode,) = [e for e in found if e.message == "episode.threshold_disabled"]
    assert (episode.meter, episode.service_point) == ("M1", "P1")


def test_a_value_is_one_row_as_long_as_it_is_the_same(plain_database_url: str) -> None:
    def read(hours: int, value: float) -> ParameterReading:
        at = NOW + timedelta(hours=hours)
        return ParameterReading(meter=METER.id, name="ct_ratio", taken_at=at, value=value)

    with connect(plain_database_url) as connection:
        save_registry(connection, REGISTRY)
        assert parameters_read_at(connection, METER.id, ["ct_ratio"]) is None
        assert write_parameters(connection, [read(0, 40.0), read(1, 40.0), read(2, 1.0), read(3, 40.0)]) == 3
        assert write_parameters(connection, [read(4, 40.0)]) == 0
        assert parameters_read_at(connection, METER.id, ["ct_ratio"]) == NOW + timedelta(hours=4)
        assert parameters_read_at(connection, METER.id, ["pt_ratio"]) is None
        known = parameter_readings(
            connection, scope=EVERYTHING, ends_at=NOW + timedelta(days=1), meters=[METER.id]
        )
        assert known == [read(0, 40.0), read(1, 40.0), read(2, 1.0), read(3, 40.0), read(4, 40.0)]
        early = parameter_readings(
            connection, scope=EVERYTHING, ends_at=NOW + timedelta(hours=1), meters=[METER.id]
        )
        assert early == [read(0, 40.0)]
        stranger = ParameterReading(meter=MeterId("nobody"), name="x", taken_at=NOW, value=1.0)
        assert write_parameters(connection, [stranger]) == 0
