"""The rows of one table about to be written, merged so that each key stands in them once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import orjson
from numpy.typing import NDArray

from pipeline.block import ReadingBlock, Times
from pipeline.model import Quality
from pipeline.quantities import Kind, Quantity
from storage import pgcopy
from storage.columns import NUMBER_OF_ORIGIN, QUANTITIES_OF_TABLE
from storage.pgcopy import BytesColumn, Column, FixedColumn, RealColumns

KEY_COLUMNS = ("meter_id", "taken_at", "origin")
ROW_COLUMNS = (*KEY_COLUMNS, "received_at", "slot_at", "meter_time", "quality", "flags")

Scalars = Mapping[Quantity, NDArray[np.float64]]
Arrays = Mapping[Quantity, Sequence[tuple[float, ...] | None]]
Flags = Sequence[Mapping[Quantity, Quality]]

_NUMBER_FORMS = {"meter_id": ">i4", "origin": ">i2", "quality": ">i4"}
_ARRAY_FORMS = {Kind.WORDS: pgcopy.integer_array, Kind.SPECTRUM: pgcopy.float_array}
_ORIGIN_NUMBERS = {origin.value: number for origin, number in NUMBER_OF_ORIGIN.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableBatch:
    """Rows of one wide table as columns, sorted by key."""

    table: str
    meter_id: NDArray[np.int32]
    taken_at: Times
    origin: NDArray[np.int16]
    received_at: Times
    slot_at: Times
    meter_time: Times
    quality: NDArray[np.int32]
    flags: Flags
    rows: NDArray[np.intp]
    """Where each row's values stand in the columns below, which are the block's own."""
    scalars: Scalars
    """NaN where missing."""
    arrays: Arrays

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.meter_id)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities that occur, in the order of the table's columns."""
        return tuple(q for q in QUANTITIES_OF_TABLE[self.table] if q in self.scalars or q in self.arrays)

    def take(self, rows: NDArray[np.intp]) -> TableBatch:
        """Return some of the rows."""
        return TableBatch(
            table=self.table,
            meter_id=self.meter_id[rows],
            taken_at=self.taken_at[rows],
            origin=self.origin[rows],
            received_at=self.received_at[rows],
            slot_at=self.slot_at[rows],
            meter_time=self.meter_time[rows],
            quality=self.quality[rows],
            # Where there are none, any of the empty ones will do.
            flags=[self.flags[row] for row in rows.tolist()] if any(self.flags) else self.flags[: len(rows)],
            rows=self.rows[rows],
            scalars=self.scalars,
            arrays=self.arrays,
        )

    def repeats(self) -> NDArray[np.intp]:
        """Return for each row how many rows before it have its key: 0 for the first."""
        n = len(self)
        starts = np.ones(n, dtype=np.bool_)
        starts[1:] = (
            (self.meter_id[1:] != self.meter_id[:-1])
            | (self.taken_at[1:] != self.taken_at[:-1])
            | (self.origin[1:] != self.origin[:-1])
        )
        position = np.arange(n)
        return position - np.maximum.accumulate(np.where(starts, position, 0))

    def rounds(self) -> list[TableBatch]:
        """Split into batches without a repeated key, in the order in which the rows came."""
        repeats = self.repeats()
        if not repeats.any():
            return [self]
        return [self.take(np.flatnonzero(repeats == r)) for r in range(int(repeats.max()) + 1)]

    @property
    def row_columns(self) -> tuple[str, ...]:
        """The columns of :data:`ROW_COLUMNS` that say anything; the others stay NULL."""
        silent = {
            "slot_at": bool(np.isnat(self.slot_at).all()),
            "meter_time": bool(np.isnat(self.meter_time).all()),
            "flags": not any(self.flags),
        }
        return tuple(name for name in ROW_COLUMNS if not silent.get(name, False))

    def columns(self) -> list[Column]:
        """Return the columns as COPY wants them: :attr:`row_columns`, then :attr:`quantities`."""
        return [
            *(self._row_column(name) for name in self.row_columns),
            *(
                column
                for kind, quantities in groupby(self.quantities, key=lambda q: q.kind)
                for column in self._value_columns(kind, list(quantities))
            ),
        ]

    def _row_column(self, name: str) -> Column:
        if name == "flags":
            return BytesColumn(values=[_document(flags) for flags in self.flags])
        if name in _NUMBER_FORMS:
            return FixedColumn(values=getattr(self, name).astype(_NUMBER_FORMS[name]))
        return pgcopy.instants(getattr(self, name))

    def _value_columns(self, kind: Kind, quantities: Sequence[Quantity]) -> Iterable[Column]:
        """Return the columns of neighbouring quantities of one kind."""
        if kind is Kind.REAL:
            return [RealColumns(values=[self.scalars[q] for q in quantities], rows=self.rows)]
        if kind in _ARRAY_FORMS:
            encode, rows = _ARRAY_FORMS[kind], self.rows.tolist()
            arrays = ([self.arrays[q][row] for row in rows] for q in quantities)
            return [BytesColumn(values=[None if v is None else encode(v) for v in array]) for array in arrays]
        column = _instants if kind is Kind.INSTANT else _doubles
        return [column(self.scalars[q][self.rows]) for q in quantities]


