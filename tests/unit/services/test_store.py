"""The one writer of a process: batched, in order, nothing that was handed over is lost."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from collectors.spool_files import open_spool
from pipeline.errors import StorageError
from pipeline.model import MeterId, Snapshot
from pipeline.ports import WriteReport
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from services.landing import Landing
from services.store import Entry, Store
from storage.database import connect
from storage.registry import save_registry
from tests.unit.services.stations import storing

START = datetime(2026, 11, 22, 4, tzinfo=UTC)
REGISTRY = Registry(meters=[Meter(id=MeterId("A"))])


@pytest.fixture
def url(plain_database_url: str) -> str:
    with connect(plain_database_url) as connection:
        save_registry(connection, REGISTRY)
    return plain_database_url


def entry(n: int) -> Entry:
    at = START + timedelta(seconds=n)
    values = {Quantity.ACTIVE_ENERGY_IMPORT: float(n)}
    return Entry(snapshots=[Snapshot(meter=MeterId("A"), taken_at=at, received_at=at, values=values)])


def stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM register_reading").fetchone()
    assert row is not None
    return int(row[0])


def test_what_was_handed_over_is_committed_when_it_is_drained(url: str) -> None:
    async def scenario() -> None:
        store = Store(url, REGISTRY)
        async with storing(store):
            for n in range(50):
                await store.put(entry(n))
            await store.drain()
            assert store.report == WriteReport(written=50)

    asyncio.run(scenario())
    assert stored(url) == 50


def test_draining_ends_though_buses_never_pause(url: str) -> None:
    """A backfill begins with it: on a busy collector there is always more on the way."""

    async def scenario() -> None:
        store = Store(url, REGISTRY)

        async def keep_busy() -> None:
            for n in itertools.count(1):
                await store.put(entry(n))
                await asyncio.sleep(0.01)

        async with storing(store):
            busy = asyncio.create_task(keep_busy())
            await asyncio.sleep(0.1)
            for _ in range(3):
                handed_over = store._handed_over
                async with asyncio.timeout(10):
                    await store.drain()
                assert stored(url) >= handed_over
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)

    asyncio.run(scenario())


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.1, 0.29, 0.31, 0.35])
def test_a_stop_at_any_moment_still_writes_what_was_handed_over(url: str, after_s: float) -> None:
    async def scenario() -> None:
        store = Store(url, REGISTRY)
        writing = asyncio.create_task(store.run())
        for n in range(200):
            await store.put(entry(n))
        await asyncio.sleep(after_s)
        await store.put(entry(200))
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    asyncio.run(scenario())
    assert stored(url) == 201


def test_a_stop_while_a_batch_is_being_committed_waits_for_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads must not use one connection."""
    busy = asyncio.Event()
    commit = Store._commit
    at_work: list[int] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()

        def slow(self: Store, entries: Sequence[Entry]) -> None:
            at_work.append(1)
            assert sum(at_work) == 1
            loop.call_soon_threadsafe(busy.set)
            commit(self, entries)
            at_work.append(-1)

        monkeypatch.setattr(Store, "_commit", slow)
        store = Store(url, REGISTRY)
        writing = asyncio.create_task(store.run())
        await store.put(entry(1))
        await busy.wait()
        await store.put(entry(2))
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    asyncio.run(scenario())
    assert stored(url) == 2


def test_a_connection_that_the_server_ended_is_opened_again(url: str) -> None:
    async def scenario() -> None:
        store = Store(url, REGISTRY)
        async with storing(store):
            await store.put(entry(1))
            await store.drain()
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND application_name = 'kilowatch'"
                )
            await store.put(entry(2))
            await asyncio.wait_for(store.drain(), 20)

    asyncio.run(scenario())
    assert stored(url) == 2


def test_a_batch_that_the_database_does_not_take_is_tried_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Store._commit
    refusals = [StorageError("away"), StorageError("still away")]

    def first_away(self: Store, entries: Sequence[Entry]) -> None:
        if refusals:
            raise refusals.pop()
        commit(self, entries)

    monkeypatch.setattr(Store, "_commit", first_away)
    monkeypatch.setattr("services.store.RETRY_FIRST_S", 0.01)

    async def scenario() -> None:
        store = Store(url, REGISTRY)
        async with storing(store):
            await store.put(entry(1))
            await store.drain()

    asyncio.run(scenario())
    assert stored(url) == 1
    assert refusals == []


def test_a_full_queue_holds_those_who_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.store.QUEUE_MOST", 2)

    async def scenario() -> None:
        store = Store("postgresql://127.0.0.1:1/none", REGISTRY)
        await store.put(entry(1))
        await store.put(entry(2))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(store.put(entry(3)), 0.01)

    asyncio.run(scenario())


def test_what_was_handed_over_outlives_a_kill_before_it_was_kept(url: str, tmp_path: Path) -> None:
    spool = open_spool(tmp_path, "db", 10_000_000)
    killed = Landing(url, spool=spool)

    async def hand_over() -> None:
        store = Store(url, REGISTRY, landing=killed)
        for n in range(20):
            await store.put(entry(n))

    asyncio.run(hand_over())
    spool.close()  # what a kill does: nothing is written any more, and the lock goes
    assert stored(url) == 0
    following = Landing(url, spool=open_spool(tmp_path, "db", 10_000_000))

    async def drain() -> None:
        await Store(url, REGISTRY, landing=following).drain()

    asyncio.run(drain())
    following.close()
    assert stored(url) == 20
    assert killed.journal is not None
    killed.journal.close()


def test_a_journal_that_cannot_be_written_is_told_and_costs_no_reading(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing = Landing(url, spool=open_spool(tmp_path, "db", 10_000_000))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    async def scenario() -> None:
        store = Store(url, REGISTRY, landing=landing)
        async with storing(store):
            with monkeypatch.context() as patched:
                patched.setattr("collectors.journal.os.write", full)
                await store.put(entry(1))
                await store.put(entry(2))
            await store.put(entry(3))
            await store.put(entry(4))
            await store.drain()

    caplog.set_level("INFO", "kilowatch.store")
    asyncio.run(scenario())
    landing.close()
    assert stored(url) == 4
    told = [record.message.partition(":")[0] for record in caplog.records if "journal." in record.message]
    assert told == ["journal.unwritable", "journal.writable"]
