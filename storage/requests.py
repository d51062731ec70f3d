"""Read requests: what somebody wants from a bus that another process owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.errors import StorageError
from storage.database import Connection, storage_errors

_COLUMNS = sql.SQL(
    "id, bus, meter, kind, starts_at, ends_at, quantities, filed_by, filed_at, taken_by, taken_at, "
    "served_at, result, error"
)
LAPSES_AFTER: Final = timedelta(hours=1)
"""What nobody has taken by then is not read any more: the one who wanted it has gone."""
FORSAKEN_AFTER: Final = timedelta(days=1)
"""What somebody took and has not served by then was left by a process that is gone."""
_LAPSE: Final = sql.SQL(
    "UPDATE read_request SET served_at = now(), error = CASE WHEN taken_at IS NULL "
    "THEN 'nobody took it in time' ELSE 'whoever took it did not serve it within a day' END "
    "WHERE served_at IS NULL AND (taken_at IS NULL AND filed_at < now() - %(lapses_after)s "
    "OR taken_at < now() - %(forsaken_after)s)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """A wish to read, filed by one process and served by the owner of the bus."""

    id: int
    bus: str
    meter: str | None
    """None for every meter on the bus."""
    kind: Literal["present", "backfill"]
    starts_at: datetime | None
    ends_at: datetime | None
    quantities: Sequence[str]
    """Empty for the usual plan; names of quantities, or an inquiry as ``services/read_requests`` has it."""
    filed_by: str
    filed_at: datetime
    taken_by: str | None
    taken_at: datetime | None
    served_at: datetime | None
    result: Mapping[str, Any] | None  # Any: whatever JSON the owner of the bus wrote
    error: str | None


def file_request(  # noqa: PLR0913 - the fields of one request
    connection: Connection,
    *,
    bus: str,
    kind: Literal["present", "backfill"],
    filed_by: str,
    meter: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    quantities: Sequence[str] = (),
) -> int:
    """File a request and return its number."""
    with storage_errors(f"filing a read request for bus {bus}"):
        row = connection.execute(
            "INSERT INTO read_request (bus, meter, kind, starts_at, ends_at, quantities, filed_by) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
            (bus, meter, kind, starts_at, ends_at, list(quantities), filed_by),
        ).fetchone()
    if row is None:
        raise StorageError(f"the read request for bus {bus} was not stored")
    number: int = row[0]
    return number


def take_requests(
    connection: Connection, buses: Sequence[str], *, taken_by: str, limit: int = 100
) -> list[ReadRequest]:
    """Take the waiting requests of ``buses``, oldest first; no two processes take the same one.

    Those that have waited for longer than :data:`LAPSES_AFTER` are left.
    """
    with (
        storage_errors("taking read requests"),
        connection.cursor(row_factory=class_row(ReadRequest)) as cursor,
    ):
        statement = sql.SQL(
            "UPDATE read_request SET taken_by = %(by)s, taken_at = now() WHERE id IN ("
            "SELECT id FROM read_request WHERE bus = ANY(%(buses)s) AND served_at IS NULL "
            "AND taken_at IS NULL AND filed_at >= now() - %(lapses_after)s "
            "ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) RETURNING {}"
        ).format(_COLUMNS)
        asked = {"by": taken_by, "buses": list(buses), "limit": limit, "lapses_after": LAPSES_AFTER}
        taken = cursor.execute(statement, asked).fetchall()
    return sorted(taken, key=lambda request: request.id)


def release_requests(connection: Connection, buses: Sequence[str]) -> int:
    """Let requests wait again that an owner took and never served; for the new owner of the buses."""
    with storage_errors("releasing read requests"):
        return connection.execute(
            "UPDATE read_request SET taken_by = NULL, taken_at = NULL "
            "WHERE bus = ANY(%s) AND served_at IS NULL AND taken_at IS NOT NULL",
            (list(buses),),
        ).rowcount


def withdraw_request(connection: Connection, request_id: int, why: str) -> bool:
    """Close a request that nobody has taken, and return whether it was so."""
    with storage_errors(f"withdrawing read request {request_id}"):
        return (
            connection.execute(
                "UPDATE read_request SET served_at = now(), error = %s "
                "WHERE id = %s AND served_at IS NULL AND taken_at IS NULL",
                (why, request_id),
            ).rowcount
            == 1
        )


def drop_requests(connection: Connection, before: datetime) -> int:
    """Close what has lapsed, drop what was filed before an instant, and return how many were dropped."""
    with storage_errors("dropping old read requests"), connection.transaction():
        lapsing = {"lapses_after": LAPSES_AFTER, "forsaken_after": FORSAKEN_AFTER}
        connection.execute(_LAPSE, lapsing)
        return connection.execute(
            "DELETE FROM read_request WHERE filed_at < %s AND served_at IS NOT NULL", (before,)
        ).rowcount


def serve_request(
    connection: Connection,
    request_id: int,
    *,
    result: Mapping[str, object] | None = None,
    error: str | None = None,
) -> None:
    """Mark a request as served, with its result or with the error that came instead."""
    with storage_errors(f"serving read request {request_id}"):
        connection.execute(
            "UPDATE read_request SET served_at = now(), result = %s, error = %s WHERE id = %s",
            (None if result is None else Jsonb(result), error, request_id),
        )


def get_request(connection: Connection, request_id: int) -> ReadRequest:
    """Return one request.

    Raises:
        StorageError: If there is none of that number.
    """
    statement = sql.SQL("SELECT {} FROM read_request WHERE id = %s").format(_COLUMNS)
    doing = f"looking up read request {request_id}"
    with storage_errors(doing), connection.cursor(row_factory=class_row(ReadRequest)) as cursor:
        found = cursor.execute(statement, (request_id,)).fetchone()
    if found is None:
        raise StorageError(f"there is no read request {request_id}")
    return found
