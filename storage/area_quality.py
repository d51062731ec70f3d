"""The points of an area (台区) as its quality report wants them, and the months in which any was judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pipeline.model import Scope
from storage.database import Connection, storage_errors


def area_named(connection: Connection, area: str, *, scope: Scope) -> tuple[str, str | None] | None:
    """Return an area's name and zone; None where the caller's areas hold no such one.

    Raises:
        StorageError: If the database is away or refuses.
    """
    if scope.areas is not None and area not in scope.areas:
        return None
    with storage_errors(f"reading area {area}"):
        return connection.execute("SELECT name, zone FROM area WHERE id = %s", (area,)).fetchone()


def area_points(connection: Connection, area: str, *, scope: Scope) -> Mapping[str, str]:
    """Return the names of an area's service points by their ids; none where the caller may not see it.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"reading the points of area {area}"):
        rows = connection.execute(
            "SELECT id, coalesce(name, '') FROM service_point WHERE area = %(area)s "
            "AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s)) ORDER BY id",
            {"area": area, "areas": None if scope.areas is None else sorted(scope.areas)},
        ).fetchall()
    return dict(rows)


def area_months(connection: Connection, area: str, *, scope: Scope) -> list[date]:
    """Return the months in which points of an area were judged, the newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"listing months of verdicts of area {area}"):
        rows = connection.execute(
            """
            SELECT DISTINCT q.month FROM quality_judgement AS q
            JOIN service_point AS p ON p.id = q.service_point
            WHERE p.area = %(area)s AND (%(areas)s::text[] IS NULL OR p.area = ANY(%(areas)s))
            ORDER BY q.month DESC
            """,
            {"area": area, "areas": None if scope.areas is None else sorted(scope.areas)},
        ).fetchall()
    return [month for (month,) in rows]
