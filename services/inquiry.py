"""What a person asks one DL/T 645 meter, identifiers (数据标识) or event records, and what it replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.events import EventCount, EventKind, MeterEvent
from protocols.dlt645.events import RECORDS_KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What is asked: identifiers, else event records."""

    identifiers: tuple[str, ...] = ()
    """Eight hexadecimal digits each, four for a meter of 1997, as the standard writes them."""
    since: datetime | None = None
    """For load records from a time on."""
    blocks: int | None = None
    """How many load records; as many as one frame holds when left out."""
    kinds: tuple[EventKind, ...] = ()
    """Which events; every kind when none is named."""
    newest: int = RECORDS_KEPT
    """At most so many event records of each kind and phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """One load record or freeze out of a meter's memory."""

    at: str
    """When, on the meter's clock; its digits where they are no time."""
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a meter said to one identifier."""

    identifier: str
    name: str
    """Empty where the catalogue does not know it."""
    zh: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Each field's name, and its exact text with its unit."""
    records: tuple[StoredRecord, ...] = ()
    """In place of fields, where the meter stored them with a time."""
    raw: str = ""
    """The answer's last frame in hex."""
    failure: str = ""
    """Why there is no answer, or not the whole of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEvents:
    """A counter or a record of events that the meter says it does not have."""

    kind: EventKind
    part: str = ""
    identifier: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the meter said."""

    items: tuple[Told, ...] = ()
    counts: Sequence[EventCount] = ()
    """Of what has happened at least once."""
    events: Sequence[MeterEvent] = ()
    """The newest first."""
    refused: Sequence[RefusedEvents] = ()
    failures: Sequence[str] = ()
    """Questions about events that were not answered, with the reason."""
