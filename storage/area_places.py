"""What one area (台区) is fed and measured by, and the voltages in it: of the areas that a caller may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from pipeline.model import Scope
from storage.dashboard_queries import rows_in_scope
from storage.database import Connection, storage_errors

NEWEST_WITHIN = timedelta(hours=2)
"""An older voltage says nothing of the present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyMeter:
    """A point through which energy comes into an area, or leaves it, with the meter that hangs there now."""

    service_point: str
    name: str
    role: str
    sign: int
    meter: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerCard:
    """A transformer of an area."""

    id: str
    capacity_kva: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentVoltage:
    """The newest voltages of one meter that its wiring measures, as it shows them."""

    meter: str
    wiring: str
    profile: str | None
    taken_at: datetime
    lowest_v: float
    highest_v: float
    rated_voltage_v: float
    nominal_voltage_v: float
    pt: float | None


def supply_meters(connection: Connection, area: str, *, now: datetime) -> list[SupplyMeter]:
    """Return the supply points of an area that the caller was already shown.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors(f"reading the supply of area {area}"),
        connection.cursor(row_factory=class_row(SupplyMeter)) as cursor,
    ):
        return cursor.execute(
            """
            SELECT m.service_point, p.name, m.role, m.sign, hung.id AS meter
            FROM area_member AS m JOIN service_point AS p ON p.id = m.service_point
            LEFT JOIN LATERAL (
                SELECT d.id FROM installation AS i JOIN meter AS d USING (meter_id)
                WHERE i.service_point = m.service_point AND (i.starts_at IS NULL OR i.starts_at <= %(now)s)
                  AND (i.ends_at IS NULL OR i.ends_at > %(now)s)
                ORDER BY i.role = 'main' DESC, i.starts_at DESC NULLS LAST LIMIT 1
            ) AS hung ON true
            WHERE m.area = %(area)s AND m.role = 'supply' AND (m.starts_at IS NULL OR m.starts_at <= %(now)s)
              AND (m.ends_at IS NULL OR m.ends_at > %(now)s)
            ORDER BY m.service_point
            """,
            {"area": area, "now": now},
        ).fetchall()


def transformers_of(connection: Connection, area: str) -> list[TransformerCard]:
    """Return the transformers of an area that the caller was already shown.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors(f"reading the transformers of area {area}"),
        connection.cursor(row_factory=class_row(TransformerCard)) as cursor,
    ):
        return cursor.execute(
            "SELECT id, capacity_kva FROM transformer WHERE area = %s ORDER BY id", (area,)
        ).fetchall()


def present_voltages(
    connection: Connection, area: str, *, scope: Scope, now: datetime
) -> list[PresentVoltage]:
    """Return the newest voltages of an area's meters, the lowest first; old ones are left out.

    Phase voltages, or the line voltages of a three-wire meter: what its band is for. A four-wire meter may
    read its line voltages beside them.

    Raises:
        StorageError: If the database is away or refuses.
    """
    return rows_in_scope(
        connection,
        PresentVoltage,
        """
        SELECT m.id AS meter, m.wiring, m.profile, r.taken_at, r.lowest_v, r.highest_v, m.rated_voltage_v,
               m.nominal_voltage_v, q.pt
        FROM placed AS m
        CROSS JOIN LATERAL (
            SELECT e.taken_at, v.lowest_v, v.highest_v
            FROM electrical_reading AS e CROSS JOIN LATERAL (
                SELECT min(volts)::float8 AS lowest_v, max(volts)::float8 AS highest_v
                FROM (VALUES
                    (e.voltage_a, ARRAY['1P2W', '3P4W']), (e.voltage_b, ARRAY['3P4W']),
                    (e.voltage_c, ARRAY['3P4W']), (e.voltage_ab, ARRAY['3P3W']), (e.voltage_bc, ARRAY['3P3W'])
                ) AS measured (volts, by_wirings) WHERE m.wiring = ANY (by_wirings)
            ) AS v
            WHERE e.meter_id = m.meter_id AND e.taken_at > %(since)s AND e.taken_at <= %(now)s
              AND v.lowest_v IS NOT NULL AND (m.hung_since IS NULL OR e.taken_at >= m.hung_since)
            ORDER BY e.taken_at DESC LIMIT 1
        ) AS r
        LEFT JOIN LATERAL (
            SELECT pt FROM ratio AS q
            WHERE q.meter_id = m.meter_id AND (q.starts_at IS NULL OR q.starts_at <= %(now)s)
              AND (q.ends_at IS NULL OR q.ends_at > %(now)s)
            ORDER BY q.starts_at DESC NULLS LAST LIMIT 1
        ) AS q ON true
        WHERE m.area = %(area)s
        ORDER BY r.lowest_v, m.id
        """,
        scope=scope,
        area=area,
        now=now,
        since=now - NEWEST_WITHIN,
    )
