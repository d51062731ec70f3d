"""Carries reads from the event loop into the database: batched, in order, nothing lost while it is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.checks import check
from pipeline.coverage import CoverageEntry
from pipeline.errors import StorageError
from pipeline.model import Snapshot
from pipeline.ports import WriteReport
from pipeline.registry import Registry
from storage.coverage import CoverageLedger
from storage.database import Connection, connect
from storage.writer import ReadingWriter

BATCH_ROWS = 5000
"""Most snapshots of one commit."""
GATHER_S = 0.3
"""How long the first read of a batch waits for company."""
QUEUE_MOST = 4000
"""Entries waiting for the database; a full queue holds the buses back, so memory stays bounded."""
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 30.0

_log = logging.getLogger("kilowatch.store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What belongs together: readings and the lines of the ledger that they answer."""

    snapshots: Sequence[Snapshot] = ()
    coverage: Sequence[CoverageEntry] = ()


class Store:
    """The one writer of a process; ``put`` returns when there is room, ``drain`` when all is committed."""

    def __init__(self, database_url: str, registry: Registry) -> None:
        """Prepare; the connection is opened with the first batch."""
        self._url = database_url
        self._registry = registry
        self._queue: asyncio.Queue[Entry] = asyncio.Queue(QUEUE_MOST)
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
                await self._write(await self._gather())
        finally:
            await asyncio.shield(self._write_rest())
            if self._connection is not None:
                self._connection.close()

    async def _gather(self) -> list[Entry]:
        entries = [await self._queue.get()]
        loop = asyncio.get_running_loop()
        until = loop.time() + GATHER_S
        rows = len(entries[0].snapshots)
        while rows < BATCH_ROWS and (left_s := until - loop.time()) > 0:
            try:
                entries.append(await asyncio.wait_for(self._queue.get(), left_s))
            except TimeoutError:
                break
            rows += len(entries[-1].snapshots)
        return entries

    async def _write(self, entries: list[Entry]) -> None:
        """Commit a batch, again and again until the database takes it."""
        pause_s = RETRY_FIRST_S
        while True:
            try:
                self.report += await asyncio.to_thread(self._commit, entries)
                break
            except StorageError as error:
                _log.warning("database away, will try again in %.1f s: %s", pause_s, error)
                await asyncio.sleep(pause_s)
                pause_s = min(RETRY_MOST_S, 2 * pause_s)
        for _ in entries:
            self._queue.task_done()

    async def _write_rest(self) -> None:
        rest: list[Entry] = []
        while not self._queue.empty():
            rest.append(self._queue.get_nowait())
        if rest:
            await asyncio.wait_for(self._write(rest), RETRY_MOST_S)

    def _commit(self, entries: Sequence[Entry]) -> WriteReport:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url)
            self._writer = ReadingWriter(self._connection)
        return commit(self._connection, self._registry, entries, self._writer)


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
    with connection.transaction():
        report = (writer or ReadingWriter(connection)).write(snapshots)
        CoverageLedger(connection).record(coverage)
    return report


def _checked(snapshot: Snapshot, registry: Registry, now: datetime) -> Snapshot:
    meter = registry.meter_by_id.get(snapshot.meter)
    return snapshot if meter is None else check(snapshot, meter, now)
