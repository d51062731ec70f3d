"""Questions about readings: series of meters over a span, as columns, and the newest value of each meter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from pipeline.block import Times
from pipeline.errors import StorageError
from pipeline.model import MeterId, Origin, Scope, Value
from pipeline.quantities import Kind, Quantity
from storage.columns import NUMBER_OF_ORIGIN, ORIGIN_OF_NUMBER, table_of
from storage.database import Connection, storage_errors
from storage.packed_columns import double, instant, integer, packed, real, times_of, unpacked
from storage.visible import visible_meters

_COLUMN_OF_KIND = MappingProxyType({Kind.COUNTER: double, Kind.REAL: real, Kind.INSTANT: instant})
"""How the values of a series are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSeries:
    """Readings as columns of equal length, ordered by meter, time and origin."""

    meters: Sequence[MeterId]
    """The meters that have readings here, in order."""
    meter_index: NDArray[np.int64]
    """For each row the position of its meter in :attr:`meters`."""
    taken_at: Times
    slot_at: Times
    origin: NDArray[np.int16]
    """Numbers as in ``storage.columns.NUMBER_OF_ORIGIN``."""
    quality: NDArray[np.int32]
    values: Mapping[Quantity, NDArray[np.float64]]
    """NaN where missing; instants as POSIX seconds."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.taken_at)

    def of(self, meter: MeterId) -> ReadingSeries:
        """Return the rows of one meter."""
        try:
            rows = self.meter_index == self.meters.index(meter)
        except ValueError:
            rows = np.zeros(len(self), dtype=np.bool_)
        return ReadingSeries(
            meters=[meter],
            meter_index=np.zeros(int(rows.sum()), dtype=np.int64),
            taken_at=self.taken_at[rows],
            slot_at=self.slot_at[rows],
            origin=self.origin[rows],
            quality=self.quality[rows],
            values={q: column[rows] for q, column in self.values.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestValue:
    """The newest value of one quantity of one meter."""

    meter: MeterId
    quantity: Quantity
    value: Value
    taken_at: datetime
    origin: Origin
    quality: int


def reading_series(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    quantities: Sequence[Quantity],
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId] | None = None,
    origins: Iterable[Origin] | None = None,
    after_midnight: tuple[ZoneInfo, int] | None = None,
) -> ReadingSeries:
    """Return the readings with ``taken_at`` in ``[starts_at, ends_at)`` that have one of ``quantities``.

    Args:
        connection: The database.
        quantities: Numbers of one table (registers, demand and statistics; or electrical and device).
        scope: The areas the caller may see.
        starts_at: The first instant.
        ends_at: The first instant after.
        meters: Which meters; None for all in scope.
        origins: Which ways of reading; None for all.
        after_midnight: Only those taken less than so many minutes after midnight of a zone.

    Raises:
        StorageError: If quantities of different tables, spectra or words are asked for.
    """
    table = _one_table(quantities)
    if any(q.kind not in _COLUMN_OF_KIND for q in quantities):
        raise StorageError("spectra and status words are no series of numbers: ask for arrays instead")
    wanted = sorted(NUMBER_OF_ORIGIN[o] for o in (Origin if origins is None else origins))
    with storage_errors("reading a series"):
        visible = visible_meters(connection, meters, scope=scope)
        columns = [
            instant("taken_at"),
            instant("slot_at"),
            integer("origin"),
            integer("quality"),
            *(_COLUMN_OF_KIND[q.kind](q.value) for q in quantities),
        ]
        statement = sql.SQL(
            "SELECT meter_id, count(*), {columns} FROM {table} AS r "
            "WHERE {visible} AND taken_at >= %(from)s AND taken_at < %(to)s "
            "AND origin = ANY(%(origins)s) AND num_nonnulls({names}) > 0 "
            "AND (%(zone)s::text IS NULL OR (taken_at AT TIME ZONE %(zone)s)::time "
            "< time '00:00' + make_interval(mins => %(minutes)s)) GROUP BY meter_id ORDER BY meter_id"
        ).format(
            columns=packed(columns, sql.SQL("taken_at, origin")),
            table=sql.Identifier(table),
            names=sql.SQL(", ").join(sql.Identifier(q.value) for q in quantities),
            visible=visible.at("r", "taken_at"),
        )
        parameters = {**visible.bound, "from": starts_at, "to": ends_at, "origins": wanted}
        zone, minutes = (None, 0) if after_midnight is None else after_midnight
        parameters |= {"zone": None if zone is None else zone.key, "minutes": minutes}
        with connection.cursor(binary=True) as cursor:
            meters_found = cursor.execute(statement, parameters).fetchall()
    taken_at, slot_at, origin, quality, *values = unpacked([row[2:] for row in meters_found], columns)
    names = visible.names
    return ReadingSeries(
        meters=[names[row[0]] for row in meters_found],
        meter_index=np.repeat(
            np.arange(len(meters_found)), np.array([row[1] for row in meters_found], dtype=np.int64)
        ),
        taken_at=times_of(taken_at),
        slot_at=times_of(slot_at),
        origin=origin.astype(np.int16),
        quality=quality.astype(np.int32),
        values={q: _numbers(sent, q) for q, sent in zip(quantities, values, strict=True)},
    )


def latest_values(
    connection: Connection,
    quantities: Sequence[Quantity],
    *,
    scope: Scope,
    since: datetime,
    meters: Sequence[MeterId] | None = None,
) -> list[LatestValue]:
    """Return for each meter and quantity the newest value taken at or after ``since``."""
    found: list[LatestValue] = []
    with storage_errors("reading the newest values"):
        visible = visible_meters(connection, meters, scope=scope)
        names = visible.names
        for quantity in quantities:
            statement = sql.SQL(
                "SELECT m.number, r.value, r.taken_at, r.origin, r.quality "
                "FROM unnest(%(meters)s::int[]) AS m (number) CROSS JOIN LATERAL ("
                "SELECT {column} AS value, taken_at, origin, quality FROM {table} AS told "
                "WHERE told.meter_id = m.number AND {visible} AND taken_at >= %(since)s "
                "AND {column} IS NOT NULL ORDER BY taken_at DESC, origin LIMIT 1) AS r"
            ).format(
                column=sql.Identifier(quantity.value),
                table=sql.Identifier(table_of(quantity)),
                visible=visible.at("told", "taken_at"),
            )
            rows = connection.execute(statement, {**visible.bound, "since": since}).fetchall()
            found += [
                LatestValue(
                    meter=names[number],
                    quantity=quantity,
                    value=_value(value),
                    taken_at=taken_at,
                    origin=ORIGIN_OF_NUMBER[origin],
                    quality=quality,
                )
                for number, value, taken_at, origin, quality in rows
            ]
    return found


def _one_table(quantities: Sequence[Quantity]) -> str:
    tables = {table_of(q) for q in quantities}
    if len(tables) != 1:
        names = ", ".join(quantities) or "none"
        raise StorageError(f"a series needs quantities of one table, not {names}")
    return tables.pop()


def _numbers(sent: NDArray[Any], quantity: Quantity) -> NDArray[np.float64]:  # Any: what its column holds
    if quantity.kind is not Kind.INSTANT:
        return sent.astype(np.float64)
    times = times_of(sent)
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 1e6)


def _value(value: object) -> Value:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, list):
        return tuple(float("nan") if v is None else float(v) for v in value)
    if isinstance(value, float | int):
        return float(value)
    raise StorageError(f"a stored value of an unexpected kind: {value!r}")
