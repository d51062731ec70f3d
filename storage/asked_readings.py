"""Readings that people ask for (随抄): who wanted which meters, who reads them, and what the meters said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.errors import StorageError
from pipeline.model import Scope
from storage.dashboard_queries import rows_in_scope
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReading:
    """One wish."""

    asked_id: int
    asked_at: datetime
    asked_by: str
    meters: Sequence[str]
    flow_run: UUID | None
    requests: Sequence[int]
    """Read requests, one a meter, where no flow could be started."""
    why: str
    """Why none could be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedMeter:
    """What has become of one meter of a wish."""

    meter: str
    service_point: str | None
    bus: str | None
    told: Mapping[str, Any] | None  # Any: JSON of services/present_reading.py
    """What it said; None as long as nothing is known."""
    error: str | None
    """Of the request to the owner of its bus."""
    is_taken: bool
    """Whether the owner of its bus has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOnBus:
    """A meter that a caller may see, and its bus."""

    meter: str
    bus: str | None


def meters_on_buses(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    now: datetime,
    meters: Sequence[str] | None = None,
    area: str | None = None,
    limit: int,
) -> list[MeterOnBus]:
    """Return those meters, or those of an area, that the caller may see."""
    return rows_in_scope(
        connection,
        MeterOnBus,
        """
        SELECT m.id AS meter, m.bus FROM placed AS m
        WHERE (%(meters)s::text[] IS NULL OR m.id = ANY (%(meters)s::text[]))
          AND (%(area)s::text IS NULL OR m.area = %(area)s)
        ORDER BY m.id LIMIT %(limit)s
        """,
        scope=scope,
        now=now,
        meters=None if meters is None else list(meters),
        area=area,
        limit=limit,
    )


def add_asked(connection: Connection, meters: Sequence[str], asked_by: str, now: datetime) -> int:
    """File a wish and return its number."""
    with storage_errors("filing a reading that somebody asks for"):
        row = connection.execute(
            "INSERT INTO asked_reading (asked_at, asked_by, meters) VALUES (%s, %s, %s) RETURNING asked_id",
            (now, asked_by, list(meters)),
        ).fetchone()
    if row is None:
        raise StorageError("the reading that was asked for was not stored")
    number: int = row[0]
    return number


def note_flow_run(connection: Connection, asked_id: int, flow_run: UUID) -> None:
    """Note which run of a flow reads the meters of a wish."""
    with storage_errors(f"noting the flow run of asked reading {asked_id}"):
        connection.execute("UPDATE asked_reading SET flow_run = %s WHERE asked_id = %s", (flow_run, asked_id))


def note_requests(connection: Connection, asked_id: int, requests: Sequence[int], why: str) -> None:
    """Note which read requests stand for a wish, and why no flow does."""
    with storage_errors(f"noting the requests of asked reading {asked_id}"):
        connection.execute(
            "UPDATE asked_reading SET requests = %s, why = %s WHERE asked_id = %s",
            (list(requests), why, asked_id),
        )


def add_results(connection: Connection, asked_id: int, told: Mapping[str, Mapping[str, object]]) -> None:
    """Keep what meters of a wish said; the newest word of a meter counts."""
    with storage_errors(f"results of asked reading {asked_id}"), connection.transaction():
        connection.cursor().executemany(
            "INSERT INTO asked_reading_result (asked_id, meter, told) VALUES (%s, %s, %s) "
            "ON CONFLICT (asked_id, meter) DO UPDATE SET told = excluded.told",
            [(asked_id, meter, Jsonb(dict(said))) for meter, said in told.items()],
        )


def asked_reading(connection: Connection, asked_id: int) -> AskedReading | None:
    """Return a wish; None where there is none of that number."""
    found = _asked(connection, "WHERE asked_id = %(id)s", id=asked_id)
    return found[0] if found else None


def asked_meters(connection: Connection, asked: AskedReading, *, scope: Scope) -> list[AskedMeter]:
    """Return what has become of the meters of a wish that hung in the caller's areas when it was filed."""
    return rows_in_scope(
        connection,
        AskedMeter,
        """
        SELECT m.id AS meter, m.service_point, m.bus,
               coalesce(r.told, q.result -> 'meters' -> 0) AS told, q.error,
               coalesce(q.taken_at IS NOT NULL, false) AS is_taken
        FROM placed AS m
        LEFT JOIN asked_reading_result AS r ON r.asked_id = %(asked)s AND r.meter = m.id
        LEFT JOIN read_request AS q ON q.id = ANY (%(requests)s::bigint[]) AND q.meter = m.id
        WHERE m.id = ANY (%(meters)s::text[]) ORDER BY m.id
        """,
        scope=scope,
        now=asked.asked_at,
        asked=asked.asked_id,
        requests=list(asked.requests),
        meters=list(asked.meters),
    )


def newest_asked(connection: Connection, *, limit: int) -> list[AskedReading]:
    """Return the newest wishes; who shows them asks for their meters in the caller's scope."""
    return _asked(connection, "ORDER BY asked_id DESC LIMIT %(limit)s", limit=limit)


def _asked(connection: Connection, rest: LiteralString, **values: object) -> list[AskedReading]:
    query = sql.SQL(
        "SELECT asked_id, asked_at, asked_by, meters, flow_run, requests, why FROM asked_reading "
    ) + sql.SQL(rest)
    with (
        storage_errors("looking up readings that were asked for"),
        connection.cursor(row_factory=class_row(AskedReading)) as cursor,
    ):
        return cursor.execute(query, values).fetchall()


def drop_asked(connection: Connection, before: datetime) -> int:
    """Drop wishes that were filed before an instant, with their results, and return how many."""
    with storage_errors("dropping old asked readings"):
        return connection.execute("DELETE FROM asked_reading WHERE asked_at < %s", (before,)).rowcount
