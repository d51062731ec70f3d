"""What meters tell one by one, as detectors want it: events, single readings, outcomes of reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import numpy as np
from psycopg import sql

from pipeline.block import ReadingBlock
from pipeline.coverage import CoverageEntry
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId, Scope
from pipeline.quantities import Quantity
from pipeline.records import EventRecord, TimedValues
from storage.columns import table_of
from storage.coverage import coverage_entries_of
from storage.database import Connection, storage_errors
from storage.readings import ReadingSeries, reading_series
from storage.visible import visible_meters


def event_records(
    connection: Connection,
    *,
    scope: Scope,
    ends_at: datetime,
    meters: Sequence[MeterId],
) -> list[EventRecord]:
    """Return the events of meters that began before ``ends_at``, however long ago, oldest first.

    An event that began before a window may last into it: a relay that was opened stays open.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading events"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT meter_id, kind, part, starts_at, ends_at, detail FROM meter_event AS e "
                "WHERE {visible} AND starts_at < %(to)s "
                "ORDER BY starts_at, meter_id, kind, part"
            ).format(visible=visible.at("e", "starts_at")),
            {**visible.bound, "to": ends_at},
        ).fetchall()
    names = visible.names
    return [
        EventRecord(
            meter=names[number],
            # The meter's own numbering ends with its memory; here the newest is the last.
            event=MeterEvent(
                kind=EventKind(kind), part=part, number=1, starts_at=begins, ends_at=ends, values=detail or {}
            ),
        )
        for number, kind, part, begins, ends, detail in rows
    ]


def single_readings(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    quantities: Sequence[Quantity],
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId],
) -> dict[Quantity, TimedValues]:
    """Return every reading of some quantities in ``[starts_at, ends_at)``, of any origin.

    Raises:
        StorageError: If the database is away or refuses.
    """
    found: dict[Quantity, TimedValues] = {}
    for _, together in groupby(sorted(quantities, key=table_of), key=table_of):
        series = reading_series(
            connection, list(together), scope=scope, starts_at=starts_at, ends_at=ends_at, meters=meters
        )
        found |= timed_values(series)
    return found


def timed_values(series: ReadingSeries) -> dict[Quantity, TimedValues]:
    """Return a series as single values, oldest first."""
    order = np.argsort(series.taken_at, kind="stable")
    names = np.array(series.meters, dtype=object)
    found = {}
    for quantity, column in series.values.items():
        kept = order[~np.isnan(column[order])]
        found[quantity] = TimedValues(
            meters=list(names[series.meter_index[kept]]) if len(kept) else [],
            taken_at=series.taken_at[kept],
            values=column[kept],
        )
    return found


def block_values(readings: ReadingBlock, quantities: Sequence[Quantity]) -> dict[Quantity, TimedValues]:
    """Return the single readings of some quantities that a file holds, oldest first."""
    order = np.argsort(readings.taken_at, kind="stable")
    found = {}
    for quantity in quantities:
        column = readings.scalars.get(quantity)
        if column is None:
            continue
        kept = order[~np.isnan(column[order])]
        found[quantity] = TimedValues(
            meters=[readings.meters[row] for row in kept],
            taken_at=readings.taken_at[kept],
            values=column[kept],
        )
    return found


def read_outcomes(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId],
) -> list[CoverageEntry]:
    """Return the coverage ledger of meters over ``[starts_at, ends_at)``, oldest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading the coverage ledger"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT meter_id, quantity_group, slot_at, status::text, cause, attempts FROM coverage AS c "
                "WHERE {visible} AND slot_at >= %(from)s AND slot_at < %(to)s "
                "ORDER BY slot_at, meter_id, quantity_group"
            ).format(visible=visible.at("c", "slot_at")),
            {**visible.bound, "from": starts_at, "to": ends_at},
        ).fetchall()
    return coverage_entries_of(rows, visible.names)
