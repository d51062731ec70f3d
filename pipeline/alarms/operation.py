"""Conditions of operation (运行工况): what is observed now, followed from one look to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline.alarms.model import Signal, Source
from pipeline.model import Json, Severity

METER_SILENT = "meter_silent"
BUS_DOWN = "bus_down"
COLLECTOR_SILENT = "collector_silent"
READINGS_DROPPED = "readings_dropped"
FLOW_LATE = "flow_late"
FLOW_SERVER_SILENT = "flow_server_silent"
SEVERITIES: Mapping[str, Severity] = {
    METER_SILENT: Severity.MINOR,
    BUS_DOWN: Severity.MAJOR,
    COLLECTOR_SILENT: Severity.CRITICAL,
    READINGS_DROPPED: Severity.MAJOR,
    FLOW_LATE: Severity.MAJOR,
    FLOW_SERVER_SILENT: Severity.MAJOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One condition that holds at this look."""

    what: str
    subject: str
    """Which meter, bus, collector or flow."""
    since: datetime
    meter: str | None = None
    service_point: str | None = None
    area: str | None = None
    bus: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """That a meter or bus was seen well: its condition is over."""

    subjects: Mapping[tuple[str, str], datetime]
    """By condition and subject, since when."""


def followed(
    observed: Iterable[Observed], going_on: Sequence[Signal], well: Answered, now: datetime
) -> list[Signal]:
    """Return the signals of operation after a look: those that go on, new ones, and those that ended.

    A condition that is neither observed nor seen well goes on: nothing is known of it, as while the collector
    itself is silent.

    Args:
        observed: What holds now.
        going_on: Signals of earlier looks that had not ended.
        well: What is seen well.
        now: By the clock.
    """
    known = {(signal.what, _subject(signal)): signal for signal in going_on}
    found: list[Signal] = []
    held = set()
    for one in observed:
        key = (one.what, one.subject)
        if key in held:
            continue
        held.add(key)
        before = known.get(key)
        found.append(_new(one) if before is None else replace(before, facts={**_facts(one)}))
    for key, signal in known.items():
        if key not in held:
            ended = well.subjects.get(key)
            found.append(
                signal if ended is None else replace(signal, ends_at=max(min(ended, now), signal.starts_at))
            )
    return sorted(found, key=lambda signal: signal.id)


def _new(one: Observed) -> Signal:
    return Signal(
        id=f"{one.what}:{one.subject}:{one.since.isoformat()}",
        source=Source.OPERATION,
        what=one.what,
        severity=SEVERITIES[one.what],
        starts_at=one.since,
        ends_at=None,
        meter=one.meter,
        service_point=one.service_point,
        area=one.area,
        bus=one.bus,
        facts=_facts(one),
    )


def _facts(one: Observed) -> dict[str, Json]:
    return {**one.facts, "subject": one.subject}


def _subject(signal: Signal) -> str:
    return str(signal.facts.get("subject", signal.id))
