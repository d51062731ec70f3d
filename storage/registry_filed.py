"""What the archive in the database already has, for files that only name it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import sql

from storage.database import Connection, storage_errors

IMPORT_LOCK: Final = 0x6B776172
"""The advisory lock of whoever imports into the archive ("kwar")."""

NAMED: Final = ("bus", "tariff", "transformer", "total", "load_profile", "alarm_channel")
"""Tables whose entries others name, beside those that say where something is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Names of the archive, and where each thing is: the zone there decides when a local date begins."""

    area_zones: Mapping[str, ZoneInfo] = field(default_factory=dict)
    point_areas: Mapping[str, str | None] = field(default_factory=dict)
    meter_points: Mapping[str, str | None] = field(default_factory=dict)
    """The service point where each meter hung last."""
    tariff_points: Mapping[str, str] = field(default_factory=dict)
    """A service point whose contract names each tariff."""
    others: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The names of each other table."""

    def names(self, table: str) -> Collection[str]:
        """Return the names of a table's entries."""
        placed: Mapping[str, Collection[str]] = {
            "area": self.area_zones.keys(),
            "service_point": self.point_areas.keys(),
            "meter": self.meter_points.keys(),
        }
        return placed[table] if table in placed else self.others.get(table, ())


NOTHING_FILED: Final = Filed()
"""A file is the whole archive."""


def load_filed(connection: Connection) -> Filed:
    """Return what the archive has; no other import changes it until the open transaction ends.

    Raises:
        StorageError: If the database is away or has no schema yet.
    """
    with storage_errors("reading what the archive has"):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (IMPORT_LOCK,))
        zones = connection.execute("SELECT id, zone FROM area").fetchall()
        areas = connection.execute("SELECT id, area FROM service_point").fetchall()
        points = connection.execute(
            """
            SELECT DISTINCT ON (m.id) m.id, i.service_point
            FROM meter AS m
            LEFT JOIN installation AS i ON i.meter_id = m.meter_id AND i.service_point IS NOT NULL
            ORDER BY m.id, i.starts_at DESC NULLS LAST
            """
        ).fetchall()
        tariffs = connection.execute(
            "SELECT tariff, min(service_point) FROM contract WHERE tariff IS NOT NULL GROUP BY tariff"
        ).fetchall()
        others = {table: _ids(connection, table) for table in NAMED}
    return Filed(
        area_zones={area: ZoneInfo(zone) for area, zone in zones},
        point_areas=dict(areas),
        meter_points=dict(points),
        tariff_points=dict(tariffs),
        others=others,
    )


def _ids(connection: Connection, table: str) -> Collection[str]:
    rows = connection.execute(sql.SQL("SELECT id FROM {}").format(sql.Identifier(table))).fetchall()
    return frozenset(name for (name,) in rows)
