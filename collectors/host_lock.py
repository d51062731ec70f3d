"""One owner per bus on this host: a lock file that the system releases when its owner dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from urllib.parse import quote

from pipeline.errors import BusBusyError


class HostLock:
    """The lock of one bus."""

    def __init__(self, bus: str, directory: Path) -> None:
        """Name the lock after the bus; nothing is locked yet."""
        self._bus = bus
        self._path = directory / f"{quote(bus, safe='')}.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Become the owner; an owner stays one.

        Raises:
            BusBusyError: If another owner has the bus, whose process is named; or the file does not open.
        """
        if self._descriptor is not None:
            return
        descriptor, is_ours = self._opened()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise BusBusyError(
                f"bus {self._bus} belongs to process {owner or 'unknown'} (lock {self._path}); "
                "stop it, or file a read request that it serves"
            ) from None
        # The file stays when the lock goes: removing it would let two owners lock two files of one name.
        if is_ours:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        self._descriptor = descriptor

    def _opened(self) -> tuple[int, bool]:
        """Open the file, made if missing; tell whether it may be written: another account's may not."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), True
            except PermissionError:
                return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC), False
        except OSError as error:
            raise BusBusyError(
                f"bus {self._bus}: its lock {self._path} cannot be opened: {error.strerror}; name a folder "
                "that every account of this host may write in KILOWATCH_LOCK_DIR"
            ) from error

    @property
    def is_ours(self) -> bool:
        """Tell whether this process is the owner."""
        return self._descriptor is not None

    def release(self) -> None:
        """Give the bus up; also when it is not ours."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
