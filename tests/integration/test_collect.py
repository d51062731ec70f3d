"""The collector for real: three protocols, its requests, its one owner, and a database that goes away."""

import asyncio
import gc
import os
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from collectors.bus import BusOwner
from pipeline.errors import BusBusyError, ConfigError, KilowatchError
from services import remote_reading
from services.collect import collect
from services.wiring import utc_now
from storage.database import connect
from storage.requests import file_request, get_request
from tests.fix_mosquitto import Broker
from tests.integration.collecting import Site, collecting, lab_site

PER_METER = """
SELECT m.id, count(*) FILTER (WHERE status = 'got') >= 2 FROM coverage JOIN meter m USING (meter_id)
WHERE quantity_group = 'register' GROUP BY 1 ORDER BY 1
"""
METERS = ["LAB-F1", "LAB-H1", "LAB-H2", "LAB-M1", "LAB-Q1", "LAB-Q2"]
SLOTS_WITHOUT_READING = """
SELECT m.id, c.slot_at FROM coverage c JOIN meter m USING (meter_id)
WHERE status = 'got' AND quantity_group = 'register' AND NOT EXISTS (SELECT 1 FROM register_reading r
WHERE r.meter_id = c.meter_id AND r.slot_at = c.slot_at)
"""

READINGS_WITHOUT_FRAMES = """
SELECT m.id, r.received_at FROM register_reading r JOIN meter m USING (meter_id)
WHERE r.origin IN (0, 3) AND left(m.id, 5) <> 'LAB-Q' AND NOT EXISTS (SELECT 1 FROM raw_frame f
WHERE m.id = ANY (f.meters) AND f.received_at = r.received_at)
"""
EMPTY_FRAMES = "SELECT count(*) FROM raw_frame, unnest(asked) AS question WHERE length(question) < 8"


def run(scenario: Coroutine[object, object, None]) -> None:
    """Run a scenario; nothing it has started may be left behind."""
    threads = set(threading.enumerate())
    asyncio.run(scenario)
    assert set(threading.enumerate()) <= threads
    gc.collect()  # what was not closed warns now, and a warning is an error


async def everything_arrives(site: Site) -> None:
    await site.until(PER_METER, lambda rows: rows == [(meter, True) for meter in METERS])


def requests_of(site: Site) -> tuple[int, int]:
    """File a present and a backfill request, as a page or a flow does."""
    now = datetime.now(UTC)
    with connect(site.database_url) as connection:
        present = file_request(connection, bus="lab-modbus", kind="present", meter="LAB-M1", filed_by="test")
        backfill = file_request(
            connection,
            bus="lab-rs485",
            kind="backfill",
            starts_at=now - timedelta(hours=2),
            ends_at=now,
            filed_by="test",
        )
    return present, backfill


def test_all_protocols_arrive_and_requests_are_served_by_the_one_owner(
    database_url: str, mosquitto: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with lab_site(database_url, mosquitto, tmp_path) as site:
            async with collecting(site):
                present, backfill = await asyncio.to_thread(requests_of, site)
                await everything_arrives(site)
                served = "SELECT count(*) FROM read_request WHERE served_at IS NOT NULL"
                await site.until(served, lambda rows: rows == [(2,)])
                with connect(site.database_url) as connection:
                    first = get_request(connection, present)
                    second = get_request(connection, backfill)
                assert (first.error, second.error) == (None, None)
                assert first.result is not None
                assert (first.result["read"], first.result["missing"]) == (1, 0)
                assert second.result is not None
                assert second.result["records"] >= 3 * 8
                assert site.rows("SELECT count(*) > 0 FROM register_reading WHERE origin = 3") == [(True,)]
                await one_owner(site)
                await asked_instead_of_opened(site)
            # Given up: another may have them now.
            for bus in site.registry.buses:
                owner = BusOwner(bus, now=utc_now, lock_dir=site.settings.lock_dir)
                owner.acquire()
                await owner.close()
            assert site.rows(SLOTS_WITHOUT_READING) == []
            assert site.rows(READINGS_WITHOUT_FRAMES) == []
            assert site.rows(EMPTY_FRAMES) == [(0,)]

    async def one_owner(site: Site) -> None:
        belongs = f"belongs to process {os.getpid()}"
        other = BusOwner(site.registry.buses[0], now=utc_now, lock_dir=site.settings.lock_dir)
        with pytest.raises(BusBusyError, match=belongs):
            other.acquire()
        with pytest.raises(BusBusyError, match=belongs):
            await collect(site.settings, site.registry)

    async def asked_instead_of_opened(site: Site) -> None:
        monkeypatch.setenv("KILOWATCH_DATABASE_URL", site.database_url)
        monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(site.settings.lock_dir))
        (reading,) = await asyncio.to_thread(remote_reading.read_buses, ["lab-rs485"], 0.2)
        assert (reading.bus, reading.served_by, reading.failures) == ("lab-rs485", "collector", 0)
        assert reading.records > 0

    run(scenario())


def test_a_fault_that_ends_a_part_ends_the_collector_with_that_error(
    database_url: str, mosquitto: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that died unnoticed would let everything that is read be lost."""

    def broken(*_arguments: object) -> None:
        raise KilowatchError("the writer has a fault")

    async def scenario() -> None:
        async with lab_site(database_url, mosquitto, tmp_path) as site:
            monkeypatch.setattr("services.store.Store._commit", broken)
            with pytest.raises(KilowatchError, match="the writer has a fault"):
                await asyncio.wait_for(collect(site.settings, site.registry), 20)

    run(scenario())


def test_a_certificate_authority_that_is_not_there_is_told_at_the_start(
    database_url: str, mosquitto: Broker, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with lab_site(database_url, mosquitto, tmp_path) as site:
            missing = tmp_path / "ca.pem"
            settings = site.settings.model_copy(
                update={"mqtt_ca_file": missing, "mqtt_password": SecretStr("x")}
            )
            with pytest.raises(ConfigError, match="KILOWATCH_MQTT_CA_FILE"):
                await collect(settings, site.registry)

    run(scenario())
