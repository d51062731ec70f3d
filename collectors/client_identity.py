"""Gives each process of a host a client id of its own at the MQTT broker, the same one after each start.

The broker keeps our session, and the messages that wait in it, under this id: two processes with one id would
throw each other out, and a new id at each start would leave the old session's messages to nobody.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from collectors.spool_files import database_mark
from pipeline.errors import StorageError

_ID_BYTES = 6


@contextmanager
def client_identity(folder: Path, database: str) -> Iterator[str]:
    """Give the first id in ``folder`` that no running process uses, made if there is none, while it is used.

    Those of one ``database`` are never used for another: the messages that wait are meant for the first.

    Raises:
        StorageError: If the folder or a file in it cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = (folder / f"{database_mark(database)}-mqtt-client-{number}" for number in count())
        descriptor = next(lock for lock in map(_locked, files) if lock is not None)
        identity = _identity(descriptor)
    except OSError as error:
        raise StorageError(
            f"no MQTT client id can be kept in {folder} ({error.strerror or error}). Next step: name a "
            "folder that may be written in KILOWATCH_SPOOL_DIR, or an id in KILOWATCH_MQTT_CLIENT_ID"
        ) from error
    try:
        yield identity
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int | None:
    """Open and lock a file until the process ends; None if another one has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _identity(descriptor: int) -> str:
    known = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
    if known:
        return known
    made = f"kilowatch-{secrets.token_hex(_ID_BYTES)}"
    os.pwrite(descriptor, made.encode("ascii"), 0)
    return made
