"""Keeps what the database does not take now, in a bounded file that survives kills and power cuts."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from pathlib import Path
from shutil import disk_usage
from typing import Final, TypeAlias

from pipeline.errors import StorageError

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, rank INTEGER NOT NULL, readings INTEGER NOT NULL,
    payload BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS record_by_rank ON record (rank, seq);
CREATE TABLE IF NOT EXISTS dropped (
    rank INTEGER PRIMARY KEY, records INTEGER NOT NULL, readings INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS made (id TEXT NOT NULL, at TEXT);
"""
_MADE: Final = """
INSERT INTO made
SELECT lower(hex(randomblob(8))), CASE WHEN ? THEN NULL ELSE strftime('%Y-%m-%dT%H:%M:%SZ', 'now') END
WHERE NOT EXISTS (SELECT 1 FROM made)
"""
"""What tells this file from every other; an older file does not know when it was made."""
SPARE: Final = -1
"""The rank of what is no reading, such as raw frames: taken while half of the room is free and the disk is
not short, the first to go, and without an alarm."""
DISK_SHORT_BYTES: Final = 16_000_000
"""With less free on its disk what is spare goes: on a full one nothing can be dropped any more, for a file
that has no room to grow cannot take over its journal of 4 MB."""
TAKEN_BYTES_MOST: Final = 32_000_000
"""Taken together, but for a single record that is larger."""
_THINNED_AT_ONCE: Final = 64
"""Records looked at together when room is needed."""
_BUSY_S: Final = 10.0

_Row: TypeAlias = tuple[int, int, int, int]

