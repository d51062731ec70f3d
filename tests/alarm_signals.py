"""Signals and incidents for the tests of alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.alarms.model import Incident, IncidentState, Signal, Source
from pipeline.alarms.records import AlarmChannel, ChannelKind
from pipeline.model import Severity

BEGIN = datetime(2026, 11, 20, 4, tzinfo=UTC)
"""Noon in Shanghai."""


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def signal(  # noqa: PLR0913 - all that tests vary
    name: str,
    start: float = 0,
    end: float | None = None,
    *,
    what: str = "meter_silent",
    bus: str | None = "B1",
    area: str | None = "A1",
    point: str | None = None,
    severity: Severity = Severity.MINOR,
) -> Signal:
    """Return a signal of meter ``name`` from minute ``start`` to minute ``end``."""
    return Signal(
        id=f"{what}:{name}",
        source=Source.OPERATION,
        what=what,
        severity=severity,
        starts_at=BEGIN + minutes(start),
        ends_at=None if end is None else BEGIN + minutes(end),
        meter=name,
        service_point=point or f"SP-{name}",
        area=area,
        bus=bus,
    )


def storm(meters: int = 300, buses: int = 12, areas: int = 5) -> list[Signal]:
    """Return the signals of a dead feeder: meters off within 20 minutes on many buses."""
    return [signal(f"M{n:03d}", n % 20, bus=f"B{n % buses}", area=f"A{n % areas}") for n in range(meters)]


def incident(name: str = "I1", **changed: object) -> Incident:
    """Return an open incident that began and was opened at the beginning."""
    values = {
        "id": name,
        "cause": "communication",
        "place": "bus B1",
        "severity": Severity.MAJOR,
        "state": IncidentState.OPEN,
        "starts_at": BEGIN,
        "ends_at": None,
        "opened_at": BEGIN,
        "areas": ("A1",),
        "signals": 1,
        "meters": 1,
        **changed,
    }
    return Incident(**values)  # type: ignore[arg-type]  # its own fields, by name


def mail(name: str = "duty", team: str | None = None) -> AlarmChannel:
    return AlarmChannel(id=name, kind=ChannelKind.EMAIL, address=f"{name}@grid.example", team=team)
