"""Holds what a collector has read and not yet kept, so that a kill costs the exchange in flight and no more.

Two files take turns. What is written reaches the operating system at once, which outlives the process; a
power cut may take the last moment along, so nothing is acknowledged to anybody because of a journal.
"""

from __future__ import annotations

import errno
import logging
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

from collectors.spool import Record
from pipeline.errors import StorageError

_HEAD: Final = struct.Struct("<IIIi")
"""Bytes of the payload, their CRC-32, readings in it, rank."""

_log = logging.getLogger("kilowatch.spool")


def journal_files(spool: Path) -> tuple[Path, Path]:
    """Return the two files of the journal beside a spool."""
    return spool.with_suffix(".journal-0"), spool.with_suffix(".journal-1")


class Journal:
    """One process's readings on their way, in order; used by one thread."""

    def __init__(self, spool: Path) -> None:
        """Open the files beside ``spool``; what a dead process left in them was taken out before.

        Raises:
            StorageError: If they cannot be opened.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._files = [os.open(path, flags, 0o644) for path in journal_files(spool)]
        except OSError as error:
            raise _cannot(spool, error) from error
        self._path = spool
        self._counts = [0, 0]
        """Entries in each file that are not settled."""
        self._older = 0

    def put(self, records: Sequence[Record]) -> None:
        """Note one entry; when this returns it outlives this process.

        Raises:
            StorageError: If it cannot be written, like on a full disk; nothing of it is noted then.
        """
        newer = 1 - self._older
        self._counts[newer] += 1  # also of an entry that fails: settling goes by number
        try:
            _write_whole(self._files[newer], b"".join(map(_framed, records)))
        except OSError as error:
            raise _cannot(self._path, error) from error

    def settle(self, entries: int) -> None:
        """Let go of the oldest ``entries``, which are kept elsewhere now."""
        for _ in range(2):
            settled = min(entries, self._counts[self._older])
            self._counts[self._older] -= settled
            entries -= settled
            if self._counts[self._older]:
                return
            os.ftruncate(self._files[self._older], 0)
            self._older = 1 - self._older

    def close(self) -> None:
        """Close the files; what is not settled is stored by the next start."""
        for file in self._files:
            os.close(file)


def left_in(spool: Path) -> Iterator[Record]:
    """Yield what a dead process noted beside its spool and did not settle, file by file.

    A last piece that was cut short is passed over: its write was under way at the kill.
    """
    for path in journal_files(spool):
        content = path.read_bytes() if path.exists() else b""
        at = 0
        while at + _HEAD.size <= len(content):
            size, checksum, readings, rank = _HEAD.unpack_from(content, at)
            payload = content[at + _HEAD.size : at + _HEAD.size + size]
            if len(payload) < size or crc32(payload) != checksum:
                break
            yield Record(payload=payload, readings=readings, rank=rank)
            at += _HEAD.size + size
        if at < len(content):
            _log.warning("journal.torn: %s ends after %d of %d bytes", path, at, len(content))


def clear(spool: Path) -> None:
    """Remove the journal beside a spool, which has been taken over."""
    for path in journal_files(spool):
        path.unlink(missing_ok=True)


def _write_whole(file: int, content: bytes) -> None:
    """Write all of it or, on a disk that fills up amid it, nothing: what comes after must stay readable."""
    held = os.fstat(file).st_size
    if os.write(file, content) != len(content):
        os.ftruncate(file, held)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _framed(record: Record) -> bytes:
    payload = record.payload
    return _HEAD.pack(len(payload), crc32(payload), record.readings, record.rank) + payload


def _cannot(spool: Path, error: OSError) -> StorageError:
    return StorageError(
        f"the journal beside {spool} cannot be written ({error.strerror or error}): a kill would now lose "
        "what is on its way. Next step: make room on its disk, or name another folder in KILOWATCH_SPOOL_DIR"
    )
