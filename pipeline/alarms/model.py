"""Incidents (告警事件): what belongs together as one trouble, what it is made of, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.alarms.records import Language
from pipeline.model import Json, Severity


class Source(StrEnum):
    """Where a signal comes from."""

    EPISODE = "episode"
    """A detector found it in the readings."""
    OPERATION = "operation"
    """Collecting itself is troubled: a silent meter, a line that is down, a collector that does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One abnormal stretch at one place: an episode, or a condition of operation."""

    id: str
    source: Source
    what: str
    """The detector, or the condition's name."""
    severity: Severity
    starts_at: datetime
    ends_at: datetime | None
    """None while it goes on."""
    meter: str | None = None
    service_point: str | None = None
    area: str | None = None
    bus: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict, hash=False)
    """What is shown of it."""


class IncidentState(StrEnum):
    """Whether an incident goes on."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"
    """It turned out to be part of another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One trouble, whatever the number of its signals; its id stays as long as any of them is known."""

    id: str
    cause: str
    place: str
    """Where it is by its cause's rule, such as ``bus B1``; empty where several places are troubled."""
    severity: Severity
    """The highest that it has reached since it opened."""
    state: IncidentState
    starts_at: datetime
    ends_at: datetime | None
    """The end of the last signal; None while one goes on."""
    opened_at: datetime
    """When it was opened, or opened again, by the clock."""
    closed_at: datetime | None = None
    reopened: int = 0
    areas: tuple[str, ...] = ()
    """Areas of its signals, in order; empty where no signal has one."""
    signals: int = 0
    meters: int = 0
    acknowledged_at: datetime | None = None
    """People's: a reopened incident wants to be acknowledged again."""
    merged_into: str | None = None


class Occasion(StrEnum):
    """Why an incident is told."""

    OPENED = "opened"
    REOPENED = "reopened"
    WORSE = "worse"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """That a channel was told, or is about to be, of one occasion of one incident."""

    incident: str
    channel: str
    occasion: Occasion
    reopened: int
    """Which opening of the incident it belongs to."""
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One message that is due now: about one incident, or a digest of many."""

    channel: str
    route: str
    language: Language
    about: tuple[Told, ...]


class HeldBy(StrEnum):
    """What holds a message back; the incident stands all the same."""

    QUIET_HOURS = "quiet hours"
    MAINTENANCE = "maintenance"
    ESCALATION = "escalation"
    """It is told later, unless somebody acknowledges the incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that would be due."""

    incident: str
    route: str
    by: HeldBy
    until: datetime | None
    """None where a work order has no end."""
