"""The record of every order to a meter: append-only, each line sealed with the hash of the one before.

A changed or removed line shows, also the last one, whose number and hash stand in a second file. Whoever may
write both files can forge all of it: note the newest hash elsewhere (``kilowatch control audit`` prints it).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any  # Any: what an entry holds is JSON

import orjson

from pipeline.errors import AuditError, NotAllowedError

FIRST = "0" * 64
"""The hash before the first line."""
MODE = 0o660
"""A file that two persons share is made beforehand with their group; the umask takes the rest away."""
WRITE = os.O_RDWR | os.O_CREAT | os.O_APPEND
WRITE_HEAD = os.O_RDWR | os.O_CREAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line."""

    number: int
    at: datetime
    event: str
    order: str
    """Which order it is about."""
    details: Mapping[str, Any]
    hash: str


class Audit:
    """The record in one file."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made with the first entry."""
        self._path = path
        self._head = path.with_name(path.name + ".head")

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    @property
    def files(self) -> tuple[Path, Path]:
        """The record, and the file that holds the number and hash of its newest line."""
        return self._path, self._head

    def entries(self) -> Sequence[Entry]:
        """Return every line, oldest first, after checking the chain.

        Raises:
            AuditError: If a line was changed, removed or torn; names it.
        """
        if not self._is_there():
            self._check_head([])
            return ()
        with self._opened(self._path, os.O_RDONLY) as descriptor:
            return self._read(descriptor)

    def append(
        self,
        event: str,
        order: str,
        at: datetime,
        details: Mapping[str, Any],
        *,
        unless: Collection[str] = (),
    ) -> Entry:
        """Write one line and wait until it is on the disk.

        Args:
            event: What happened.
            order: To which order.
            at: When.
            details: Anything that JSON can hold.
            unless: Refuse when any of these has happened to this order, also by another process just now.

        Raises:
            NotAllowedError: If it has happened before.
            AuditError: If the record is damaged, or the disk does not take it.
        """
        # Both files are open before either is written: an entry never goes without its head.
        with self._opened(self._path, WRITE) as descriptor, self._opened(self._head, WRITE_HEAD) as head:
            known = self._read(descriptor)
            for entry in known:
                if entry.order == order and entry.event in unless:
                    raise NotAllowedError(f"order {order} was {entry.event} before: an order is given once")
            previous = known[-1].hash if known else FIRST
            body = {
                "number": len(known) + 1,
                "at": at.isoformat(),
                "event": event,
                "order": order,
                "details": details,
                "previous": previous,
            }
            digest = _digest(body)
            line = _line({**body, "hash": digest})
            if os.write(descriptor, line) != len(line):
                raise AuditError(f"{self._path}: the disk took only a part of an entry; look before going on")
            os.fsync(descriptor)
            # Of one length always: it is overwritten in place, never empty.
            os.pwrite(head, f"{len(known) + 1:012d} {digest}\n".encode("ascii"), 0)
            os.fsync(head)
            return _entry({**body, "hash": digest})

    def require_writable(self) -> None:
        """Complain before anything is sent when an entry could not be written, or the record is damaged.

        Raises:
            AuditError: With what to do.
        """
        with self._opened(self._path, WRITE) as descriptor, self._opened(self._head, WRITE_HEAD):
            self._read(descriptor)

    def _is_there(self) -> bool:
        try:
            self._path.stat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _closed(self._path, error) from error
        return True

    @contextmanager
    def _opened(self, path: Path, flags: int) -> Iterator[int]:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, flags | os.O_CLOEXEC, MODE)
        except OSError as error:
            raise _closed(path, error) from error
        try:
            # Who only reads holds up nobody but those who write.
            fcntl.flock(descriptor, fcntl.LOCK_SH if flags == os.O_RDONLY else fcntl.LOCK_EX)
            yield descriptor
        except OSError as error:
            raise AuditError(f"the audit {path}: {error.strerror}") from error
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> list[Entry]:
        size = os.fstat(descriptor).st_size
        raw = os.pread(descriptor, size, 0)
        found: list[Entry] = []
        previous = FIRST
        for number, line in enumerate(raw.splitlines(keepends=True), start=1):
            entry = self._checked(line, number, previous)
            found.append(entry)
            previous = entry.hash
        self._check_head(found)
        return found

    def _checked(self, line: bytes, number: int, previous: str) -> Entry:
        try:
            body = orjson.loads(line)
            is_ours = line == _line(body)  # to the byte: no other spelling of the same
            digest = body.pop("hash")
            if (
                is_ours
                and digest == _digest(body)
                and (body["number"], body["previous"]) == (number, previous)
            ):
                return _entry({**body, "hash": digest})
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
            pass  # told below, with the line
        raise AuditError(
            f"{self._path}:{number}: the record was changed here, or a line before it removed; no order is "
            "sent until somebody has looked: keep the file as evidence and begin a new one"
        )

    def _check_head(self, found: Sequence[Entry]) -> None:
        """Compare with the newest line that was ever written: lines cut off at the end show."""
        try:
            told = self._head.read_text("ascii") if self._head.exists() else ""
            number, _, digest = told.strip().partition(" ")
            count = int(number or 0)
        except (OSError, ValueError) as error:
            raise AuditError(f"{self._head} cannot be read: {error}") from error
        # One entry more than the head knows is a crash between the two writes.
        known = count <= len(found) <= count + 1 and (not count or found[count - 1].hash == digest)
        if not known:
            raise AuditError(
                f"{self._path}: it ends at entry {len(found)}, which {self._head} does not know: lines were "
                "removed at its end, or the second file was; keep both as evidence and begin a new record"
            )


def _closed(path: Path, error: OSError) -> AuditError:
    return AuditError(
        f"the audit {path} cannot be opened: {error.strerror}; set KILOWATCH_AUDIT_FILE, or have both of its "
        "files made for your group"
    )


def _line(body: Mapping[str, Any]) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS) + b"\n"


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _entry(body: Mapping[str, Any]) -> Entry:
    return Entry(
        number=body["number"],
        at=datetime.fromisoformat(body["at"]),
        event=body["event"],
        order=body["order"],
        details=body["details"],
        hash=body["hash"],
    )
