"""Everything that is stored of one slot of one meter: readings, what contradicted them, its energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row, dict_row

from pipeline.model import MeterId, Quality, Scope, Value
from pipeline.quantities import Quantity
from storage.columns import table_of
from storage.database import Connection, storage_errors
from storage.visible import visible_meters

TABLES = ("register_reading", "electrical_reading", "spectrum_reading")
MOST_READINGS = 200
"""Of one slot and table: a slot of a day read every ten minutes has 144."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """One row of readings, on the side that the meter's profile names."""

    table: str
    taken_at: datetime
    received_at: datetime
    slot_at: datetime | None
    meter_time: datetime | None
    origin: str
    quality: Quality
    flags: Mapping[str, int]
    """Of single quantities."""
    values: Mapping[Quantity, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A value that a second message gave for a key that was stored; the first is kept."""

    taken_at: datetime
    origin: str
    quantity: str
    stored: str
    offered: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyOfSlot:
    """One energy of a slot, as derived and as it counts; primary side."""

    minutes: int
    energy: str
    raw_value: float | None
    raw_quality: str
    raw_method: str
    raw_version: int
    value: float | None
    quality: str
    final_version: int | None
    """None where the raw value stands."""
    method: str
    reason: str
    author: str
    note: str
    made_at: datetime | None


def stored_readings(
    connection: Connection, meter: MeterId, *, scope: Scope, starts_at: datetime, ends_at: datetime
) -> list[StoredReading]:
    """Return the readings taken in ``[starts_at, ends_at]``, both ends included, by table, time and origin.

    Raises:
        StorageError: If the database is away or refuses.
    """
    found: list[StoredReading] = []
    with (
        storage_errors(f"reading a slot of meter {meter}"),
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        visible = visible_meters(connection, [meter], scope=scope)
        for table in TABLES:
            query = sql.SQL(
                "SELECT r.*, o.name AS origin_name FROM {table} AS r JOIN origin AS o USING (origin) "
                "WHERE {visible} AND r.taken_at >= %(from)s AND r.taken_at <= %(to)s "
                "ORDER BY r.taken_at, r.origin LIMIT %(most)s"
            ).format(table=sql.Identifier(table), visible=visible.at("r", "taken_at"))
            bound = {**visible.bound, "from": starts_at, "to": ends_at, "most": MOST_READINGS}
            rows = cursor.execute(query, bound).fetchall()
            columns = [q for q in Quantity if table_of(q) == table]
            for row in rows:
                given = {q: row[q.value] for q in columns if row[q.value] is not None}
                found.append(
                    StoredReading(
                        table=table,
                        taken_at=row["taken_at"],
                        received_at=row["received_at"],
                        slot_at=row["slot_at"],
                        meter_time=row["meter_time"],
                        origin=row["origin_name"],
                        quality=Quality(row["quality"]),
                        flags=row["flags"] or {},
                        values={q: _value(value) for q, value in given.items()},
                    )
                )
    return found


def contradictions(
    connection: Connection, meter: MeterId, *, scope: Scope, starts_at: datetime, ends_at: datetime
) -> list[Contradiction]:
    """Return what contradicted the readings taken in ``[starts_at, ends_at]``.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors(f"reading contradictions of meter {meter}"),
        connection.cursor(row_factory=class_row(Contradiction)) as cursor,
    ):
        visible = visible_meters(connection, [meter], scope=scope)
        return cursor.execute(
            sql.SQL(
                "SELECT c.taken_at, o.name AS origin, c.quantity, c.stored, c.offered, c.times "
                "FROM reading_conflict AS c JOIN origin AS o USING (origin) "
                "WHERE {visible} AND c.taken_at >= %(from)s AND c.taken_at <= %(to)s "
                "ORDER BY 1, 2, 3, 5"
            ).format(visible=visible.at("c", "taken_at")),
            {**visible.bound, "from": starts_at, "to": ends_at},
        ).fetchall()


def energies_of_slot(
    connection: Connection, meter: MeterId, *, scope: Scope, within: tuple[datetime, datetime]
) -> dict[datetime, list[EnergyOfSlot]]:
    """Return the energies of the slots that begin in ``within`` (the end excluded), by start.

    Raises:
        StorageError: If the database is away or refuses.
    """
    found: dict[datetime, list[EnergyOfSlot]] = {}
    with (
        storage_errors(f"reading intervals of meter {meter}"),
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        visible = visible_meters(connection, [meter], scope=scope)
        rows = cursor.execute(
            sql.SQL(
                "SELECT starts_at, minutes, energy, raw_value, raw_quality, raw_method, raw_version, value, "
                "quality, final_version, method, reason, author, note, made_at FROM interval_final AS f "
                "WHERE {visible} AND starts_at >= %(from)s AND starts_at < %(to)s "
                "ORDER BY starts_at, minutes"
            ).format(visible=visible.at("f", "starts_at")),
            {**visible.bound, "from": within[0], "to": within[1]},
        ).fetchall()
    for row in rows:
        found.setdefault(row.pop("starts_at"), []).append(EnergyOfSlot(**row))
    return found


def _value(value: datetime | list[float | None] | float) -> Value:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, list):
        return tuple(float("nan") if part is None else float(part) for part in value)
    return float(value)
