"""Questions about meters' clocks: how far off each was, and since when it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from pipeline.block import Times
from pipeline.model import MeterId, Scope
from storage.database import Connection, storage_errors
from storage.visible import visible_meters


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffsets:
    """The offsets of one meter's clock, oldest first."""

    taken_at: Times
    offset_s: NDArray[np.float64]
    """Meter minus server."""


def clock_offsets(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId] | None = None,
) -> Mapping[MeterId, ClockOffsets]:
    """Return the measured offsets in ``[starts_at, ends_at)``, the newest of every six hours.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading clock offsets"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT DISTINCT ON (meter_id, slot) meter_id, "
                "floor(extract(epoch FROM taken_at) / 21600) AS slot, "
                "(extract(epoch FROM taken_at) * 1000000)::bigint, clock_offset FROM electrical_reading AS r "
                "WHERE {visible} AND taken_at >= %(from)s AND taken_at < %(to)s "
                "AND clock_offset IS NOT NULL ORDER BY meter_id, slot, taken_at DESC"
            ).format(visible=visible.at("r", "taken_at")),
            {**visible.bound, "from": starts_at, "to": ends_at},
        ).fetchall()
    numbers = np.array([row[0] for row in rows], dtype=np.int64)
    taken_at = np.array([row[2] for row in rows], dtype=np.int64).astype("datetime64[us]")
    offset_s = np.array([row[3] for row in rows], dtype=np.float64)
    found, begins, counts = np.unique(numbers, return_index=True, return_counts=True)
    return {
        visible.names[int(number)]: ClockOffsets(taken_at=taken_at[own], offset_s=offset_s[own])
        for number, begin, count in zip(found, begins, counts, strict=True)
        for own in [slice(begin, begin + count)]
    }
