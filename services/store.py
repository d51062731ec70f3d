"""Carries reads from the event loop into the database: batched, in order, nothing lost while it is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from pipeline.checks import check
from pipeline.coverage import CoverageEntry
from pipeline.errors import StorageError
from pipeline.model import Snapshot
from pipeline.ports import WriteReport
from pipeline.registry import Registry
from storage.coverage import CoverageLedger
from storage.database import Connection, connect, storage_errors
from storage.writer import ReadingWriter

BATCH_ROWS = 5000
"""Most snapshots of one commit."""
GATHER_S = 0.3
"""How long the first read of a batch waits for company."""
QUEUE_MOST = 4000
"""Entries waiting for the database; a full queue holds the buses back, so memory stays bounded."""
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 30.0

OnStored: TypeAlias = Callable[[Sequence[Snapshot]], None]
"""Is told what was committed, in the thread that did it; must not raise and not wait."""

_log = logging.getLogger("kilowatch.store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What belongs together: readings and the lines of the ledger that they answer."""

    snapshots: Sequence[Snapshot] = ()
    coverage: Sequence[CoverageEntry] = ()


class Store:
    """The one writer of a process; ``put`` returns when there is room, ``drain`` when all is committed."""

    def __init__(self, database_url: str, registry: Registry, on_stored: OnStored | None = None) -> None:
        """Prepare; the connection is opened with the first batch."""
        self._url = database_url
        self._registry = registry
        self._on_stored = on_stored
        self._queue: asyncio.Queue[Entry] = asyncio.Queue(QUEUE_MOST)
        self._batch: list[Entry] = []
        """In hand: taken from the queue, not yet committed."""
        self._connection: Connection | None = None
        self._writer: ReadingWriter | None = None
        self.report = WriteReport()

    async def put(self, entry: Entry) -> None:
        """Hand over one entry; waits while the queue is full."""
        await self._queue.put(entry)

    async def drain(self) -> None:
        """Wait until everything handed over so far is committed."""
        await self._queue.join()

    async def run(self) -> None:
        """Write until cancelled; what was handed over before is still written."""
        try:
            while True:
                await self._gather()
                await self._write()
        except asyncio.CancelledError:
            await self._write_rest()
            raise
        finally:
            if self._connection is not None:
                self._connection.close()

    async def _gather(self) -> None:
        """Add to the batch in hand what comes within a moment; a cancellation leaves it in hand."""
        if not self._batch:
            self._batch.append(await self._queue.get())
        loop = asyncio.get_running_loop()
        until = loop.time() + GATHER_S
        while self._rows < BATCH_ROWS and (left_s := until - loop.time()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    self._batch.append(await self._queue.get())
            except TimeoutError:
                break

    @property
    def _rows(self) -> int:
        return sum(len(entry.snapshots) for entry in self._batch)

    async def _write(self) -> None:
        """Commit the batch in hand, again and again until the database takes it."""
        pause_s = RETRY_FIRST_S
        while self._batch:
            try:
                self.report += await self._committed(self._batch)
            except StorageError as error:
                _log.warning("database away, will try again in %.1f s: %s", pause_s, error)
                await asyncio.sleep(pause_s)
                pause_s = min(RETRY_MOST_S, 2 * pause_s)
            else:
                self._release()

    async def _committed(self, entries: Sequence[Entry]) -> WriteReport:
        """Commit in a thread and wait for it, whatever happens: one connection is for one thread."""
        commit_ = asyncio.ensure_future(asyncio.to_thread(self._commit, entries))
        try:
            return await asyncio.shield(commit_)
        except asyncio.CancelledError:
            await asyncio.wait([commit_])
            if commit_.exception() is None:
                self.report += commit_.result()
                self._release()
            raise

    def _release(self) -> None:
        """Let go of the batch in hand: it is committed."""
        for _ in self._batch:
            self._queue.task_done()
        self._batch = []

    async def _write_rest(self) -> None:
        """Write what is in hand and what waits, but not longer than a stop may take."""
        while not self._queue.empty():
            self._batch.append(self._queue.get_nowait())
        async with asyncio.timeout(RETRY_MOST_S):
            await self._write()

    def _commit(self, entries: Sequence[Entry]) -> WriteReport:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url)
            self._writer = ReadingWriter(self._connection)
        report = commit(self._connection, self._registry, entries, self._writer)
        if self._on_stored is not None:
            self._on_stored([snapshot for entry in entries for snapshot in entry.snapshots])
        return report


def commit(
    connection: Connection,
    registry: Registry,
    entries: Sequence[Entry],
    writer: ReadingWriter | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> WriteReport:
    """Check and write entries in one transaction.

    ``writer`` is the connection's own, if one is kept: it remembers the archive's meters.

    Raises:
        StorageError: If the database refuses or is away; nothing of the batch is stored then.
    """
    at = now()
    snapshots = [_checked(s, registry, at) for entry in entries for s in entry.snapshots]
    coverage = [line for entry in entries for line in entry.coverage]
    with storage_errors(f"storing {len(snapshots)} readings"), connection.transaction():
        report = (writer or ReadingWriter(connection)).write(snapshots)
        CoverageLedger(connection).record(coverage)
    return report


def _checked(snapshot: Snapshot, registry: Registry, now: datetime) -> Snapshot:
    meter = registry.meter_by_id.get(snapshot.meter)
    return snapshot if meter is None else check(snapshot, meter, now)