_log = logging.getLogger("kilowatch.spool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is spooled as one piece: bytes, how many readings they hold, and how dear they are."""

    payload: bytes
    readings: int
    rank: int
    """When room is needed, the lowest rank goes first, and of it the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Record):
    """A record that was spooled."""

    seq: int
    """Its place in the order in which records came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolCounters:
    """What a spool holds and did; drops are counted since the file was made, the rest since it was opened."""

    waiting: int
    """Records in the file."""
    used_bytes: int
    put: int = 0
    """Readings that were spooled."""
    drained: int = 0
    """Readings that left for the database."""
    dropped: Mapping[int, int] = field(default_factory=dict)
    """Readings dropped for want of room, by rank."""
    file: str = ""
    """What tells this file from every other, whichever process has it."""
    made_at: str | None = None
    """When the file was made (ISO 8601); None where it does not know."""


class Spool:
    """One file; any thread may put, one drains: :meth:`take`, store, :meth:`forget`."""

    def __init__(self, path: Path, max_bytes: int, lock: int | None = None) -> None:
        """Open ``path``, made if missing; a file that is damaged is put aside and a new one begun.

        ``lock`` is a descriptor that keeps other processes away; it is closed with the file.

        Raises:
            StorageError: If the file cannot be opened or made.
        """
        self.path = path
        self._max_bytes = max_bytes
        self._file_lock = lock
        self._lock = threading.Lock()
        self._tally: Counter[str] = Counter()
        self._in_hand = 0
        """The last record that was taken and may be stored already: up to here nothing is thinned."""
        with _spool_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _opened(path)

    def put(self, records: Sequence[Record]) -> None:
        """Keep records; when this returns they are on the disk, and what had no room is counted.

        Spare ones are passed over while more than half of the room is used, or the disk is short.

        Raises:
            StorageError: If the file cannot be written, like on a full disk; nothing is kept then.
        """
        with self._lock, _spool_errors(self.path):
            disk_is_short = disk_usage(self.path.parent).free < DISK_SHORT_BYTES
            if disk_is_short or 2 * self._used_bytes() > self._max_bytes:
                records = [record for record in records if record.rank != SPARE]
            with self._file:
                self._file.executemany(
                    "INSERT INTO record (rank, readings, payload) VALUES (?, ?, ?)",
                    [(record.rank, record.readings, record.payload) for record in records],
                )
                lost = self._thin()
                if disk_is_short:
                    self._drop(self._first(_THINNED_AT_ONCE, SPARE))
            self._tally["put"] += sum(record.readings for record in records)
        if lost.keys() - {SPARE}:
            _log.error(
                "spool.full: dropped %s; readings by rank, lowest rank first",
                dict(lost),
                extra={"file": str(self.path), "max_bytes": self._max_bytes, "dropped": dict(lost)},
            )

    def take(self, most_readings: int) -> list[Waiting]:
        """Return the oldest records, at least one if there is any; they stay until they are forgotten.

        Raises:
            StorageError: If the file cannot be read.
        """
        with self._lock, _spool_errors(self.path):
            rows = self._file.execute("SELECT seq, rank, readings, payload FROM record ORDER BY seq")
            found = list(
                _up_to(most_readings, (Waiting(**dict(zip(_COLUMNS, row, strict=True))) for row in rows))
            )
            rows.close()
            self._in_hand = found[-1].seq if found else 0
        return found

    def forget(self, stored: Sequence[Waiting]) -> None:
        """Remove records that are stored elsewhere.

        Raises:
            StorageError: If the file cannot be written; they are then drained once more.
        """
        with self._lock, _spool_errors(self.path):
            with self._file:
                self._file.executemany(
                    "DELETE FROM record WHERE seq = ?", [(record.seq,) for record in stored]
                )
            self._in_hand = 0
            self._tally["drained"] += sum(record.readings for record in stored)

    @property
    def counters(self) -> SpoolCounters:
        """What it holds and did.

        Raises:
            StorageError: If the file cannot be read.
        """
        with self._lock, _spool_errors(self.path):
            (waiting,) = self._file.execute("SELECT count(*) FROM record").fetchone()
            dropped = dict(self._file.execute("SELECT rank, readings FROM dropped"))
            name, made_at = self._file.execute("SELECT id, at FROM made").fetchone()
            return SpoolCounters(
                waiting=waiting,
                used_bytes=self._used_bytes(),
                dropped=dropped,
                file=name,
                made_at=made_at,
                **self._tally,
            )

    def close(self) -> None:
        """Close the file; what it holds is drained when it is opened again."""
        with self._lock:
            self._file.close()
            if self._file_lock is not None:
                os.close(self._file_lock)
                self._file_lock = None

    def _thin(self) -> Counter[int]:
        """Drop records until the file has room; return the readings lost by rank."""
        lost: Counter[int] = Counter()
        while (over := self._used_bytes() - self._max_bytes) > 0:
            rows = self._first(_THINNED_AT_ONCE)
            if not rows:
                break
            freed = accumulate((size for *_, size in rows), initial=0)
            # Not +=, which leaves out what holds no reading: a line of the ledger is lost too.
            lost.update(
                self._drop(
                    row for row, _ in takewhile(lambda pair: pair[1] < over, zip(rows, freed, strict=False))
                )
            )
        return lost

    def _first(self, most: int, rank_most: int = sys.maxsize) -> list[_Row]:
        """Return what goes first of records up to a rank: sequence, rank, readings and bytes of each."""
        return self._file.execute(
            "SELECT seq, rank, readings, length(payload) FROM record WHERE seq > ? AND rank <= ? "
            "ORDER BY rank, seq LIMIT ?",
            (self._in_hand, rank_most, most),
        ).fetchall()

    def _drop(self, rows: Iterable[_Row]) -> Counter[int]:
        """Drop records and count them; return the readings lost by rank."""
        lost: Counter[int] = Counter()
        for seq, rank, readings, _ in rows:
            self._file.execute("DELETE FROM record WHERE seq = ?", (seq,))
            self._file.execute(
                "INSERT INTO dropped VALUES (?, 1, ?) ON CONFLICT (rank) DO UPDATE SET "
                "records = records + 1, readings = readings + excluded.readings",
                (rank, readings),
            )
            lost[rank] += readings
        return lost

    def _used_bytes(self) -> int:
        """Return the size of the file without its free pages."""
        (pages,) = self._file.execute("PRAGMA page_count").fetchone()
        (free,) = self._file.execute("PRAGMA freelist_count").fetchone()
        (size,) = self._file.execute("PRAGMA page_size").fetchone()
        return int((pages - free) * size)


_COLUMNS: Final = ("seq", "rank", "readings", "payload")


def _up_to(most_readings: int, records: Iterable[Waiting]) -> Iterator[Waiting]:
    held = held_bytes = 0
    for record in records:
        held_bytes += len(record.payload)
        if held and (held + record.readings > most_readings or held_bytes > TAKEN_BYTES_MOST):
            return
        held += max(1, record.readings)
        yield record


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _open(path)
    except sqlite3.OperationalError:
        raise  # locked, or no permission: the file itself may be sound
    except sqlite3.DatabaseError as damage:
        aside = path.with_name(f"{path.name}.damaged-{path.stat().st_mtime_ns}")
        _log.error("spool.damaged: %s is put aside as %s and a new one begun: %s", path, aside, damage)
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    try:
        file.execute("PRAGMA journal_mode = WAL")
        # A commit is on the disk when it returns: the broker is told so, and forgets the messages.
        file.execute("PRAGMA synchronous = FULL")
        is_older = bool(file.execute("SELECT 1 FROM sqlite_master WHERE name = 'record'").fetchall())
        file.executescript(_SCHEMA)
        with file:
            file.execute(_MADE, (is_older,))
    except sqlite3.Error:
        file.close()
        raise
    return file


@contextmanager
def _spool_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            f"the spool {path} cannot be used ({error}). Next step: make room on its disk, "
            "or name another folder in KILOWATCH_SPOOL_DIR"
        ) from error
