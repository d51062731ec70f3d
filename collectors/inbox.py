"""The bytes that came from a line and wait to be read, with one waiting reader and one time limit."""

from __future__ import annotations

import asyncio

from pipeline.errors import TransportError

INBOX_BYTES = 65_536
"""A line that babbles while nobody reads keeps only its newest bytes."""


class Inbox:
    """Bytes in any chunks from one side, one reader on the other.

    One timer serves a whole read; a time-out per request through ``asyncio.timeout`` costs a third more.
    """

    __slots__ = ("_buffer", "_error", "_waiter")

    def __init__(self) -> None:
        """Start empty and open."""
        self._buffer = bytearray()
        self._waiter: asyncio.Future[bytes | None] | None = None
        self._error: TransportError | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes from the line."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(data)
            return
        self._buffer += data
        if len(self._buffer) > INBOX_BYTES:
            del self._buffer[:-INBOX_BYTES]

    def fail(self, error: TransportError) -> None:
        """Say that nothing more will come; bytes that are here are still read first."""
        self._error = error
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def check(self) -> None:
        """Raise the error that closed the line, if one did."""
        if self._error is not None:
            raise self._error

    async def read(self, deadline: float) -> bytes:
        """Return what came, as soon as there is something.

        Args:
            deadline: The event loop's time at which to give up.

        Raises:
            TimeoutError: If nothing came in time.
            TransportError: If the line is closed and nothing is left.
        """
        if self._buffer:
            return self.drain()
        self.check()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bytes | None] = loop.create_future()
        self._waiter = waiter
        timer = loop.call_at(deadline, _expire, waiter)
        try:
            data = await waiter
        finally:
            timer.cancel()
            self._waiter = None
        if data is None:
            raise TimeoutError
        return data

    def drain(self) -> bytes:
        """Return and forget what has come so far."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data


def _expire(waiter: asyncio.Future[bytes | None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
