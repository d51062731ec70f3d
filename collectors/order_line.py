"""A line for orders: one owner on this host, and no order is ever sent twice."""

from __future__ import annotations

from pathlib import Path

from collectors.bus_claim import Claim
from collectors.connection import Connection, MakeLine
from collectors.exchange import Clock, Outcome, Timing, exchange
from collectors.host_lock import HostLock
from collectors.transports import line_for
from pipeline.registry import Bus
from protocols.session import Query, Session


class OrderLine:
    """The line of one bus while an order is given on it."""

    def __init__(
        self,
        bus: Bus,
        *,
        now: Clock,
        lock_dir: Path,
        make_line: MakeLine = line_for,
        claim: Claim | None = None,
    ) -> None:
        """Name the bus; nothing is locked or opened yet.

        Args:
            bus: Its name, URL and timing.
            now: The server's clock.
            lock_dir: Where the lock files of this host are.
            make_line: Makes the closed line of a URL.
            claim: The right to the line; the lock of this host when left out.

        Raises:
            ConfigError: If the bus's URL names no line.
        """
        self._bus = bus
        self._now = now
        self._make_line = make_line
        self._lock: Claim = claim or HostLock(bus.id, lock_dir)
        self._connection = Connection(bus.url, self._lock, make_line)

    async def open(self) -> None:
        """Become the bus's owner and open the line.

        Raises:
            BusBusyError: If another process, such as a collector, owns the bus.
            TransportError: If the line does not open.
        """
        await self._connection.line()

    async def order(self, session: Session, query: Query) -> Outcome:
        """Send an order exactly once, whatever becomes of it.

        Raises:
            TransportError: If the line is not open any more and does not open again: nothing was sent.
        """
        # The answer to an order does not name it: a late one must not confirm the next.
        return await self._exchange(session, query, retries=0, linger=True)

    async def ask(self, session: Session, query: Query) -> Outcome:
        """Ask what changes nothing, again if need be.

        Raises:
            TransportError: If the line is not open any more and does not open again.
        """
        return await self._exchange(session, query, retries=self._bus.retries)

    async def switch(self, url: str) -> None:
        """Close the line and go on with another setting of it (its rate); the bus stays ours."""
        await self._connection.reopen()
        self._connection = Connection(url, self._lock, self._make_line)

    async def close(self) -> None:
        """Close the line and give the bus up."""
        await self._connection.close()

    async def _exchange(
        self, session: Session, query: Query, *, retries: int, linger: bool = False
    ) -> Outcome:
        line = await self._connection.line()
        timing = Timing(timeout_s=self._bus.timeout_s, retries=retries, baudrate=line.baudrate, linger=linger)
        return await exchange(line, session, query, timing, now=self._now)
