"""Finds DL/T 645 frames in whatever arrives on the line: chunks, preambles, noise, broken frames.

The end of a frame is told by its length byte and the second 68H, never by looking for 16H, which may stand
anywhere. After a bad candidate the search goes on at the next byte, so noise never hides a frame. What is
found depends on the bytes alone, not on how they were cut into chunks.
"""

from __future__ import annotations

from typing import Final, Literal

from protocols.dlt645.frame import END, HEADER, OVERHEAD, SECOND_START, START, sums_up
from protocols.session import NEED_DATA, Dropped, DropReason, NeedData

NOISE_SHOWN: Final = 64
"""Noise is handed out in pieces of at most this many bytes."""
BROKEN_SHOWN: Final = 512
"""A broken frame is handed out whole; of a run of them that overlap, so many bytes at once."""
MAX_BUFFER: Final = 64 * 1024
"""What waits when nobody takes events; older bytes are then lost and counted."""


class Framer:
    """Takes bytes, gives whole frames (checked, without preamble) and the bytes that belong to none.

    What waits is kept as ``bytes``: an answer comes whole nearly always, and then nothing is copied.
    """

    __slots__ = ("_at", "_buffer", "_failed_to", "overflowed")

    def __init__(self) -> None:
        """Start with nothing received."""
        self._buffer = b""
        self._at = 0  # Where to look next; bytes before it belong to no frame.
        self._failed_to = 0  # End of the frame that broke its checksum, counted as _at is.
        self.overflowed = 0
        """Bytes lost because events were not taken."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the line."""
        self._buffer += data
        if len(self._buffer) > MAX_BUFFER:
            excess = len(self._buffer) - MAX_BUFFER
            self.overflowed += excess
            self._forget(excess)

    def next_event(self) -> bytes | Dropped | Literal[NeedData.NEED_DATA]:
        """Return the next whole frame or piece of noise, or ``NEED_DATA``."""
        buffer = self._buffer
        size = len(buffer)
        while True:
            start = buffer.find(START, self._at)
            self._at = at = size if start < 0 else start
            if (self._failed_to or at >= NOISE_SHOWN) and (dropped := self._noise()) is not None:
                return dropped
            if at + SECOND_START >= size:
                return NEED_DATA
            if buffer[at + SECOND_START] != START:
                self._at = at + 1
                continue
            if at + HEADER > size:
                return NEED_DATA
            end = at + OVERHEAD + buffer[at + HEADER - 1]
            if end > size:
                return NEED_DATA
            if buffer[end - 1] == END and sums_up(raw := buffer[at:end]):
                if at and (dropped := self._before_frame()) is not None:
                    return dropped
                self._buffer = buffer[end:]
                self._at = self._failed_to = 0
                return raw
            self._failed_to = max(self._failed_to, end)
            self._at = at + 1

    def abandon(self) -> None:
        """Give up the frame that has begun, because nothing more of it can be expected."""
        if self._at < len(self._buffer):
            self._at += 1

    def _noise(self) -> Dropped | None:
        """Hand out the bytes of a broken frame when all were looked at, or a full piece of noise."""
        if self._failed_to:
            # On a line that babbles 68H each byte may begin a frame that fails later: none is the last one.
            most = min(self._failed_to, BROKEN_SHOWN)
            return self._drop(DropReason.CHECKSUM, most) if self._at >= most else None
        return self._drop(DropReason.NOISE, NOISE_SHOWN) if self._at >= NOISE_SHOWN else None

    def _before_frame(self) -> Dropped | None:
        """Hand out what stands before the frame at ``_at``, but for its preamble of any length."""
        before = self._buffer[: self._at].rstrip(b"\xfe")
        if not before:
            return None
        return self._drop(DropReason.CHECKSUM if self._failed_to else DropReason.NOISE, len(before))

    def _drop(self, reason: DropReason, count: int) -> Dropped:
        raw = self._buffer[:count]
        self._forget(count)
        return Dropped(reason=reason, raw=raw)

    def _forget(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._at = max(0, self._at - count)
        self._failed_to = max(0, self._failed_to - count)
