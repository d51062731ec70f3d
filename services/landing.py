"""Where readings land: in the database, and in the spool while that is away, slow or behind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import orjson

from collectors.journal import Journal
from collectors.spool import Spool, SpoolCounters, Waiting
from pipeline.errors import DataError, StorageError
from pipeline.ports import WriteReport
from services.durations import Durations
from services.entry import Entry, OnStored, merged, write_entry
from services.spool_codec import pack, unpack
from storage.database import Connection, connect
from storage.writer import ReadingWriter

SLOW_S: Final = 5.0
"""A commit that takes longer is slow: what it carries and what follows goes to the spool."""
DRAIN_READINGS: Final = 10_000
"""Readings of one commit after an outage: the database's own full speed (reference: batch sizes)."""
RETRY_FIRST_S: Final = 0.5
RETRY_MOST_S: Final = 30.0
CLOSE_S: Final = 10.0

_log = logging.getLogger("kilowatch.landing")


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingCounters:
    """What became of the entries so far."""

    report: WriteReport
    """What the database took, spooled readings included."""
    behind: bool
    """The spool holds what the database has not."""
    failed_commits: int
    slow_commits: int
    unreadable_records: int
    """Spooled records that could not be read back: passed over, told in the log."""
    spool: SpoolCounters | None
    commits: Durations = field(default_factory=Durations)
    """How long each commit took."""


class Landing:
    """Any thread may keep entries; one thread of its own has the one connection to the database.

    While the spool holds anything everything goes there, and leaves it in the order in which it came: so
    whatever is first of two differing values stays first.
    """

    def __init__(
        self,
        database_url: str,
        on_stored: OnStored | None = None,
        *,
        spool: Spool | None = None,
        slow_s: float = SLOW_S,
        keeps_raw: bool = True,
    ) -> None:
        """Prepare; the connection is opened with the first entry, or now if the spool holds something."""
        self._url = database_url
        self._on_stored = on_stored
        self._spool = spool
        self.journal = None if spool is None else Journal(spool.path)
        """Where what is on its way here is noted, so that a kill does not lose it."""
        self._slow_s = slow_s
        self._keeps_raw = keeps_raw
        self._database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing")
        self._connection: Connection | None = None
        self._writer: ReadingWriter | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._behind = False
        self._draining: Future[None] | None = None
        self._report = WriteReport()
        self._failed = self._slow = self._unreadable = 0
        self._commits = Durations()
        if spool is not None and spool.counters.waiting:
            self._behind = True
            self._draining = self._database.submit(self._drain, spool)

    @property
    def counters_file(self) -> Path | None:
        """Where this process's counters are told to others: beside its spool."""
        return None if self._spool is None else self._spool.path.with_suffix(".counters.json")

    @property
    def behind(self) -> bool:
        """Whether the spool holds what the database has not.

        Raises:
            Exception: A fault that ended the draining, which would otherwise go unseen.
        """
        if self._draining is not None and self._draining.done():
            self._draining.result()
        return self._behind

    @property
    def counters(self) -> LandingCounters:
        """What became of the entries so far."""
        return LandingCounters(
            report=self._report,
            behind=self._behind,
            failed_commits=self._failed,
            slow_commits=self._slow,
            unreadable_records=self._unreadable,
            spool=None if self._spool is None else self._spool.counters,
            commits=deepcopy(self._commits),
        )

    def keep(self, entry: Entry) -> None:
        """Keep an entry; when this returns it is durable, in the database or in the spool.

        Raises:
            StorageError: If neither takes it; nothing of it is kept then.
        """
        if not self._keeps_raw:
            entry = replace(entry, raw=())
        spool = self._spool
        if spool is None:
            self._database.submit(self._commit, entry).result()
        elif self.behind or not self._committed(entry):
            self._put(spool, entry)

    def close(self) -> None:
        """Finish what is under way and close; what is spooled stays for the next start."""
        self._closing.set()
        _log.info(
            "landing.counters %s",
            orjson.dumps(asdict(self.counters), option=orjson.OPT_NON_STR_KEYS).decode(),
        )
        closing = self._database.submit(self._close_connection)
        self._database.shutdown(wait=False)
        try:
            closing.result(CLOSE_S)
        except TimeoutError:
            _log.warning(
                "landing.slow: the database does not let go; what it has not confirmed is in the spool"
            )
        if self._spool is not None and self.journal is not None:
            self.journal.close()
            self._spool.close()

    def _committed(self, entry: Entry) -> bool:
        """Tell whether the database took an entry in time."""
        job = self._database.submit(self._commit, entry)
        try:
            job.result(self._slow_s)
        except TimeoutError:
            job.cancel()  # if it has not begun; else it may still be stored, and once more from the spool
            self._slow += 1
            _log.warning(
                "landing.slow: the database took longer than %g s; going on into the spool", self._slow_s
            )
        except StorageError as away:
            self._failed += 1
            _log.warning("landing.away: going on into the spool: %s", away)
        else:
            return True
        return False

    def _put(self, spool: Spool, entry: Entry) -> None:
        records = pack(entry)
        with self._lock:
            spool.put(records)
            if not self._behind:
                self._behind = True
                self._draining = self._database.submit(self._drain, spool)

    # In the database's thread.

    def _commit(self, entry: Entry) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url)
            self._writer = ReadingWriter(self._connection)
        began = time.monotonic()
        self._report += write_entry(self._connection, entry, self._writer)
        self._commits.add(time.monotonic() - began)
        if self._on_stored is not None:
            self._on_stored(entry.snapshots)

    def _drain(self, spool: Spool) -> None:
        """Store what is spooled until nothing is left or the landing is closed."""
        pause_s = RETRY_FIRST_S
        while not self._closing.is_set():
            try:
                records = spool.take(DRAIN_READINGS)
                self._commit(self._read_back(records))
                spool.forget(records)
            except StorageError as away:
                _log.warning("landing.away: will try again in %.1f s: %s", pause_s, away)
                self._closing.wait(pause_s)
                pause_s = min(RETRY_MOST_S, 2 * pause_s)
                continue
            pause_s = RETRY_FIRST_S
            if not records and self._is_level(spool):
                return

    def _is_level(self, spool: Spool) -> bool:
        """Tell whether nothing came into the spool since it was found empty; then entries go direct again."""
        with self._lock:
            counters = spool.counters
            self._behind = counters.waiting > 0
        if not self._behind:
            _log.info("landing.level: the spool is empty; %d readings went through it", counters.drained)
        return not self._behind

    def _read_back(self, records: Sequence[Waiting]) -> Entry:
        entries = []
        for record in records:
            try:
                entries.append(unpack(record.payload))
            except DataError as error:
                self._unreadable += 1
                _log.error("landing.unreadable: record %d of the spool is passed over: %s", record.seq, error)
        return merged(entries)

    def _close_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