def table_batch(block: ReadingBlock, table: str, meter_id: NDArray[np.int32]) -> TableBatch | None:
    """Return the rows of ``block`` that say something about ``table``, sorted by key; None if there are none.

    Args:
        block: The readings.
        table: One of the wide tables.
        meter_id: The number of each row's meter; negative for rows to leave out.
    """
    wanted = frozenset(QUANTITIES_OF_TABLE[table])
    flagged = any(block.flags)
    if wanted.isdisjoint(block.scalars) and wanted.isdisjoint(block.arrays) and not flagged:
        return None
    scalars = {q: column for q, column in block.scalars.items() if q in wanted}
    arrays = {q: column for q, column in block.arrays.items() if q in wanted}
    flags = block.flags
    says = np.zeros(len(block), dtype=np.bool_)
    if flagged:
        flags = [row and {q: f for q, f in row.items() if q in wanted} for row in flags]
        says |= np.fromiter(map(bool, flags), dtype=np.bool_, count=len(block))
    for quantity, column in scalars.items():
        if says.all():
            break
        says |= _storable(quantity, column)
    for array in arrays.values():
        says |= np.fromiter((v is not None for v in array), dtype=np.bool_, count=len(block))
    says &= meter_id >= 0
    if not says.any():
        return None
    batch = TableBatch(
        table=table,
        meter_id=meter_id,
        taken_at=block.taken_at,
        origin=_origins(block.origins),
        received_at=block.received_at,
        slot_at=block.slot_at,
        meter_time=block.meter_time,
        quality=block.quality,
        flags=flags,
        rows=np.arange(len(block)),
        scalars=scalars,
        arrays=arrays,
    )
    # One order for all writers: two of them that meet on the same keys then wait, and never deadlock.
    order = np.lexsort((batch.origin, batch.taken_at, batch.meter_id))
    return batch.take(order[says[order]])


def _doubles(values: NDArray[np.float64]) -> FixedColumn:
    return FixedColumn(values=values.astype(">f8"), missing=~np.isfinite(values))


def _instants(posix_s: NDArray[np.float64]) -> FixedColumn:
    missing = ~np.isfinite(posix_s)
    seconds = np.where(missing, 0.0, posix_s)
    counted = np.rint(seconds * 1e6).astype(np.int64) - pgcopy.POSTGRES_EPOCH_US
    return FixedColumn(values=counted.astype(">i8"), missing=missing)


def _document(flags: Mapping[Quantity, Quality]) -> bytes | None:
    if not flags:
        return None
    return pgcopy.document(orjson.dumps({q.value: int(f) for q, f in flags.items()}))


def _origins(origins: Sequence[str]) -> NDArray[np.int16]:
    first = origins[0]
    if origins.count(first) == len(origins):
        return np.full(len(origins), _ORIGIN_NUMBERS[first], dtype=np.int16)
    return np.fromiter(map(_ORIGIN_NUMBERS.__getitem__, origins), dtype=np.int16, count=len(origins))


def _storable(quantity: Quantity, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which values the column can hold."""
    return np.isfinite(pgcopy.reals(values) if quantity.kind is Kind.REAL else values)
