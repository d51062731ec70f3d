"""The event memory of a simulated meter (事件记录): what happened, on which phase, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from pipeline.events import EventKind

RECORDS_KEPT: Final = 10
"""The last ten of each kind and phase can be read (identifiers 01 to 0A)."""
SECONDS_PER_MINUTE: Final = 60

EventValue: TypeAlias = float | datetime | bytes
"""A number in the field's unit, a true time, or bytes as on the wire (operator codes, identifiers)."""
NO_VALUES: Final[Mapping[str, EventValue]] = MappingProxyType({})


PHASED: Final = frozenset(
    {
        EventKind.VOLTAGE_LOSS,
        EventKind.UNDERVOLTAGE,
        EventKind.OVERVOLTAGE,
        EventKind.PHASE_BREAK,
        EventKind.CURRENT_LOSS,
        EventKind.OVERCURRENT,
        EventKind.CURRENT_BREAK,
        EventKind.REVERSE_FLOW,
        EventKind.OVERLOAD,
    }
)
"""Kinds that are counted and recorded for each phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    kind: EventKind
    phase: str = ""
    """``a``, ``b``, ``c``, or empty; of a demand over its limit what ``MeterEvent.part`` has."""
    starts_at: datetime
    """True time."""
    ends_at: datetime | None
    """None while it lasts; the start itself for what has no length."""
    values: Mapping[str, EventValue] = field(default_factory=lambda: NO_VALUES)
    """What was noted, by the name of the field in the catalogue's record."""


class EventLog:
    """Keeps the last records of each kind and phase, how many there were, and how long they lasted."""

    __slots__ = ("_counts", "_records", "_seconds")

    def __init__(self) -> None:
        """Start with nothing."""
        self._records: dict[tuple[EventKind, str], list[Event]] = {}
        self._counts: dict[tuple[EventKind, str], int] = {}
        self._seconds: dict[tuple[EventKind, str], float] = {}

    def add(self, event: Event) -> None:
        """Remember an event; one without an end lasts until :meth:`end`."""
        key = (event.kind, event.phase)
        self._records[key] = [event, *self._records.get(key, ())][:RECORDS_KEPT]
        self._counts[key] = self._counts.get(key, 0) + 1
        self._lasted(key, event)

    def end(self, kind: EventKind, phase: str, at: datetime) -> None:
        """End what lasts; nothing happens when nothing does."""
        records = self._records.get((kind, phase), [])
        if records and records[0].ends_at is None:
            records[0] = replace(records[0], ends_at=at)
            self._lasted((kind, phase), records[0])

    def last(self, kind: EventKind, phase: str = "") -> Sequence[Event]:
        """Return the last ten, newest first."""
        return tuple(self._records.get((kind, phase), ()))

    def count(self, kind: EventKind, phase: str = "") -> int:
        """Return how many began."""
        return self._counts.get((kind, phase), 0)

    def minutes(self, kind: EventKind, phase: str = "") -> int:
        """Return how long those that ended lasted together, in whole minutes."""
        return int(self._seconds.get((kind, phase), 0.0) // SECONDS_PER_MINUTE)

    def clear(self, kinds: Iterable[EventKind]) -> None:
        """Forget kinds of events (事件清零)."""
        for kind in kinds:
            for phase in ("", "a", "b", "c"):
                for kept in (self._records, self._counts, self._seconds):
                    kept.pop((kind, phase), None)

    def _lasted(self, key: tuple[EventKind, str], event: Event) -> None:
        if event.ends_at is not None:
            length_s = (event.ends_at - event.starts_at).total_seconds()
            self._seconds[key] = self._seconds.get(key, 0.0) + length_s


NOT_CLEARED: Final = frozenset({EventKind.METER_CLEAR, EventKind.EVENT_CLEAR})
"""What an event clear leaves: the traces of clearing itself."""
