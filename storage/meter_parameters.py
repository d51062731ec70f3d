"""Parameters of meters at rest (参数): each value with when it was read first and last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg import sql

from pipeline.model import MeterId, Scope
from pipeline.records import ParameterReading
from storage.database import Connection, storage_errors
from storage.visible import visible_meters

_READ_AGAIN = """
UPDATE meter_parameter AS newest SET last_at = %(at)s
FROM meter JOIN LATERAL (
    SELECT taken_at FROM meter_parameter AS known
    WHERE known.meter_id = meter.meter_id AND name = %(name)s ORDER BY taken_at DESC LIMIT 1
) AS found ON true
WHERE meter.id = %(meter)s AND newest.meter_id = meter.meter_id AND newest.name = %(name)s
AND newest.taken_at = found.taken_at AND newest.value = %(value)s AND newest.last_at <= %(at)s
"""
_READ_FIRST = """
INSERT INTO meter_parameter (meter_id, name, taken_at, last_at, value)
SELECT meter_id, %(name)s, %(at)s, %(at)s, %(value)s FROM meter WHERE id = %(meter)s
ON CONFLICT (meter_id, name, taken_at) DO NOTHING
"""


def write_parameters(connection: Connection, readings: Sequence[ParameterReading]) -> int:
    """Store what meters hold, oldest first; return how many values are other than before.

    Raises:
        StorageError: If the database is away or refuses; nothing of this call is stored then.
    """
    changed = 0
    with storage_errors("storing parameters"), connection.transaction():
        for reading in readings:
            bound = {
                "meter": reading.meter,
                "name": reading.name,
                "at": reading.taken_at,
                "value": reading.value,
            }
            if not connection.execute(_READ_AGAIN, bound).rowcount:
                changed += connection.execute(_READ_FIRST, bound).rowcount
    return changed


def parameters_read_at(connection: Connection, meter: MeterId, names: Sequence[str]) -> datetime | None:
    """Return when any of some parameters of a meter was read last; None if never.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"looking up parameters of meter {meter}"):
        row = connection.execute(
            "SELECT max(last_at) FROM meter_parameter JOIN meter USING (meter_id) "
            "WHERE id = %s AND name = ANY(%s)",
            (meter, list(names)),
        ).fetchone()
    return None if row is None else row[0]


def parameter_readings(
    connection: Connection, *, scope: Scope, ends_at: datetime, meters: Sequence[MeterId]
) -> list[ParameterReading]:
    """Return what meters held before ``ends_at``, however long ago, oldest first.

    Of each value there are two readings, the first and the last one; one where it was read once. What was
    read elsewhere than in the scope is left out, as every reading is.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading parameters"):
        visible = visible_meters(connection, meters, scope=scope)
        names = visible.names
        rows = connection.execute(
            sql.SQL(
                "SELECT p.meter_id, p.name, p.read_at, p.value FROM ("
                "SELECT meter_id, name, taken_at AS read_at, value FROM meter_parameter UNION "
                "SELECT meter_id, name, last_at, value FROM meter_parameter) AS p "
                "WHERE {visible} AND p.read_at < %(to)s"
            ).format(visible=visible.at("p", "read_at")),
            {**visible.bound, "to": ends_at},
        ).fetchall()
    found = [
        ParameterReading(meter=names[number], name=name, taken_at=at, value=value)
        for number, name, at, value in rows
    ]
    return sorted(found, key=lambda reading: (reading.taken_at, reading.meter, reading.name))
