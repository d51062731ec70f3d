"""The right to use a bus: the lock of this host, and the consent of those who share it from other hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from collectors.host_lock import HostLock


class Claim(Protocol):
    """What must be had before a line is opened."""

    def acquire(self) -> None:
        """Become the owner; an owner stays one.

        Raises:
            BusBusyError: If another owner has the bus.
        """
        ...

    def release(self) -> None:
        """Give the bus up; also when it is not ours."""
        ...


class Lease(Protocol):
    """Tells which buses another host's process owns."""

    def require(self, bus: str) -> None:
        """Do nothing for a bus that is ours.

        Raises:
            BusBusyError: If another process owns it; names it.
        """
        ...

    def is_elsewhere(self, bus: str) -> bool:
        """Tell whether a living process owns the bus, who answers for its reads."""
        ...


class NoLease:
    """The lease where no archive is shared: the host lock alone decides."""

    def require(self, bus: str) -> None:
        """Agree."""

    def is_elsewhere(self, bus: str) -> bool:  # noqa: ARG002 - the shape of every lease
        """Nobody is known elsewhere."""
        return False


NO_LEASE = NoLease()


class BusClaim:
    """Host lock and lease of one bus."""

    def __init__(self, bus: str, lock_dir: Path, lease: Lease = NO_LEASE) -> None:
        """Name the bus; nothing is locked yet."""
        self._bus = bus
        self._lock = HostLock(bus, lock_dir)
        self._lease = lease

    def acquire(self) -> None:
        """Take the host lock and look whether the lease is ours; the lease may end at any time.

        Raises:
            BusBusyError: If another process has either. The host lock is kept when only the lease is missing:
                one process of a host stands by for another host's.
        """
        self.lock_host()
        self._lease.require(self._bus)

    def lock_host(self) -> None:
        """Take the host lock alone, before the lease is asked for.

        Raises:
            BusBusyError: If another process of this host has it.
        """
        self._lock.acquire()

    @property
    def is_ours(self) -> bool:
        """Tell whether this process reads the bus: it has the host lock, and nobody elsewhere the lease."""
        return self._lock.is_ours and not self.is_elsewhere

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether a process of another host owns the bus and answers for it."""
        return self._lease.is_elsewhere(self._bus)

    def release(self) -> None:
        """Give the host lock up; also when it is not ours."""
        self._lock.release()
