"""Gives each process a spool of its own, and takes over what a process that died left behind."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Final

from collectors.journal import clear, left_in
from collectors.spool import Spool
from pipeline.errors import StorageError

_TAKEN_OVER: Final = 10_000
"""Readings moved together."""
_NO_LIMIT: Final = 2**62

_log = logging.getLogger("kilowatch.spool")


def open_spool(folder: Path, database: str, max_bytes: int) -> Spool:
    """Open the first spool of ``database`` that no running process holds, and take over the other ones.

    Args:
        folder: Where spools are kept.
        database: What the readings are for, without any secret: those of one never get into another.
        max_bytes: The most that this process's spool may hold.

    Raises:
        StorageError: If the folder or a file in it cannot be used.
    """
    mark = database_mark(database)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own, lock = next(filter(_is_locked, map(_with_lock, _paths(folder, mark))))
        spool = Spool(own, max_bytes, lock)
        _take_in(own, spool)
        for left in sorted(folder.glob(f"{mark}-*.sqlite")):
            _take_over(left, spool)
    except OSError as error:
        raise StorageError(
            f"no spool in {folder}: {error.strerror}; "
            "name a folder that may be written in KILOWATCH_SPOOL_DIR"
        ) from error
    waiting = spool.counters.waiting
    if waiting:
        _log.warning("spool.waiting: %d records from before will be stored first", waiting)
    return spool


def database_mark(database: str) -> str:
    """Return what the names of a database's files begin with."""
    return sha256(database.encode()).hexdigest()[:12]


def _paths(folder: Path, mark: str) -> Iterator[Path]:
    return (folder / f"{mark}-{number}.sqlite" for number in count())


def _with_lock(path: Path) -> tuple[Path, int | None]:
    """Lock a spool until the descriptor is closed or the process ends; None if another one holds it."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return path, None
    return path, descriptor


def _is_locked(candidate: tuple[Path, int | None]) -> bool:
    return candidate[1] is not None


def _take_over(left: Path, spool: Spool) -> None:
    """Move what ``left`` holds; killed in between, some of it is there twice, which storage does not mind."""
    _, lock = _with_lock(left)
    if lock is None:
        return  # our own, or another running process's
    orphan = Spool(left, max_bytes=_NO_LIMIT, lock=lock)
    while records := orphan.take(_TAKEN_OVER):
        spool.put(records)
        orphan.forget(records)
    _take_in(left, spool)
    orphan.close()


def _take_in(left: Path, spool: Spool) -> None:
    """Keep what a killed process had read and not yet kept; killed in between, it is taken in once more."""
    noted = list(left_in(left))
    if noted:
        spool.put(noted)
        _log.warning(
            "journal.left: %d readings that a killed process had not stored yet",
            sum(r.readings for r in noted),
        )
    clear(left)
