"""Questions about harmonic spectra (谐波频谱)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from pipeline.block import Times
from pipeline.model import MeterId, Scope
from pipeline.quantities import QUANTITIES_OF, Group, Quantity
from storage.database import Connection, storage_errors
from storage.visible import visible_meters

SPECTRA = QUANTITIES_OF[Group.SPECTRUM]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectrumSeries:
    """One meter's spectra, by time and origin."""

    taken_at: Times
    origin: NDArray[np.int16]
    values: Mapping[Quantity, NDArray[np.float64]]
    """Shape ``(n, orders + 1)``, % of the fundamental; NaN where an order is missing."""


def spectrum_series(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId],
) -> dict[MeterId, SpectrumSeries]:
    """Return the spectra of meters with ``taken_at`` in ``[starts_at, ends_at)``.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("reading spectra"):
        visible = visible_meters(connection, meters, scope=scope)
        statement = sql.SQL(
            "SELECT meter_id, (extract(epoch FROM taken_at) * 1000000)::bigint, origin, {columns} "
            "FROM spectrum_reading AS r WHERE {visible} AND taken_at >= %(from)s "
            "AND taken_at < %(to)s ORDER BY meter_id, taken_at, origin"
        ).format(
            columns=sql.SQL(", ").join(sql.Identifier(q.value) for q in SPECTRA),
            visible=visible.at("r", "taken_at"),
        )
        with connection.cursor(binary=True) as cursor:
            rows = cursor.execute(statement, {**visible.bound, "from": starts_at, "to": ends_at}).fetchall()
    grouped: dict[int, list[Sequence[object]]] = {}
    for number, *row in rows:
        grouped.setdefault(number, []).append(row)
    return {visible.names[number]: _series(own) for number, own in grouped.items()}


def _series(rows: Sequence[Sequence[object]]) -> SpectrumSeries:
    taken_at, origin, *columns = zip(*rows, strict=True)
    return SpectrumSeries(
        taken_at=np.array(taken_at, dtype=np.int64).view("datetime64[us]"),
        origin=np.array(origin, dtype=np.int16),
        values={
            quantity: spectrum_matrix(column)
            for quantity, column in zip(SPECTRA, columns, strict=True)
            if any(cell is not None for cell in column)
        },
    )


def spectrum_matrix(cells: Sequence[Sequence[float | None] | None]) -> NDArray[np.float64]:
    """Return spectra of any lengths as one matrix, a row each; what is missing is NaN."""
    lengths = np.array([0 if cell is None else len(cell) for cell in cells])
    matrix = np.full((len(cells), int(lengths.max(initial=0))), np.nan)
    for length in np.unique(lengths[lengths > 0]).tolist():
        rows = np.flatnonzero(lengths == length)
        matrix[rows, :length] = np.array([cells[row] for row in rows.tolist()], dtype=np.float64)
    return matrix
