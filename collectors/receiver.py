"""Receives what comes over a connection into a small buffer of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

CHUNK_BYTES = 4096
"""Taken from the system at once; a longer answer comes in several chunks."""


class Receiver(asyncio.BufferedProtocol):
    """One connection's receiving end.

    An ``asyncio.Protocol`` would get each chunk in a quarter of a megabyte that is taken from the system and
    given back: a quarter of what a whole request cost.
    """

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        """Start with nothing received; ``receive`` takes bytes in the order they come."""
        self._receive = receive
        self._chunk = bytearray(CHUNK_BYTES)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - the loop's hint is of no use
        """Return where the event loop writes."""
        return self._chunk

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what the event loop has written."""
        self._receive(bytes(self._chunk[:nbytes]))
