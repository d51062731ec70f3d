"""The meters' own event records at rest (事件记录): each is stored once, and its end is filled in later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.types.json import Jsonb

from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId, Scope
from storage.database import Connection, storage_errors
from storage.visible import visible_meters

EventsCounted = Mapping[tuple[EventKind, str], int]
"""By kind and part: how often it had happened up to the newest event that is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedEvent:
    """One record and its place in the meter's count, which goes on when the meter forgets its oldest."""

    event: MeterEvent
    count: int | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDown:
    """One stretch in which a meter had no power (掉电)."""

    meter: MeterId
    starts_at: datetime
    ends_at: datetime


def write_events(connection: Connection, meter: MeterId, events: Sequence[CountedEvent]) -> int:
    """Store what is new and fill in ends; return how many rows that changed.

    Raises:
        StorageError: If the database is away or refuses; nothing of this call is stored then.
    """
    with storage_errors(f"storing events of meter {meter}"), connection.transaction():
        return sum(
            connection.execute(
                "INSERT INTO meter_event AS old (meter_id, starts_at, kind, part, ends_at, received_at, "
                "count, detail) SELECT meter_id, %s, %s, %s, %s, %s, %s, %s FROM meter WHERE id = %s "
                "ON CONFLICT (meter_id, starts_at, kind, part) DO UPDATE SET ends_at = excluded.ends_at, "
                "detail = excluded.detail WHERE old.ends_at IS NULL AND excluded.ends_at IS NOT NULL",
                (
                    counted.event.starts_at,
                    counted.event.kind.value,
                    counted.event.part,
                    counted.event.ends_at,
                    counted.received_at,
                    counted.count,
                    Jsonb(dict(counted.event.values)),
                    meter,
                ),
            ).rowcount
            for counted in events
        )


def events_counted(connection: Connection, meter: MeterId) -> EventsCounted:
    """Return up to which count the events of a meter are stored.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"looking up events of meter {meter}"):
        rows = connection.execute(
            "SELECT kind, part, max(count) FROM meter_event JOIN meter USING (meter_id) "
            "WHERE id = %s AND count IS NOT NULL GROUP BY 1, 2",
            (meter,),
        ).fetchall()
    return {(EventKind(kind), part): count for kind, part, count in rows}


def power_downs(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId],
) -> list[PowerDown]:
    """Return when meters had no power within ``[starts_at, ends_at)``, as their own events tell.

    An event without an end is left out: nobody knows how long it lasted.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("looking up outages"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT meter_id, starts_at, ends_at FROM meter_event AS e "
                "WHERE {visible} AND kind = %(kind)s "
                "AND starts_at < %(to)s AND ends_at > %(from)s ORDER BY starts_at, meter_id"
            ).format(visible=visible.at("e", "starts_at")),
            {**visible.bound, "kind": EventKind.POWER_DOWN.value, "from": starts_at, "to": ends_at},
        ).fetchall()
    return [
        PowerDown(meter=visible.names[number], starts_at=begins, ends_at=ends)
        for number, begins, ends in rows
    ]
