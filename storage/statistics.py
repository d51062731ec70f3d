"""The figures of each local day: load of service points, voltage qualification of meters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime

from psycopg import sql
from psycopg.rows import class_row

from pipeline.model import MeterId, Scope
from storage.database import Connection, storage_errors
from storage.visible import HUNG_ONLY_THERE


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadDay:
    """Load of one service point on one local day, on the primary side."""

    service_point: str
    day: date
    max_kw: float | None
    max_at: datetime | None
    min_kw: float | None
    mean_kw: float | None
    energy_kwh: float | None
    load_factor: float | None
    coverage: float
    """The part of the day that has values, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageDay:
    """Voltage of one phase of one meter on one local day."""

    meter: MeterId
    day: date
    phase: str
    qualified_share: float | None
    """Qualified minutes over monitored minutes, 0 to 1."""
    minutes_monitored: float
    minutes_over: float
    minutes_under: float
    highest_v: float | None
    highest_at: datetime | None
    lowest_v: float | None
    lowest_at: datetime | None
    coverage: float
    """The part of the day that was monitored, 0 to 1."""


def save_load_days(connection: Connection, days: Sequence[LoadDay]) -> None:
    """Store the figures; those of a day that is there are replaced."""
    _save(connection, "load_day", LoadDay, ("service_point", "day"), [astuple(day) for day in days])


def save_voltage_days(connection: Connection, days: Sequence[VoltageDay]) -> None:
    """Store the figures; those of a day that is there are replaced."""
    _save(connection, "voltage_day", VoltageDay, ("meter", "day", "phase"), [astuple(day) for day in days])


def list_load_days(
    connection: Connection,
    *,
    scope: Scope,
    first: date,
    last: date,
    service_points: Sequence[str] | None = None,
) -> list[LoadDay]:
    """Return the days from ``first`` to ``last``, both included, by service point and day."""
    statement = sql.SQL(
        "SELECT {} FROM load_day AS d WHERE day BETWEEN %(first)s AND %(last)s "
        "AND (%(points)s::text[] IS NULL OR service_point = ANY(%(points)s)) "
        "AND (%(areas)s::text[] IS NULL OR EXISTS (SELECT 1 FROM service_point AS p "
        "WHERE p.id = d.service_point AND p.area = ANY(%(areas)s))) ORDER BY service_point, day"
    ).format(_columns(LoadDay))
    parameters = {
        "first": first,
        "last": last,
        "points": None if service_points is None else list(service_points),
        "areas": None if scope.areas is None else sorted(scope.areas),
    }
    with storage_errors("listing load days"), connection.cursor(row_factory=class_row(LoadDay)) as cursor:
        return cursor.execute(statement, parameters).fetchall()


def list_voltage_days(
    connection: Connection,
    *,
    scope: Scope,
    first: date,
    last: date,
    meters: Sequence[MeterId] | None = None,
) -> list[VoltageDay]:
    """Return the days from ``first`` to ``last``, both included, by meter, day and phase."""
    statement = sql.SQL(
        "SELECT {columns} FROM voltage_day AS d WHERE day BETWEEN %(first)s AND %(last)s "
        "AND (%(meters)s::text[] IS NULL OR meter = ANY(%(meters)s)) "
        "AND (%(areas)s::text[] IS NULL OR {hung}) ORDER BY meter, day, phase"
    ).format(
        columns=_columns(VoltageDay),
        hung=sql.SQL(HUNG_ONLY_THERE).format(
            meter=sql.SQL("(SELECT meter_id FROM meter WHERE id = d.meter)"),
            first=sql.SQL("d.day::timestamp AT TIME ZONE own.zone"),
            after=sql.SQL("(d.day + 1)::timestamp AT TIME ZONE own.zone"),
        ),
    )
    parameters = {
        "first": first,
        "last": last,
        "meters": None if meters is None else list(meters),
        "areas": None if scope.areas is None else sorted(scope.areas),
    }
    with (
        storage_errors("listing voltage days"),
        connection.cursor(row_factory=class_row(VoltageDay)) as cursor,
    ):
        return cursor.execute(statement, parameters).fetchall()


def _columns(record: type) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(f.name) for f in fields(record))


def _save(
    connection: Connection,
    table: str,
    record: type,
    key: Sequence[str],
    rows: Sequence[Sequence[object]],
) -> None:
    names = [f.name for f in fields(record)]
    rest = [name for name in names if name not in key]
    statement = sql.SQL(
        "INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT ({key}) DO UPDATE "
        "SET {new}, computed_at = now()"
    ).format(
        table=sql.Identifier(table),
        names=_columns(record),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        new=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n)) for n in rest),
    )
    doing = f"saving {len(rows)} rows of {table}"
    with storage_errors(doing), connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statement, rows)
