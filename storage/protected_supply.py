"""Whose supply is not taken away (保电): service points as filed, and the meters that hang there."""

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
    reason: str
    ends_at: datetime | None
    """Until when; None: until somebody files an end."""


def protected_meters(
    connection: Connection, *, now: datetime, service_points: Collection[str] | None = None
) -> list[ProtectedMeter]:
    """Return the meters of protected service points (None: of all); what ends last of a meter comes first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("reading whose supply is protected"),
        connection.cursor(row_factory=class_row(ProtectedMeter)) as cursor,
    ):
        return cursor.execute(
            """
            SELECT m.id AS meter, i.address, i.profile, p.service_point, p.reason, p.ends_at
            FROM protected_supply AS p
            JOIN installation AS i USING (service_point)
            JOIN meter AS m USING (meter_id)
            WHERE (p.starts_at IS NULL OR p.starts_at <= %(now)s)
              AND (p.ends_at IS NULL OR p.ends_at > %(now)s)
              AND (i.starts_at IS NULL OR i.starts_at <= %(now)s)
              AND (i.ends_at IS NULL OR i.ends_at > %(now)s)
              AND (%(points)s::text[] IS NULL OR p.service_point = ANY (%(points)s))
            ORDER BY m.id, p.ends_at DESC NULLS FIRST
            """,
            {"now": now, "points": None if service_points is None else list(service_points)},
        ).fetchall()
