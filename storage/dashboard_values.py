"""The newest value of everything that one meter told lately, in two queries for all quantities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import DictRow, dict_row

from pipeline.model import MeterId, Scope
from pipeline.quantities import Kind, Quantity
from storage.columns import table_of
from storage.database import Connection, storage_errors
from storage.visible import visible_meters

NEWEST_ROWS = 60
"""How many rows back the newest value is looked for: an hour of minutes, half a day of quarters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentValue:
    """The newest value of one quantity, on the side that the meter's profile names (mostly secondary)."""

    quantity: Quantity
    value: float
    taken_at: datetime
    origin: str
    quality: int


def current_values(connection: Connection, meter: str, *, scope: Scope, now: datetime) -> list[CurrentValue]:
    """Return the newest value of every scalar quantity that the meter told lately."""
    found: dict[Quantity, CurrentValue] = {}
    for table in ("electrical_reading", "register_reading"):
        columns = [q for q in Quantity if q.kind in (Kind.COUNTER, Kind.REAL) and table_of(q) == table]
        for row in _newest_rows(connection, table, meter, scope, now):
            for quantity in columns:
                value = row[quantity.value]
                if value is not None and quantity not in found:
                    found[quantity] = CurrentValue(
                        quantity=quantity,
                        value=float(value),
                        taken_at=row["taken_at"],
                        origin=row["origin_name"],
                        quality=row["quality"],
                    )
    return [found[q] for q in Quantity if q in found]


def _newest_rows(
    connection: Connection, table: str, meter: str, scope: Scope, now: datetime
) -> list[DictRow]:
    query = sql.SQL("""
        SELECT r.*, o.name AS origin_name FROM {table} AS r JOIN origin AS o ON o.origin = r.origin
        WHERE {visible} AND r.taken_at > %(now)s - INTERVAL '40 days' AND r.taken_at <= %(now)s
        ORDER BY r.taken_at DESC LIMIT %(rows)s
    """)
    with storage_errors("reading current values"), connection.cursor(row_factory=dict_row) as cursor:
        visible = visible_meters(connection, [MeterId(meter)], scope=scope)
        return cursor.execute(
            query.format(table=sql.Identifier(table), visible=visible.at("r", "taken_at")),
            {**visible.bound, "now": now, "rows": NEWEST_ROWS},
        ).fetchall()
