"""Whose supply is not taken away (保电): service points as filed, and the meters through which it comes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedMeter:
    """A meter behind which the supply stays on."""

    meter: str
    address: str | None
    profile: str | None
    service_point: str
    """Where it hangs."""
    protects: str
    """The service point whose supply is protected: the same one, or one in an area that it feeds."""
    reason: str
    ends_at: datetime | None
    """Until when; None: until somebody files an end."""


def protected_meters(
    connection: Connection, *, now: datetime, service_points: Collection[str] | None = None
) -> list[ProtectedMeter]:
    """Return the meters of protected service points and of those that supply their areas.

    Of a meter what ends last comes first.

    Args:
        connection: The database.
        now: When.
        service_points: Where the meters hang; None: anywhere.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("reading whose supply is protected"),
        connection.cursor(row_factory=class_row(ProtectedMeter)) as cursor,
    ):
        return cursor.execute(
            """
            WITH RECURSIVE member AS (
                SELECT area, service_point, role, sign FROM area_member
                WHERE (starts_at IS NULL OR starts_at <= %(now)s) AND (ends_at IS NULL OR ends_at > %(now)s)
            ), lies_in AS (
                SELECT service_point, area FROM member WHERE role = 'member'
                UNION
                -- Where no membership is filed the service point's own area counts.
                SELECT p.id, p.area FROM service_point AS p WHERE p.area IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM member AS m WHERE m.service_point = p.id)
            ), spared AS (
                SELECT service_point, service_point AS protects, reason, ends_at FROM protected_supply
                WHERE (starts_at IS NULL OR starts_at <= %(now)s) AND (ends_at IS NULL OR ends_at > %(now)s)
                UNION
                SELECT up.service_point, s.protects, s.reason, s.ends_at
                FROM spared AS s JOIN lies_in AS l USING (service_point)
                JOIN member AS up ON up.area = l.area AND up.role = 'supply' AND up.sign > 0
            )
            SELECT m.id AS meter, i.address, i.profile, s.service_point, s.protects, s.reason, s.ends_at
            FROM spared AS s JOIN installation AS i USING (service_point) JOIN meter AS m USING (meter_id)
            WHERE (i.starts_at IS NULL OR i.starts_at <= %(now)s)
              AND (i.ends_at IS NULL OR i.ends_at > %(now)s)
              AND (%(points)s::text[] IS NULL OR s.service_point = ANY (%(points)s))
            ORDER BY m.id, s.ends_at DESC NULLS FIRST, s.protects
            """,
            {"now": now, "points": None if service_points is None else list(service_points)},
        ).fetchall()
