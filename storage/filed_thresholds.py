"""Thresholds of the archive that a caller may see: everywhere's, the classes', and those of their points."""

from __future__ import annotations

from psycopg.rows import class_row

from pipeline.archive_records import Threshold
from pipeline.model import Scope
from storage.database import Connection, storage_errors


def filed_thresholds(connection: Connection, *, scope: Scope) -> list[Threshold]:
    """Return them by rule and parameter, the weaker before the stronger.

    Raises:
        StorageError: If the database is away or refuses.
    """
    areas = None if scope.areas is None else sorted(scope.areas)
    with (
        storage_errors("reading thresholds"),
        connection.cursor(row_factory=class_row(Threshold)) as cursor,
    ):
        return cursor.execute(
            """
            SELECT t.detector, t.parameter, t.value, t.service_point, t.category, t.starts_at, t.ends_at,
                   t.source
            FROM threshold AS t LEFT JOIN service_point AS p ON p.id = t.service_point
            WHERE %(areas)s::text[] IS NULL OR t.service_point IS NULL OR p.area = ANY (%(areas)s::text[])
            ORDER BY t.detector, t.parameter, t.service_point NULLS FIRST, t.category NULLS FIRST,
                     t.starts_at NULLS FIRST
            """,
            {"areas": areas},
        ).fetchall()
