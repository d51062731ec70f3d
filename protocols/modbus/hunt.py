"""Follows every place in the stream where an answer may begin, so that noise before it costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from protocols.modbus.framing import Found, Framer, Framing, framer
from protocols.session import Dropped, DropReason

NOISE_KEPT = 64
"""Bytes that lead nowhere are reported once so many have gathered; with the longest frame (260 bytes) behind
them this bounds the buffer."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    start: int
    end: int
    expected: bool
    """It has the header of the answer that is awaited."""


Finding: TypeAlias = Found | Dropped


class Hunter:
    """The stream of one line while one request is open."""

    def __init__(self, framing: Framing, unit: int) -> None:
        """Start with an empty buffer and no request to the meter ``unit``."""
        self.framer: Framer = framer(framing)
        self._unit = unit
        self._broken = DropReason.CHECKSUM if framing is Framing.RTU else DropReason.MALFORMED
        self._wanted = b""
        self._buffer = bytearray()
        self._candidates: list[_Candidate] = []

    def __len__(self) -> int:
        """Return how many bytes are held."""
        return len(self._buffer)

    def expect(self, wanted: bytes) -> list[Finding]:
        """Await the answer to the request ``wanted``; what was left of an older one is noise."""
        self._wanted = wanted
        self._candidates.clear()
        return self._cut(len(self._buffer), DropReason.NOISE)

    def feed(self, data: bytes) -> list[Finding]:
        """Take bytes and return the frames and droppings they complete."""
        whole = self._whole_answer(data)
        if whole is not None:
            self._wanted = b""
            data = data[len(whole.raw) :]
        findings: list[Finding] = [] if whole is None else [whole]
        for byte in data:
            self._buffer.append(byte)
            self._open_candidate()
            findings += self._close_candidates()
            if self._is_echo():
                findings += self._cut(len(self._buffer) - len(self._wanted), DropReason.NOISE)
                findings += self._cut(len(self._buffer), DropReason.ECHO)
            findings += self._bound()
        return findings

    def _whole_answer(self, data: bytes) -> Found | None:
        """Return the awaited answer when ``data`` begins with all of it, as it nearly always does.

        What lies within an awaited answer is never looked at, so byte by byte the same would be found.
        """
        header = data[: self.framer.header_bytes]
        if self._buffer or not self._wanted or len(header) < self.framer.header_bytes:
            return None
        size = self.framer.frame_bytes(header)
        if size is None or len(data) < size or not self.framer.matches(header, self._wanted):
            return None
        return self.framer.check(data[:size])

    def _open_candidate(self) -> None:
        start = len(self._buffer) - self.framer.header_bytes
        if start < 0:
            return
        header = bytes(self._buffer[start:])
        size = self.framer.frame_bytes(header)
        if size is not None:
            expected = bool(self._wanted) and self.framer.matches(header, self._wanted)
            self._candidates.append(_Candidate(start, start + size, expected))

    def _close_candidates(self) -> list[Finding]:
        """Check what ends with the newest byte, the earliest beginning first."""
        end = len(self._buffer)
        due = [candidate for candidate in self._candidates if candidate.end == end]
        if not due:
            return []
        self._candidates = [candidate for candidate in self._candidates if candidate.end > end]
        # Registers may hold any bytes, even those of a whole frame: an awaited answer under way goes first.
        answer_start = min((c.start for c in self._candidates if c.expected), default=end)
        ahead = DropReason.NOISE
        for candidate in due:
            if candidate.start > answer_start:
                break
            found = self.framer.check(bytes(self._buffer[candidate.start :]))
            if found is not None:
                return [*self._cut(candidate.start, ahead), *self._deliver(found, candidate)]
            ahead = self._broken if candidate.expected else ahead
        return self._cut(self._next_start(end), ahead) if ahead is self._broken else []

    def _deliver(self, found: Found, candidate: _Candidate) -> list[Finding]:
        if not candidate.expected:
            if found.unit == self._unit:
                return self._cut(len(self._buffer), DropReason.LATE)
            raw = bytes(self._buffer)
            self._cut(len(raw), DropReason.FOREIGN_ADDRESS)
            return [Dropped(reason=DropReason.FOREIGN_ADDRESS, raw=raw, address=str(found.unit))]
        self._buffer.clear()
        self._candidates.clear()
        self._wanted = b""  # the same answer once more is late
        return [found]

    def _is_echo(self) -> bool:
        """An RS-485 adapter may hand our own request back."""
        if not self._wanted or not self._buffer.endswith(self._wanted):
            return False
        return not any(candidate.expected for candidate in self._candidates)

    def _bound(self) -> list[Finding]:
        ahead = self._next_start(len(self._buffer) - self.framer.header_bytes + 1)
        return self._cut(ahead, DropReason.NOISE) if ahead >= NOISE_KEPT else []

    def _next_start(self, otherwise: int) -> int:
        return min((candidate.start for candidate in self._candidates), default=otherwise)

    def _cut(self, count: int, reason: DropReason) -> list[Finding]:
        """Drop the first ``count`` bytes and whatever began in them."""
        if count <= 0:
            return []
        raw = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._candidates = [
            _Candidate(c.start - count, c.end - count, c.expected)
            for c in self._candidates
            if c.start >= count
        ]
        return [Dropped(reason=reason, raw=raw)]
