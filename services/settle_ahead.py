"""Reads ahead what the bills of many service points are worked out of: each question once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import TypeAlias

import numpy as np

from pipeline.bills import bill_span
from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import Registry, Role
from services.derive import MINUTES
from services.settle_book import NEAR, WANTED, StoredBook, rows_of
from services.settle_terms import supplied
from storage.database import Connection
from storage.finals import settled_series
from storage.intervals import IntervalColumns
from storage.readings import ReadingSeries, reading_series

BILLS_AT_ONCE = 200
"""Their intervals of a month are some 50 MB."""
AN_INSTANT = timedelta(microseconds=1)
Wanted: TypeAlias = tuple[str, str]
"""A service point and a month."""


def in_parts(wanted: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """Yield bills in parts that are read ahead together."""
    rest = iter(wanted)
    while part := list(islice(rest, BILLS_AT_ONCE)):
        yield part


def book_ahead(connection: Connection, archive: Registry, wanted: Sequence[Wanted]) -> StoredBook:
    """Return a book that holds what these bills ask for first; it looks the rest up as it is asked for.

    Raises:
        StorageError: If the database is away or refuses.
    """
    book = StoredBook(connection=connection, scope=EVERYTHING)
    for span, meters in _meters_by_span(archive, wanted).items():
        for edge in span:
            begins, ends = edge - NEAR, edge + NEAR + AN_INSTANT
            found = reading_series(
                connection, WANTED, scope=EVERYTHING, starts_at=begins, ends_at=ends, meters=meters
            )
            own = _readings_by_meter(found)
            for meter in meters:
                book.hold_readings(meter, (begins, ends), own.get(meter, rows_of(found, np.arange(0))))
        settled = settled_series(
            connection, scope=EVERYTHING, starts_at=span[0], ends_at=span[1], minutes=MINUTES, meters=meters
        )
        rows = _rows_by_meter(settled)
        for meter in meters:
            book.hold_intervals(meter, span, settled.slots(rows.get(meter, slice(0, 0))))
    return book


def _meters_by_span(
    archive: Registry, wanted: Sequence[Wanted]
) -> dict[tuple[datetime, datetime], list[MeterId]]:
    """Return the meters that count in each billing month; most points settle on the same days."""
    found: dict[tuple[datetime, datetime], dict[MeterId, None]] = defaultdict(dict)
    for point, month in wanted:
        span = supplied(archive, point, bill_span(archive, point, month))
        for placed in archive.installations_by_point.get(point, ()):
            if placed.role is not Role.CHECK:
                found[span][placed.meter] = None
    return {span: list(meters) for span, meters in found.items()}


def _readings_by_meter(found: ReadingSeries) -> dict[MeterId, ReadingSeries]:
    edges = np.searchsorted(found.meter_index, np.arange(len(found.meters) + 1))
    return {
        meter: rows_of(found, np.arange(edges[place], edges[place + 1]))
        for place, meter in enumerate(found.meters)
    }


def _rows_by_meter(intervals: IntervalColumns) -> dict[MeterId, slice]:
    """Return where each meter's intervals stand: they come meter by meter."""
    rows, first = {}, 0
    for meter, own in groupby(intervals.meters):
        end = first + sum(1 for _ in own)
        rows[meter] = slice(first, end)
        first = end
    return rows
