"""What one message brings, gathered in bounds: snapshots, and whatever fits nothing, with an excerpt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.model import Snapshot
from pipeline.ports import Unmatched
from protocols.mqtt.dialects import Parsed, Publication

MAX_PAYLOAD_BYTES = 1_048_576
"""A larger message is not parsed at all."""
TOO_LARGE = "message too large"
KEPT_BYTES = 2_048
"""How much of a payload is kept beside what could not be understood."""
MAX_UNMATCHED = 256
"""Of one message; the last one then says that there were more."""
MAX_KEY = 128


class Findings:
    """What is found in one message so far."""

    __slots__ = ("_unmatched", "payload", "questions", "received_at", "snapshots", "topic")

    def __init__(self, topic: str, payload: bytes, received_at: datetime) -> None:
        """Begin with nothing found."""
        self.topic = topic
        self.payload = payload
        self.received_at = received_at
        self._unmatched: list[Unmatched] = []
        self.snapshots: list[Snapshot] = []
        self.questions: list[Publication] = []

    def mistake(self, reason: str, key: str = "", excerpt: bytes | None = None) -> None:
        """Keep what fits nothing: why, the unknown meter or field, and the bytes that say it."""
        if len(self._unmatched) < MAX_UNMATCHED:
            self._unmatched.append(self._kept(reason, key, self.payload if excerpt is None else excerpt))

    def mistakes(self, wrong: Sequence[tuple[str, str]], excerpt: bytes | None = None) -> None:
        """Keep several: reason and field of each."""
        for reason, key in wrong:
            self.mistake(reason, key, excerpt)

    def parsed(self) -> Parsed:
        """Return what was found."""
        if len(self._unmatched) == MAX_UNMATCHED:
            self._unmatched[-1] = self._kept("more mistakes than are kept", "", self.payload)
        return Parsed(
            snapshots=tuple(self.snapshots),
            unmatched=tuple(self._unmatched),
            questions=tuple(self.questions),
        )

    def _kept(self, reason: str, key: str, excerpt: bytes) -> Unmatched:
        return Unmatched(
            received_at=self.received_at,
            source=printable(self.topic),
            reason=printable(reason),
            key=printable(key),
            payload=excerpt[:KEPT_BYTES],
        )


def printable(text: str) -> str:
    """Return a bounded text that any database and terminal takes."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:MAX_KEY])
