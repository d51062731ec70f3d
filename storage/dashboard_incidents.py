"""The incidents (告警事件) that pages and the command list, with their signals and what was told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from pipeline.model import Json, Scope
from storage.dashboard_episodes import areas_of
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCard:
    """An incident with people's fields."""

    id: str
    cause: str
    place: str
    severity: int
    state: str
    starts_at: datetime
    ends_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    reopened: int
    areas: Sequence[str]
    """Those of them that the caller may see."""
    reaches_beyond: bool
    """Into areas that the caller may not see."""
    zone: str | None
    """Of the first of the areas."""
    signals: int
    """In the areas that the caller may see, as its meters are."""
    meters: int
    merged_into: str | None
    held: Sequence[Mapping[str, str | None]]
    """What would be told, by which route, what holds it back, and until when."""
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """A signal of an incident."""

    id: str
    source: str
    what: str
    severity: int
    starts_at: datetime
    ends_at: datetime | None
    meter: str | None
    service_point: str | None
    area: str | None
    bus: str | None
    facts: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    """A message about an incident, with what its last attempt brought."""

    id: str
    channel: str
    route: str
    occasion: str
    severity: int
    state: str
    planned_at: datetime
    next_attempt_at: datetime
    sent_at: datetime | None
    attempts: int
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """What a list is narrowed to; None leaves a field open."""

    state: str | None = None
    severity: int | None = None
    is_acknowledged: bool | None = None


_SEEN: LiteralString = """
    FROM incident AS i
    CROSS JOIN LATERAL (
        SELECT coalesce(NOT i.areas <@ %(areas)s::text[], false) AS reaches_beyond,
               ARRAY(SELECT each FROM unnest(i.areas) AS each
                     WHERE %(areas)s::text[] IS NULL OR each = ANY(%(areas)s::text[]) ORDER BY each) AS areas
    ) AS own
    LEFT JOIN area AS a ON a.id = own.areas[1]
    WHERE (%(areas)s::text[] IS NULL OR i.areas && %(areas)s::text[])
"""
"""Every incident that the caller may see: one that takes in any of their areas."""
_FILTERED: LiteralString = """
      AND (%(state)s::text IS NULL OR i.state = %(state)s)
      AND (%(severity)s::int IS NULL OR i.severity = %(severity)s)
      AND (%(acknowledged)s::bool IS NULL OR (i.acknowledged_at IS NOT NULL) = %(acknowledged)s)
"""
_OWN_SIGNALS: LiteralString = (
    "FROM incident_signal AS s WHERE s.incident = i.id AND s.area = ANY(%(areas)s::text[])"
)
_CARD: LiteralString = f"""
    SELECT i.id, i.cause, i.place, i.severity, i.state, i.starts_at, i.ends_at, i.opened_at, i.closed_at,
           i.reopened, own.areas, own.reaches_beyond, a.zone,
           CASE WHEN own.reaches_beyond THEN (SELECT count(*) {_OWN_SIGNALS}) ELSE i.signals END AS signals,
           CASE WHEN own.reaches_beyond THEN (SELECT count(DISTINCT s.meter) {_OWN_SIGNALS})
                ELSE i.meters END AS meters,
           i.merged_into, i.held, i.acknowledged_at, i.acknowledged_by, i.note
"""


def incident_cards(
    connection: Connection, wanted: IncidentFilter, *, scope: Scope, limit: int = 50, offset: int = 0
) -> list[IncidentCard]:
    """Return incidents: open ones first, then the gravest, then the newest."""
    query = (
        _CARD
        + _SEEN
        + _FILTERED
        + """
        ORDER BY (i.state = 'open') DESC, i.severity DESC, i.opened_at DESC, i.id
        LIMIT %(limit)s OFFSET %(offset)s
        """
    )
    bound = {**_bound(wanted, scope), "limit": limit, "offset": offset}
    with (
        storage_errors("listing incidents"),
        connection.cursor(row_factory=class_row(IncidentCard)) as cursor,
    ):
        return cursor.execute(query, bound).fetchall()


def incident_total(connection: Connection, wanted: IncidentFilter, *, scope: Scope) -> int:
    """Return how many incidents pass the filter."""
    with storage_errors("counting incidents"):
        row = connection.execute("SELECT count(*)" + _SEEN + _FILTERED, _bound(wanted, scope)).fetchone()
    return row[0] if row is not None else 0


def incident_card(connection: Connection, incident: str, *, scope: Scope) -> IncidentCard | None:
    """Return one incident, or None where it is unknown or outside the caller's areas."""
    with (
        storage_errors("reading an incident"),
        connection.cursor(row_factory=class_row(IncidentCard)) as cursor,
    ):
        return cursor.execute(
            _CARD + _SEEN + "AND i.id = %(id)s", {"areas": areas_of(scope), "id": incident}
        ).fetchone()


def signals_of_incident(
    connection: Connection, incident: str, *, scope: Scope, limit: int, offset: int = 0
) -> list[SignalRow]:
    """Return the signals of an incident that the caller may see: those that go on first, then the newest."""
    with (
        storage_errors("reading an incident's signals"),
        connection.cursor(row_factory=class_row(SignalRow)) as cursor,
    ):
        return cursor.execute(
            "SELECT id, source, what, severity, starts_at, ends_at, meter, service_point, area, bus, facts "
            "FROM incident_signal WHERE incident = %(incident)s "
            "AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s::text[])) "
            "ORDER BY (ends_at IS NULL) DESC, severity DESC, starts_at DESC, id "
            "LIMIT %(limit)s OFFSET %(offset)s",
            {"incident": incident, "areas": areas_of(scope), "limit": limit, "offset": offset},
        ).fetchall()


def signal_total(connection: Connection, incident: str, *, scope: Scope) -> int:
    """Return how many signals of an incident the caller may see."""
    with storage_errors("counting an incident's signals"):
        row = connection.execute(
            "SELECT count(*) FROM incident_signal WHERE incident = %(incident)s "
            "AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s::text[]))",
            {"incident": incident, "areas": areas_of(scope)},
        ).fetchone()
    return row[0] if row is not None else 0


def told_of_incident(connection: Connection, card: IncidentCard) -> list[ToldRow]:
    """Return the messages about an incident that the caller was shown, oldest first."""
    with (
        storage_errors("reading an incident's messages"),
        connection.cursor(row_factory=class_row(ToldRow)) as cursor,
    ):
        return cursor.execute(
            "SELECT n.id, n.channel, n.route, b.occasion, b.severity, n.state, n.planned_at, "
            "n.next_attempt_at, n.sent_at, n.attempts, t.answer "
            "FROM notification_about AS b JOIN notification AS n ON n.id = b.notification "
            "LEFT JOIN notification_attempt AS t ON t.notification = n.id AND t.number = n.attempts "
            "WHERE b.incident = %s ORDER BY n.planned_at, n.channel, b.severity",
            (card.id,),
        ).fetchall()


def _bound(wanted: IncidentFilter, scope: Scope) -> dict[str, object]:
    return {
        "areas": areas_of(scope),
        "state": wanted.state,
        "severity": wanted.severity,
        "acknowledged": wanted.is_acknowledged,
    }
