"""What the charts and the value tables of one meter are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import dict_row

from pipeline.model import Scope
from pipeline.quantities import Group, Kind, Quantity
from storage.database import Connection, storage_errors

NEWEST_ROWS = 60
"""How many rows back the newest value of a quantity is looked for: an hour of minutes, half a day of quarters."""
_TABLES: Mapping[Group, str] = {
    Group.REGISTER: "register_reading",
    Group.DEMAND: "register_reading",
    Group.STATISTICS: "register_reading",
    Group.ELECTRICAL: "electrical_reading",
    Group.DEVICE: "electrical_reading",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentValue:
    """The newest value of one quantity, on the meter's own (secondary) side unless its profile says primary."""

    quantity: Quantity
    value: float
    taken_at: datetime
    origin: str
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Columns over one time axis; NaN where missing."""

    seconds: NDArray[np.float64]
    """POSIX seconds, ascending."""
    columns: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalSeries:
    """Interval energy on the primary side, as mean power over each slot."""

    seconds: NDArray[np.float64]
    """POSIX seconds of the slot starts, ascending."""
    minutes: int
    import_kwh: NDArray[np.float64]
    """NaN where missing."""
    quality: NDArray[np.str_]
    """A letter a slot, as in the interval files."""


_METER = sql.SQL("""
    SELECT m.meter_id FROM meter AS m
    WHERE m.id = %(meter)s AND (%(areas)s::text[] IS NULL OR EXISTS (
        SELECT 1 FROM installation AS i JOIN service_point AS p ON p.id = i.service_point
        WHERE i.meter_id = m.meter_id AND p.area = ANY (%(areas)s::text[])))
""")


def current_values(connection: Connection, meter: str, *, scope: Scope, now: datetime) -> list[CurrentValue]:
    """Return the newest value of every scalar quantity that the meter told lately."""
    found: dict[Quantity, CurrentValue] = {}
    for table in ("electrical_reading", "register_reading"):
        columns = [
            q for q in Quantity if q.kind in (Kind.COUNTER, Kind.REAL) and _TABLES.get(q.group) == table
        ]
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
) -> list[dict[str, object]]:
    query = sql.SQL("""
        SELECT r.*, o.name AS origin_name FROM {table} AS r JOIN origin AS o ON o.origin = r.origin
        WHERE r.meter_id = ({meter}) AND r.taken_at > %(now)s - INTERVAL '40 days' AND r.taken_at <= %(now)s
        ORDER BY r.taken_at DESC LIMIT %(rows)s
    """).format(table=sql.Identifier(table), meter=_METER)
    with storage_errors("reading current values"), connection.cursor(row_factory=dict_row) as cursor:
        bound = {"meter": meter, "areas": _areas(scope), "now": now, "rows": NEWEST_ROWS}
        return cursor.execute(query, bound).fetchall()


def series(
    connection: Connection,
    meter: str,
    quantities: Sequence[Quantity],
    *,
    scope: Scope,
    since: datetime,
    until: datetime,
) -> Series:
    """Return readings of quantities of one table over ``[since, until)``.

    Raises:
        ValueError: If a quantity is not a number over time, or two are kept in different tables.
    """
    tables = {_TABLES.get(q.group) for q in quantities if q.kind in (Kind.COUNTER, Kind.REAL)}
    table = tables.pop() if len(tables) == 1 else None
    if table is None or any(q.kind not in (Kind.COUNTER, Kind.REAL) for q in quantities):
        raise ValueError(f"these quantities do not share one time axis: {', '.join(quantities)}")
    query = sql.SQL("""
        SELECT extract(epoch FROM taken_at)::float8, {columns} FROM {table}
        WHERE meter_id = ({meter}) AND taken_at >= %(since)s AND taken_at < %(until)s
          AND num_nonnulls({names}) > 0
        ORDER BY taken_at, origin
    """).format(
        columns=sql.SQL(", ").join(sql.SQL("{}::float8").format(sql.Identifier(q.value)) for q in quantities),
        names=sql.SQL(", ").join(sql.Identifier(q.value) for q in quantities),
        table=sql.Identifier(table),
        meter=_METER,
    )
    with storage_errors("reading a series"), connection.cursor(binary=True) as cursor:
        bound = {"meter": meter, "areas": _areas(scope), "since": since, "until": until}
        rows = cursor.execute(query, bound).fetchall()
    # None becomes NaN on the way into the array.
    cells = np.array(rows, dtype=np.float64).reshape(len(rows), len(quantities) + 1)
    return Series(seconds=cells[:, 0], columns={q.value: cells[:, n + 1] for n, q in enumerate(quantities)})


def interval_series(
    connection: Connection, meter: str, *, scope: Scope, since: datetime, until: datetime
) -> IntervalSeries | None:
    """Return the newest version of each interval in ``[since, until)``; None if there is none.

    Where a meter has intervals of several lengths, the finest is taken.
    """
    query = sql.SQL("""
        SELECT extract(epoch FROM starts_at)::float8, minutes, import_kwh, quality FROM interval_current
        WHERE meter_id = ({meter}) AND starts_at >= %(since)s AND starts_at < %(until)s
        ORDER BY starts_at
    """).format(meter=_METER)
    with storage_errors("reading intervals"), connection.cursor(binary=True) as cursor:
        bound = {"meter": meter, "areas": _areas(scope), "since": since, "until": until}
        rows = cursor.execute(query, bound).fetchall()
    if not rows:
        return None
    minutes = min(row[1] for row in rows)
    kept = [row for row in rows if row[1] == minutes]
    return IntervalSeries(
        seconds=np.array([row[0] for row in kept], dtype=np.float64),
        minutes=minutes,
        import_kwh=np.array([row[2] for row in kept], dtype=np.float64),
        quality=np.array([row[3] for row in kept], dtype="<U1"),
    )


def _areas(scope: Scope) -> list[str] | None:
    return sorted(scope.areas) if scope.areas is not None else None
