"""Load statistics at rest: each month of a meter, service point, area, category or totalising group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.errors import StorageError
from pipeline.model import Scope
from storage.database import Connection, storage_errors
from storage.visible import HUNG_ONLY_THERE

VISIBLE: Final = sql.SQL(
    "(%(areas)s::text[] IS NULL OR l.kind = 'area' AND l.subject = ANY(%(areas)s) "
    "OR l.kind = 'service_point' AND EXISTS (SELECT 1 FROM service_point AS p "
    "WHERE p.id = l.subject AND p.area = ANY(%(areas)s)) "
    "OR l.kind = 'meter' AND {hung})"
).format(
    hung=sql.SQL(HUNG_ONLY_THERE).format(
        meter=sql.SQL("(SELECT meter_id FROM meter WHERE id = l.subject)"),
        first=sql.SQL("l.month::timestamp AT TIME ZONE own.zone"),
        after=sql.SQL("(l.month + INTERVAL '1 month') AT TIME ZONE own.zone"),
    )
)
"""Which rows of ``load_month AS l`` a caller with these areas sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadMonth:
    """The statistics of one subject's month as they were last worked out."""

    kind: str
    """``meter``, ``service_point``, ``area``, ``category`` or ``total``."""
    subject: str
    month: date
    """Its first day."""
    coverage: float
    energy_kwh: float | None
    max_kw: float | None
    """Highest block of import."""
    max_at: datetime | None
    load_factor: float | None
    detail: Mapping[str, Any]  # Any: JSON
    """All of them, as ``analysis.load.documents`` makes them."""


def save_load_months(connection: Connection, months: Sequence[LoadMonth]) -> None:
    """Store months in place of those that were there.

    Raises:
        StorageError: If the database is away or refuses; what was there stays then.
    """
    names = [entry.name for entry in fields(LoadMonth)]
    statement = sql.SQL(
        "INSERT INTO load_month ({names}) VALUES ({values}) ON CONFLICT (kind, subject, month) DO UPDATE "
        "SET {new}, computed_at = now()"
    ).format(
        names=_columns(names),
        values=sql.SQL(", ").join(map(sql.Placeholder, names)),
        new=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n)) for n in names[3:]),
    )
    rows = [
        {name: getattr(month, name) for name in names} | {"detail": Jsonb(dict(month.detail))}
        for month in months
    ]
    doing = f"saving {len(rows)} months of load"
    with storage_errors(doing), connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def drop_months_before(connection: Connection, month: date, computed_before: datetime) -> int:
    """Drop what was stored of a month before an instant by the server's clock, and return how much it was.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("dropping months of load"):
        return connection.execute(
            "DELETE FROM load_month WHERE month = %s AND computed_at < %s", (month, computed_before)
        ).rowcount


def server_time(connection: Connection) -> datetime:
    """Return what the server's clock says, by which months are stamped."""
    with storage_errors("asking the server's clock"):
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    if row is None:
        raise StorageError("the server has not said what time it is")
    now: datetime = row[0]
    return now


def list_load_months(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    first: date,
    last: date,
    kinds: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
) -> list[LoadMonth]:
    """Return the months whose first days lie from ``first`` to ``last``, by kind, subject and month.

    Who may not see every area sees neither categories nor totalising groups: they go through areas.

    Raises:
        StorageError: If the database is away or refuses.
    """
    statement = sql.SQL(
        "SELECT {} FROM load_month AS l WHERE month BETWEEN %(first)s AND %(last)s "
        "AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s)) "
        "AND (%(subjects)s::text[] IS NULL OR subject = ANY(%(subjects)s)) "
        "AND {} ORDER BY kind, subject, month"
    ).format(_columns([entry.name for entry in fields(LoadMonth)]), VISIBLE)
    parameters = {
        "first": first,
        "last": last,
        "kinds": None if kinds is None else list(kinds),
        "subjects": None if subjects is None else list(subjects),
        "areas": seen_areas(scope),
    }
    with (
        storage_errors("listing months of load"),
        connection.cursor(row_factory=class_row(LoadMonth)) as cursor,
    ):
        return cursor.execute(statement, parameters).fetchall()


def seen_areas(scope: Scope) -> list[str] | None:
    """Return the areas that :data:`VISIBLE` is bounded by; None is all."""
    return None if scope.areas is None else sorted(scope.areas)


def shapes_of_month(connection: Connection, month: date) -> dict[tuple[str, str], str]:
    """Return the class of load shape of each subject in a month, by its kind and name.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading load shapes"):
        rows = connection.execute(
            "SELECT kind, subject, detail -> 'shape' ->> 'shape' FROM load_month "
            "WHERE month = %s AND detail -> 'shape' ->> 'shape' IS NOT NULL",
            (month,),
        ).fetchall()
    return {(kind, subject): shape for kind, subject, shape in rows}


def _columns(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
