"""The bytes that came from a line and wait to be read, with one waiting reader and one time limit."""

from __future__ import annotations

import asyncio

from pipeline.errors import TransportError

INBOX_BYTES = 65_536
"""A line that babbles while nobody reads keeps only its newest bytes."""


class Inbox:
    """Bytes in any chunks from one side, one reader on the other.

    One timer serves all reads: the deadline moves, and what the timer finds when it fires decides. To make
    and cancel one for each read takes 1 us, ``asyncio.timeout`` 3.5 us.
    """

    __slots__ = ("_buffer", "_deadline", "_error", "_timer", "_waiter")

    def __init__(self) -> None:
        """Start empty and open."""
        self._buffer = bytearray()
        self._waiter: asyncio.Future[bytes] | None = None
        self._error: TransportError | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes from the line."""
        waiter, self._waiter = self._waiter, None
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
        self._stop_timer()

    def check(self) -> None:
        """Raise the error that closed the line, if one did."""
        if self._error is not None:
            raise self._error

    def read(self, deadline: float) -> asyncio.Future[bytes]:
        """Return what came, as soon as there is something; to be awaited before the next read.

        The future itself, not a coroutine around it: one object less for every answer.

        Args:
            deadline: The event loop's time at which to give up.

        Raises:
            TimeoutError: When awaited, if nothing came in time.
            TransportError: When awaited, if the line is closed and nothing is left.
        """
        waiter: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self._buffer:
            waiter.set_result(self.drain())
        elif self._error is not None:
            waiter.set_exception(self._error)
        else:
            self._waiter = waiter
            self._deadline = deadline
            if self._timer is None or self._timer.when() > deadline:
                self._start_timer(deadline)
        return waiter

    def drain(self) -> bytes:
        """Return and forget what has come so far."""
        if not self._buffer:
            return b""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def _start_timer(self, deadline: float) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_at(deadline, self._look, deadline)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, fired_for: float) -> None:
        """End the read whose time is over; a later one is looked at again at its own time."""
        self._timer = None
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if self._deadline > fired_for:
            self._start_timer(self._deadline)
        else:
            waiter.set_exception(TimeoutError())
