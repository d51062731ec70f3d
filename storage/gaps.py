"""What is stored of the meters' own memories, and the spans that backfill (补抄) has to fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from psycopg import sql

from pipeline.block import Times
from pipeline.model import MeterId, Origin, Scope
from pipeline.quantities import Quantity
from pipeline.timegrid import from_numpy, slot_grid
from storage.columns import NUMBER_OF_ORIGIN, ORIGIN_OF_NUMBER
from storage.database import Connection, storage_errors
from storage.readings import reading_series
from storage.visible import visible_meters

Span = tuple[datetime, datetime]
"""A half-open stretch of time."""


def load_record_gaps(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    minutes: Mapping[MeterId, int],
) -> dict[MeterId, list[Span]]:
    """Return for each meter the spans of ``[starts_at, ends_at)`` without load records, oldest first.

    Args:
        connection: The database.
        scope: The areas the caller may see.
        starts_at: The first instant.
        ends_at: The first instant after.
        minutes: The meters that keep load records, and how often.

    Raises:
        StorageError: If the database is away or refuses.
    """
    series = reading_series(
        connection,
        [Quantity.ACTIVE_ENERGY_IMPORT],
        scope=scope,
        starts_at=starts_at,
        ends_at=ends_at,
        meters=list(minutes),
        origins=[Origin.LOAD_RECORD],
    )
    return {
        meter: _spans(_missing(slot_grid(starts_at, ends_at, every), series.of(meter).taken_at), every)
        for meter, every in minutes.items()
    }


def stored_instants(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    meters: Sequence[MeterId],
    origins: Sequence[Origin],
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
) -> dict[tuple[MeterId, Origin], set[datetime]]:
    """Return the instants in ``[starts_at, ends_at)`` at which registers of these origins are stored.

    Raises:
        StorageError: If the database is away or refuses.
    """
    found: dict[tuple[MeterId, Origin], set[datetime]] = {}
    with storage_errors("looking up stored freezes"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT meter_id, origin, taken_at FROM register_reading AS r "
                "WHERE {visible} AND taken_at >= %(from)s AND taken_at < %(to)s "
                "AND origin = ANY(%(origins)s)"
            ).format(visible=visible.at("r", "taken_at")),
            {
                **visible.bound,
                "from": starts_at,
                "to": ends_at,
                "origins": [NUMBER_OF_ORIGIN[origin] for origin in origins],
            },
        ).fetchall()
    for number, origin, taken_at in rows:
        found.setdefault((visible.names[number], ORIGIN_OF_NUMBER[origin]), set()).add(taken_at)
    return found


def _missing(expected: Times, stored: Times) -> Times:
    missing: Times = expected[~np.isin(expected, stored)]
    return missing


def _spans(missing: Times, minutes: int) -> list[Span]:
    if len(missing) == 0:
        return []
    step = np.timedelta64(minutes * 60_000_000, "us")
    breaks = np.flatnonzero(np.diff(missing) > step) + 1
    runs: Sequence[Times] = np.split(missing, breaks)
    return [(from_numpy(run[0]), from_numpy(run[-1] + step)) for run in runs]
