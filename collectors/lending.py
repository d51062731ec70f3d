"""Lends the line of an owned bus to an order of another program on this host, for one turn at a time.

The owner keeps the bus and its line: it only carries bytes between the line and a socket of this host, and
asks nothing meanwhile. What is lent ends when the borrower hangs up, and at the latest after ``LENT_MOST_S``.
Frames of orders, which may hold a password, touch neither a file nor the database on their way.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from pathlib import Path
from typing import Final

from collectors.bus import BusOwner
from collectors.transports import Line
from pipeline.errors import BusBusyError, TransportError

LENT_MOST_S: Final = 30.0
TURN_WITHIN_S: Final = 60.0
"""A borrower waits so long for its turn."""
LOOK_EVERY_S: Final = 1.0
"""How often a bus that another process has is looked at."""
CHUNK: Final = 4096
YOURS: Final = b"\x06"
"""What the owner says when the line is lent (ACK)."""
MODE: Final = 0o660
"""Whoever shares the group of the lock folder may borrow, as with the host locks."""

_log = logging.getLogger("kilowatch.lending")


def lending_place(bus: str, directory: Path) -> Path:
    """Return the socket of a bus: short, for the names of sockets are."""
    return directory / f"{hashlib.sha256(bus.encode()).hexdigest()[:12]}.line"


class LineLender:
    """Serves the socket of one bus."""

    def __init__(self, owner: BusOwner, directory: Path, *, lent_most_s: float = LENT_MOST_S) -> None:
        """Name the bus; nothing is served yet."""
        self._owner = owner
        self._place = lending_place(owner.bus.id, directory)
        self._lent_most_s = lent_most_s

    async def serve(self) -> None:
        """Lend until cancelled; a place that cannot be used is told once, and orders are refused then.

        The place is the owner's: it is not taken from another process that has the bus.
        """
        while not self._is_ours():  # noqa: ASYNC110 - another process lets go of it
            await asyncio.sleep(LOOK_EVERY_S)
        try:
            # Not serving yet, so that nothing is awaited while only the socket is there.
            server = await asyncio.start_unix_server(self._lend, self._place, start_serving=False)
            self._place.chmod(MODE)
        except OSError as error:
            _log.warning("bus %s is not lent to orders: %s: %s", self._owner.bus.id, self._place, error)
            return
        try:
            async with server:
                await server.serve_forever()
        finally:
            self._place.unlink(missing_ok=True)

    def _is_ours(self) -> bool:
        try:
            self._owner.acquire()
        except BusBusyError:
            return False
        return True

    async def _lend(self, reader: StreamReader, writer: StreamWriter) -> None:
        bus = self._owner.bus.id
        try:
            async with self._owner.lent() as line:
                _log.info("bus %s: lent to an order", bus)
                line.drain_input()
                writer.write(YOURS)
                await self._carry(line, reader, writer)
                _log.info("bus %s: given back", bus)
        except (TransportError, OSError) as error:
            _log.warning("bus %s: not lent: %s", bus, error)
        finally:
            writer.close()

    async def _carry(self, line: Line, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry bytes both ways until either side ends, or the time is over."""
        both = [asyncio.create_task(_to_line(reader, line)), asyncio.create_task(_from_line(line, writer))]
        try:
            done, _ = await asyncio.wait(both, timeout=self._lent_most_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        if not done:
            _log.warning("bus %s: taken back after %.0f s", self._owner.bus.id, self._lent_most_s)
        for task in done:
            task.result()


async def _to_line(reader: StreamReader, line: Line) -> None:
    while data := await reader.read(CHUNK):
        line.write(data)


async def _from_line(line: Line, writer: StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while True:
        with suppress(TimeoutError):
            writer.write(await line.read(loop.time() + LENT_MOST_S))
            await writer.drain()


class LentLine:
    """The borrower's end. Implements ``collectors.transports.Line``."""

    def __init__(self, bus: str, directory: Path, baudrate: int | None) -> None:
        """Name the bus; nothing is borrowed yet.

        Args:
            bus: Its name in the archive.
            directory: Where the host locks are.
            baudrate: Of the line, which sets the time-outs.
        """
        self.baudrate = baudrate
        self._bus = bus
        self._place = lending_place(bus, directory)
        self._writer: StreamWriter | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._came = asyncio.Event()
        self._buffer = bytearray()

    async def open(self) -> None:
        """Wait for a turn.

        Raises:
            BusBusyError: If nobody lends the bus on this host; names the next step.
            TransportError: If the owner cannot open its line either.
        """
        try:
            reader, self._writer = await asyncio.open_unix_connection(self._place)
        except OSError as error:
            raise BusBusyError(
                f"bus {self._bus} is not lent here ({error.strerror}): give the order on the host of the "
                "collector, from an account in the group of KILOWATCH_LOCK_DIR, or stop the collector"
            ) from error
        try:
            async with asyncio.timeout(TURN_WITHIN_S):
                ready = await reader.read(1)
        except (TimeoutError, OSError):
            ready = b""
        if ready != YOURS:
            await self.close()
            raise TransportError(f"bus {self._bus}: its owner gave no turn; nothing was sent")
        self._receiving = asyncio.create_task(self._receive(reader))

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            TransportError: If the owner has taken the line back.
        """
        if self._writer is None or self._ended:
            raise TransportError(f"bus {self._bus}: its owner has taken the line back")
        self._writer.write(data)

    async def read(self, deadline: float) -> bytes:
        """Return some bytes.

        Raises:
            TimeoutError: If nothing came in time.
            TransportError: If the owner has taken the line back.
        """
        async with asyncio.timeout_at(deadline):
            while not self._buffer:
                if self._ended:
                    raise TransportError(f"bus {self._bus}: its owner has taken the line back")
                self._came.clear()
                await self._came.wait()
        return self.drain_input()

    def drain_input(self) -> bytes:
        """Return and forget what came."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    async def close(self) -> None:
        """Give the line back."""
        writer, self._writer = self._writer, None
        receiving, self._receiving = self._receiving, None
        if receiving is not None:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
        if writer is not None:
            writer.close()

    @property
    def _ended(self) -> bool:
        return self._receiving is None or self._receiving.done()

    async def _receive(self, reader: StreamReader) -> None:
        try:
            with suppress(OSError):
                while data := await reader.read(CHUNK):
                    self._buffer += data
                    self._came.set()
        finally:
            asyncio.get_running_loop().call_soon(self._came.set)  # who waits sees the end
