"""Two collectors on two hosts share an archive: one owns the bus, the other takes over when it dies."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.host_lock import HostLock
from pipeline.errors import BusBusyError
from pipeline.events import EventKind
from services.ask_meter import ask_events, ask_identifiers
from services.read_meter import ReadNow, read_meter_at
from tests.fix_mosquitto import Broker
from tests.integration.collecting import Site, lab_site

LEASE_S = 15.0
"""So long that no load of the machine ends a living owner's lease; the dead one's is ended by hand."""
OWNER = "SELECT owner FROM bus_lease WHERE bus = 'lab-rs485' AND expires_at > now()"
NEW_READS = (
    "SELECT count(*) FROM register_reading WHERE origin = 0 AND received_at > now() - interval '1 second'"
)
LEFT_UNREAD = timedelta(minutes=5)
FORGET_H1 = """
DELETE FROM coverage USING meter WHERE coverage.meter_id = meter.meter_id AND meter.id = 'LAB-H1'
"""
H1_LAST_READ = """
INSERT INTO coverage (meter_id, quantity_group, slot_at, status, attempts)
SELECT meter_id, 'register', %s, 'got', 1 FROM meter WHERE id = 'LAB-H1'
"""
END_LEASE = """
UPDATE bus_lease SET expires_at = now() - interval '1 second' WHERE owner LIKE '%%:' || %s || ':%%'
"""
SECONDS_OF_H1 = """
SELECT count(*), extract(epoch FROM max(slot_at) - min(slot_at))::int + 1
FROM coverage JOIN meter USING (meter_id)
WHERE meter.id = 'LAB-H1' AND quantity_group = 'register' AND slot_at >= %s
"""
"""Without the days that the new owner fetches from the meter's memory."""


@asynccontextmanager
async def collector(site: Site, host: Path) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """Run a collector as another host would: with host locks of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KILOWATCH_")},
        "KILOWATCH_DATABASE_URL": site.database_url,
        "KILOWATCH_LOCK_DIR": str(host),
        "KILOWATCH_SPOOL_DIR": str(host / "spool"),
        "KILOWATCH_BUS_LEASE_S": str(LEASE_S),
    }
    log_path = host.with_suffix(".log")
    with log_path.open("wb") as log:
        running = subprocess.Popen(  # noqa: ASYNC220 - our own program, ended below
            [sys.executable, "-c", "from cli.main import main; main()", "collect", "--backfill-days", "0"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGINT)
        await asyncio.to_thread(running.wait, 30)


async def logged(path: Path, words: str) -> None:
    async with asyncio.timeout(20):
        while words not in await asyncio.to_thread(path.read_text):  # noqa: ASYNC110 - a file of another process
            await asyncio.sleep(0.1)


def url_from_another_host(site: Site, monkeypatch: pytest.MonkeyPatch, host: Path) -> str:
    """Be a third host; return the URL of a meter whose bus somebody owns."""
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", site.database_url)
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(host))
    bus = next(bus for bus in site.registry.buses if bus.id == "lab-rs485")
    installed = next(i for i in site.registry.installations if i.meter == "LAB-H1")
    return f"dlt645+{bus.url}/{installed.address}?profile={installed.profile}"


def on_another_host(site: Site, monkeypatch: pytest.MonkeyPatch, host: Path) -> ReadNow:
    """Do what `kilowatch read` does on a third host, for a meter whose bus somebody owns."""
    return read_meter_at(url_from_another_host(site, monkeypatch, host), frozenset())


def inquire_on_another_host(site: Site, monkeypatch: pytest.MonkeyPatch, host: Path) -> None:
    """Do what `kilowatch read -i` and `--events` do there: load records, a freeze, a refusal, events."""
    url = url_from_another_host(site, monkeypatch, host)
    load, freeze, unknown = ask_identifiers(url, ["06040002", "05060101", "00B0B0B0"], blocks=2)
    assert len(load.records) == 2
    assert all("active_energy_import" in record.fields for record in load.records)
    assert [record.at[-5:] for record in freeze.records] == ["00:00"]
    assert "no such data" in unknown.failure
    told = ask_events(url, [EventKind.POWER_DOWN, EventKind.POWER_FACTOR_LOW])
    assert [refused.kind for refused in told.refused] == [EventKind.POWER_FACTOR_LOW]
    assert told.failures == []
    with pytest.raises(BusBusyError, match="999 is not in its archive"):
        ask_identifiers(re.sub("/[0-9]+[?]", "/999?", url), ["04000101"])


def test_a_second_host_stands_by_takes_over_and_serves_reads(
    database_url: str, mosquitto: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def owned_by(site: Site, process: "subprocess.Popen[bytes]") -> None:
        await site.until(OWNER, lambda rows: len(rows) == 1 and f":{process.pid}:" in rows[0][0])

    async def scenario() -> None:
        async with lab_site(database_url, mosquitto, tmp_path) as site:
            async with collector(site, tmp_path / "one") as first:
                await owned_by(site, first)
                async with collector(site, tmp_path / "two") as second:
                    await site.until(NEW_READS, lambda rows: rows[0][0] > 0)
                    read = await asyncio.to_thread(on_another_host, site, monkeypatch, tmp_path / "three")
                    assert read.snapshot.meter == "LAB-H1"
                    assert len(read.snapshot.values) > 10
                    taken = "SELECT count(*) FROM read_request WHERE taken_by LIKE '%%:' || %s::text"
                    assert site.rows(taken, first.pid) == [(1,)]
                    await asyncio.to_thread(inquire_on_another_host, site, monkeypatch, tmp_path / "three")
                    assert site.rows(taken, first.pid) == [(3,)]
                    await logged(tmp_path / "two.log", "standing by: bus lab-rs485 belongs to process")
                    with pytest.raises(BusBusyError):  # nobody else of its host does
                        HostLock("lab-rs485", tmp_path / "two").acquire()
                    first.kill()
                    await asyncio.to_thread(first.wait)
                    # As if it had died while the database was away for minutes.
                    site.change(FORGET_H1)
                    last_read_at = datetime.now(UTC).replace(microsecond=0) - LEFT_UNREAD
                    site.change(H1_LAST_READ, last_read_at)
                    site.change(END_LEASE, str(first.pid))
                    await owned_by(site, second)
                    await site.until(NEW_READS, lambda rows: rows[0][0] > 0)
                    read = await asyncio.to_thread(on_another_host, site, monkeypatch, tmp_path / "three")
                    assert site.rows(taken, second.pid) == [(1,)]
            assert site.rows(OWNER) == []
            # Every second from the first slot to the last has its line in the ledger, got or with a cause.
            [(lines, seconds)] = site.rows(SECONDS_OF_H1, last_read_at)
            assert lines == seconds
            assert seconds > LEFT_UNREAD.total_seconds()
            assert site.rows("SELECT count(*) FROM coverage WHERE status = 'missing' AND cause IS NULL") == [
                (0,)
            ]

    asyncio.run(scenario())
