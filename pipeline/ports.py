"""The shapes that storage offers and collectors need, so that neither knows the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from pipeline.coverage import CoverageEntry
from pipeline.model import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteReport:
    """What one write did, counted in rows."""

    written: int = 0
    """Rows that were new."""
    replayed: int = 0
    """Rows that were there already with the same values."""
    completed: int = 0
    """Rows that were there and had gaps filled."""
    conflicts: int = 0
    """Values that differ from what is stored; kept in ``reading_conflict``."""
    unmatched: int = 0
    """Snapshots of meters that the registry does not know; kept in ``unmatched_message``."""
    refused: int = 0
    """Rows whose content the database refused; kept in ``unmatched_message``."""

    def __add__(self, other: WriteReport) -> WriteReport:
        """Add up two reports."""
        return WriteReport(
            written=self.written + other.written,
            replayed=self.replayed + other.replayed,
            completed=self.completed + other.completed,
            conflicts=self.conflicts + other.conflicts,
            unmatched=self.unmatched + other.unmatched,
            refused=self.refused + other.refused,
        )


UNKNOWN_DEVICE: Final = "unknown device"
"""The reason of an :class:`Unmatched` that comes from a meter which the archive does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A message, or a part of one, that fits nothing we know. Kept bounded, counted in full."""

    received_at: datetime
    source: str
    """Where it came from: topic or bus."""
    reason: str
    key: str
    """The unknown meter or field; messages with the same source, reason and key share one row."""
    payload: bytes


class ReadingSink(Protocol):
    """Takes snapshots and returns when they are durable."""

    def write(self, snapshots: Sequence[Snapshot]) -> WriteReport:
        """Store snapshots; the same ones again change nothing."""
        ...


class CoverageSink(Protocol):
    """Takes what was expected and what came."""

    def record(self, entries: Sequence[CoverageEntry]) -> None:
        """Store entries; a better status replaces a worse one."""
        ...


class UnmatchedSink(Protocol):
    """Takes what fits nothing."""

    def keep(self, messages: Sequence[Unmatched]) -> None:
        """Store or count messages."""
        ...
