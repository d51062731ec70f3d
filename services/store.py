"""Carries reads from the event loop to where they are kept: batched, in order, nothing lost on the way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pipeline.errors import StorageError
from pipeline.ports import WriteReport
from pipeline.registry import Registry
from services.entry import Entry, OnStored, checked, commit, merged
from services.landing import Landing
from services.spool_codec import pack

__all__ = ["Entry", "Store", "commit"]

BATCH_ROWS = 5000
"""Most snapshots of one commit."""
GATHER_S = 0.3
"""How long the first read of a batch waits for company."""
QUEUE_MOST = 4000
"""Entries waiting to be kept; a full queue holds the buses back, so memory stays bounded."""
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 30.0
LOOK_S = 0.05
"""How often it is looked whether the spool is empty."""

_log = logging.getLogger("kilowatch.store")


class Store:
    """The one queue of a process; ``put`` returns when there is room, ``drain`` when the database has all."""

    def __init__(
        self,
        database_url: str,
        registry: Registry,
        on_stored: OnStored | None = None,
        *,
        landing: Landing | None = None,
    ) -> None:
        """Prepare; ``landing`` is shared and stays open; without it the database must take everything."""
        self._registry = registry
        self._landing = landing or Landing(database_url, on_stored)
        self._journal = self._landing.journal
        self._journal_fault = ""
        """Why nothing can be noted in it; empty while it can."""
        self._owns_landing = landing is None
        self._queue: asyncio.Queue[Entry] = asyncio.Queue(QUEUE_MOST)
        self._batch: list[Entry] = []
        """In hand: taken from the queue, not yet kept."""
        self._handed_over = self._kept = 0
        """Entries so far; they are kept in the order in which they were handed over."""
        self._kept_more = asyncio.Event()

    @property
    def report(self) -> WriteReport:
        """What the database took."""
        return self._landing.counters.report

    @property
    def waiting(self) -> int:
        """Entries that were handed over and are not kept yet."""
        return self._queue.qsize() + len(self._batch)

    async def put(self, entry: Entry) -> None:
        """Hand over one entry; waits while the queue is full. With a spool it then outlives this process.

        It is noted in the very step in which it is queued: the journal is settled in the queue's order. Its
        raw frames are not: they would double what each read costs here, for a moment's frames after a kill.
        """
        earned = checked(entry, self._registry, datetime.now(UTC))
        await self._queue.put(earned)
        self._handed_over += 1
        if self._journal is None:
            return
        try:
            self._journal.put(pack(replace(earned, raw=())))
        except StorageError as error:
            self._note_journal(str(error))
        else:
            self._note_journal("")

    def _note_journal(self, fault: str) -> None:
        """Tell when it begins and when it ends that nothing can be noted: each read would say the same."""
        if fault == self._journal_fault:
            return
        if fault:
            _log.error(
                "journal.unwritable: until it is told otherwise, a kill loses what is in hand: %s", fault
            )
        else:
            _log.info("journal.writable: what is in hand is noted again")
        self._journal_fault = fault

    async def drain(self) -> None:
        """Wait until everything handed over so far is committed, by way of the spool too."""
        wanted = self._handed_over
        while self._kept < wanted:
            self._kept_more.clear()
            await self._kept_more.wait()
        while self._landing.behind:  # noqa: ASYNC110 - another thread drains, and knows no event of this loop
            await asyncio.sleep(LOOK_S)

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
            if self._owns_landing:
                self._landing.close()

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
        """Keep the batch in hand; where neither database nor spool takes it, again and again."""
        pause_s = RETRY_FIRST_S
        while self._batch:
            try:
                await self._committed(self._batch)
            except StorageError as error:
                _log.warning("store.away: will try again in %.1f s: %s", pause_s, error)
                await asyncio.sleep(pause_s)
                pause_s = min(RETRY_MOST_S, 2 * pause_s)
            else:
                self._release()

    async def _committed(self, entries: Sequence[Entry]) -> None:
        """Keep entries in a thread and wait for it, whatever happens: what was kept is let go of once."""
        keeping = asyncio.ensure_future(asyncio.to_thread(self._commit, entries))
        try:
            await asyncio.shield(keeping)
        except asyncio.CancelledError:
            await asyncio.wait([keeping])
            if keeping.exception() is None:
                self._release()
            raise

    def _release(self) -> None:
        """Let go of the batch in hand: it is durable."""
        self._kept += len(self._batch)
        self._kept_more.set()
        if self._journal is not None:
            self._journal.settle(len(self._batch))
        self._batch = []

    async def _write_rest(self) -> None:
        """Write what is in hand and what waits, but not longer than a stop may take."""
        while not self._queue.empty():
            self._batch.append(self._queue.get_nowait())
        async with asyncio.timeout(RETRY_MOST_S):
            await self._write()

    def _commit(self, entries: Sequence[Entry]) -> None:
        self._landing.keep(merged(entries))
