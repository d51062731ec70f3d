"""Areas of the archive of which no line loss (线损) is stored, with what their balance has and lacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from pipeline.model import Scope
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class UnjudgedArea:
    """An area without one stored day."""

    area: str
    name: str
    supplies: int
    """Service points that are filed as its supply in these days."""
    members: int
    """Those that are filed as its members."""


def unjudged_areas(connection: Connection, *, scope: Scope, first: date, end: date) -> list[UnjudgedArea]:
    """Return the areas that a caller may see and that no day from ``first`` to before ``end`` is stored of.

    Raises:
        StorageError: If the database is away or refuses.
    """
    bound = {"first": first, "end": end, "areas": None if scope.areas is None else sorted(scope.areas)}
    with (
        storage_errors("reading which areas have no line loss"),
        connection.cursor(row_factory=class_row(UnjudgedArea)) as cursor,
    ):
        return cursor.execute(
            """
            SELECT a.id AS area, a.name,
                   count(DISTINCT m.service_point) FILTER (WHERE m.role = 'supply') AS supplies,
                   count(DISTINCT m.service_point) FILTER (WHERE m.role = 'member') AS members
            FROM area AS a
            LEFT JOIN area_member AS m ON m.area = a.id
                AND (m.starts_at IS NULL OR m.starts_at < %(end)s)
                AND (m.ends_at IS NULL OR m.ends_at > %(first)s)
            WHERE (%(areas)s::text[] IS NULL OR a.id = ANY (%(areas)s))
              AND NOT EXISTS (
                SELECT FROM area_day AS d WHERE d.area = a.id AND d.day >= %(first)s AND d.day < %(end)s
              )
            GROUP BY a.id, a.name ORDER BY a.id
            """,
            bound,
        ).fetchall()
