"""The events that a simulated meter recorded reach the table once each, with their ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from pydantic import SecretStr

from collectors.bus import BusOwner
from collectors.scheduler import BusPlan
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.registry import Bus, Installation, Meter, Registry, Schedule
from services.collect import collect
from services.meter_events import fetch_events
from services.settings import Settings
from services.wiring import load_profiles, target_of, utc_now
from simulators.dlt645_meter import Dlt645Meter
from simulators.line import serve_line
from storage.database import connect
from storage.events import CountedEvent, events_counted, write_events
from storage.registry import save_registry
from tests.unit.simulators.dlt645.bench import ADDRESS, ZONE, Load

NOW = datetime.now(UTC).replace(microsecond=0)
MEMORY_FROM = NOW - timedelta(days=70)
FIRST = (NOW - timedelta(days=3), NOW - timedelta(days=3) + timedelta(minutes=95))
SECOND = (NOW - timedelta(days=1), NOW - timedelta(days=1) + timedelta(minutes=40))
"""Both longer than the quarter of an hour in which a simulated meter looks back upon its past."""
POWER_DOWNS = """
SELECT starts_at, ends_at, part, count FROM meter_event JOIN meter USING (meter_id)
WHERE id = 'M1' AND kind = 'power_down' ORDER BY starts_at
"""


def outages(url: str) -> list[tuple[datetime, datetime, str, int]]:
    with psycopg.connect(url) as connection:
        return connection.execute(POWER_DOWNS).fetchall()


def test_each_event_is_stored_once_with_the_meter_s_own_count(
    plain_database_url: str, tmp_path: Path
) -> None:
    meter = Meter(id=MeterId("M1"), zone=ZONE)
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[meter]))

    async def fetched(*dark: tuple[datetime, datetime]) -> int:
        load = Load(kw=2.0)
        load.dark.extend(dark)
        simulated = Dlt645Meter(ADDRESS, load, lambda: datetime.now(UTC), zone=ZONE, memory_from=MEMORY_FROM)
        line = await serve_line([simulated], host="127.0.0.1")
        url = f"tcp://127.0.0.1:{line.port}"
        target = target_of(meter, ADDRESS, load_profiles()["dlt645_2007_three_phase"], url)
        owner = BusOwner(Bus(id="b1", url=url, timeout_s=5.0), now=utc_now, lock_dir=tmp_path)
        changed = await fetch_events(BusPlan(owner=owner, targets=[target]), plain_database_url)
        await owner.close()
        await line.close()
        return changed

    assert asyncio.run(fetched(FIRST)) > 0
    assert outages(plain_database_url) == [(*FIRST, "", 1)]
    assert asyncio.run(fetched(FIRST)) == 0
    asyncio.run(fetched(FIRST, SECOND))
    assert outages(plain_database_url) == [(*FIRST, "", 1), (*SECOND, "", 2)]


def test_a_collector_asks_for_events_on_their_own_schedule(plain_database_url: str, tmp_path: Path) -> None:
    load = Load(kw=2.0)
    load.dark.append(FIRST)
    simulated = Dlt645Meter(ADDRESS, load, lambda: datetime.now(UTC), zone=ZONE, memory_from=MEMORY_FROM)
    meter = Meter(id=MeterId("M1"), zone=ZONE)

    async def scenario() -> None:
        line = await serve_line([simulated], host="127.0.0.1")
        installed = Installation(meter=meter.id, bus="b1", address=ADDRESS, profile="dlt645_2007_three_phase")
        registry = Registry(
            meters=[meter],
            installations=[installed],
            buses=[Bus(id="b1", url=f"tcp://127.0.0.1:{line.port}")],
            schedules=[Schedule(group="event", every_s=2)],
        )
        with connect(plain_database_url) as connection:
            save_registry(connection, registry)
        settings = Settings(
            database_url=SecretStr(plain_database_url), lock_dir=tmp_path, spool_dir=tmp_path / "spool"
        )
        running = asyncio.create_task(collect(settings, registry))
        while not await asyncio.to_thread(outages, plain_database_url):
            assert not running.done(), running
            await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await line.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert outages(plain_database_url) == [(*FIRST, "", 1)]


def test_an_event_that_goes_on_gets_its_end_later_and_two_phases_are_two_events(
    plain_database_url: str,
) -> None:
    def record(part: str, ends_at: datetime | None) -> CountedEvent:
        event = MeterEvent(
            kind=EventKind.VOLTAGE_LOSS, part=part, number=1, starts_at=FIRST[0], ends_at=ends_at
        )
        return CountedEvent(event=event, count=7, received_at=NOW)

    meter = MeterId("M1")
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=meter)]))
        assert write_events(connection, meter, [record("a", None), record("b", FIRST[1])]) == 2
        assert write_events(connection, meter, [record("a", None), record("b", None)]) == 0
        assert write_events(connection, meter, [record("a", FIRST[1])]) == 1
        assert write_events(connection, MeterId("nobody"), [record("a", None)]) == 0
        rows = connection.execute("SELECT part, ends_at FROM meter_event ORDER BY part").fetchall()
        assert rows == [("a", FIRST[1]), ("b", FIRST[1])]
        assert events_counted(connection, meter) == {
            (EventKind.VOLTAGE_LOSS, "a"): 7,
            (EventKind.VOLTAGE_LOSS, "b"): 7,
        }
