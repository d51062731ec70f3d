"""Answers that do not fit one frame (后续帧): the first part, and each further one by its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from protocols.dlt645.questions import LAST_SEQUENCE, MAX_DATA
from simulators.dlt645.replies import ErrorBit
from simulators.dlt645.traits import Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One frame's data."""

    data: bytes
    more: bool
    """More frames follow (D5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """An answer of which parts were sent."""

    wire: bytes
    parts: tuple[bytes, ...]
    """Without identifier and number; the first went out in the answer itself."""


class Following:
    """Cuts long answers and remembers the last one, so that any part may be asked again."""

    __slots__ = ("_pending", "_sent_to", "_traits")

    def __init__(self, traits: Traits) -> None:
        """Start with nothing pending."""
        self._traits = traits
        self._pending: _Pending | None = None
        self._sent_to = 0

    def first(self, wire: bytes, content: bytes) -> Part:
        """Return the answer to a read, or its first part; a pending answer is forgotten."""
        head = MAX_DATA - len(wire)
        if len(content) <= head:
            self._pending = None
            return Part(data=wire + content, more=False)
        width = head - _NUMBER
        parts = (content[:head], *(content[at : at + width] for at in range(head, len(content), width)))
        self._pending = _Pending(wire=wire, parts=parts)
        self._sent_to = 0
        return Part(data=wire + parts[0], more=True)

    def next(self, wire: bytes, number: int) -> Part | ErrorBit:
        """Return a following part: the next one, or one sent before that is asked again.

        Args:
            wire: The identifier, DI0 first; it must be the one that was read.
            number: SEQ: 1 for the first after the answer; after 255 it begins at 1 again.
        """
        pending = self._pending
        if pending is None or pending.wire != wire or self._traits.refuses_following:
            return ErrorBit.NO_SUCH_DATA
        at = self._place(number)
        if at is None or at >= len(pending.parts):
            return ErrorBit.NO_SUCH_DATA
        self._sent_to = max(self._sent_to, at)
        told = number % LAST_SEQUENCE + 1 if self._traits.wrong_sequence else number
        more = at < len(pending.parts) - 1
        return Part(data=wire + pending.parts[at] + bytes((told,)), more=more)

    def _place(self, number: int) -> int | None:
        """Return which part a number means: of those that bear it, the last one not beyond the next."""
        following = self._sent_to + 1
        if not 1 <= number <= LAST_SEQUENCE:
            return None
        at = number + (following - number) // LAST_SEQUENCE * LAST_SEQUENCE
        return at if at >= 1 else None


_NUMBER: Final = 1
