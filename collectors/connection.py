"""Keeps one bus's line open: the claim, the connection, and the waits between attempts to get it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from collectors.bus_claim import Claim
from collectors.dialin import DialInLine
from collectors.transports import Line
from pipeline.errors import BusBusyError, TransportError

MakeLine: TypeAlias = Callable[[str], Line]

BACK_OFF_FIRST_S = 0.5
BACK_OFF_MOST_S = 30.0
BACK_OFF_WAITED_S = 2.0
"""A pause shorter than this is waited for; during a longer one the bus's meters get ``LINK`` at once."""


class Connection:
    """The line of one bus, opened when needed, by one owner."""

    def __init__(self, url: str, claim: Claim, make_line: MakeLine) -> None:
        """Take the line's name; nothing is locked or opened yet.

        Raises:
            ConfigError: If the URL names no line.
        """
        self._claim = claim
        self._closed_line = make_line(url)  # a wrong URL shows at the start, not at the first read
        self._line: Line | None = None
        self._proven = False
        self._failures = 0
        self._retry_at = 0.0
        self._last_error = ""
        self.opened = 0
        """Times the line was opened."""
        self.opened_at = 0.0
        """The event loop's time at which it was opened last."""

    def lock(self) -> None:
        """Become the bus's owner.

        Raises:
            BusBusyError: If another process is.
        """
        self._claim.acquire()

    async def line(self) -> Line:
        """Return the open line, opening it first when need be.

        Raises:
            BusBusyError: If another process owns the bus.
            TransportError: If the line does not open, or is left alone for a while after failing.
        """
        try:
            self.lock()
        except BusBusyError:
            await self._close_line()  # the lease has gone to another host
            raise
        if self._line is not None:
            return self._line
        pause_s = self._retry_at - asyncio.get_running_loop().time()
        if pause_s > BACK_OFF_WAITED_S:
            raise TransportError(f"{self._last_error}; next attempt in {pause_s:.0f} s")
        if pause_s > 0:
            await asyncio.sleep(pause_s)
        line = self._closed_line
        try:
            await line.open()
        except TransportError as error:
            self._back_off(str(error))
            raise
        self._line = line
        self.opened += 1
        self.opened_at = asyncio.get_running_loop().time()
        return line

    def prove(self) -> None:
        """Note that a meter was heard: when the line breaks now, it is worth an attempt at once."""
        self._proven, self._failures = True, 0

    async def drop(self, reason: str) -> bool:
        """Close a broken line; tell whether to open it again at once."""
        proven = self._proven
        await self._close_line()
        if not proven:
            self._back_off(reason)
        return proven

    async def reopen(self) -> None:
        """Close a line that seems dead; the next question opens it again at once."""
        await self._close_line()

    async def close(self) -> None:
        """Close the line and give up the bus."""
        await self._close_line()
        if isinstance(self._closed_line, DialInLine):
            await self._closed_line.stop_listening()
        self._claim.release()

    async def _close_line(self) -> None:
        line, self._line, self._proven = self._line, None, False
        if line is not None:
            await line.close()

    def _back_off(self, reason: str) -> None:
        pause_s = min(BACK_OFF_MOST_S, BACK_OFF_FIRST_S * 2 ** min(self._failures, 16))
        self._failures += 1
        self._retry_at = asyncio.get_running_loop().time() + pause_s
        self._last_error = reason
