"""Writes readings: straight into the tables by binary COPY, through a stage where rows are there already."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat

import numpy as np
import orjson
from numpy.typing import NDArray
from psycopg import errors, sql

from pipeline.block import ReadingBlock, blocks_from_snapshots
from pipeline.model import Quality, Snapshot
from pipeline.ports import Unmatched, WriteReport
from pipeline.timegrid import from_numpy
from storage import pgcopy
from storage.announcements import Topic, announce
from storage.batch import TableBatch, table_batch
from storage.columns import GROUPS_OF_TABLE
from storage.database import Connection, storage_errors
from storage.stage import StageJoin, columns_of
from storage.unmatched import keep_unmatched, printable

READINGS = "reading"
"""The source under which they are kept."""
UNKNOWN_METER = "unknown meter"
"""The reason under which readings of meters outside the archive are kept."""


class ReadingWriter:
    """Stores readings exactly once each; implements ``pipeline.ports.ReadingSink``.

    Each call is one transaction: when it returns, its readings are durable. Give it a connection of its own
    that is not inside a transaction.
    """

    def __init__(self, connection: Connection) -> None:
        """Write over ``connection``."""
        self._connection = connection
        self._ids: dict[str, int] = {}
        self._replaying: set[str] = set()
        """Tables whose last batch met rows that were there: the next one goes to the stage at once."""

    def write(self, snapshots: Sequence[Snapshot]) -> WriteReport:
        """Store snapshots; the same ones again change nothing.

        Raises:
            StorageError: If the database is away or refuses; nothing of this call is stored then.
        """
        if not snapshots:
            return WriteReport()
        with storage_errors(f"storing {len(snapshots)} readings"), self._connection.transaction():
            self._learn({s.meter for s in snapshots})
            strangers = [s for s in snapshots if s.meter not in self._ids]
            known = [s for s in snapshots if s.meter in self._ids] if strangers else snapshots
            keep_unmatched(self._connection, [set_aside(s, UNKNOWN_METER) for s in strangers])
            report = WriteReport(unmatched=len(strangers))
            blocks = blocks_from_snapshots(known, GROUPS_OF_TABLE.values())
            for table, block in zip(GROUPS_OF_TABLE, blocks, strict=True):
                if len(block):
                    report += self._write_table(block, self._numbers(block), table)
            self._announce(report, [self._ids[s.meter] for s in known])
            return report

    def write_block(self, block: ReadingBlock) -> WriteReport:
        """Store a block of any groups; as :meth:`write`.

        Raises:
            StorageError: If the database is away or refuses; nothing of this call is stored then.
        """
        if not len(block):
            return WriteReport()
        with storage_errors(f"storing {len(block)} readings"), self._connection.transaction():
            numbers = self._numbers(block)
            if (numbers < 0).any():
                self._learn(set(block.meters))
                numbers = self._numbers(block)
            strangers = [int(row) for row in np.flatnonzero(numbers < 0)]
            keep_unmatched(self._connection, [_unmatched_row(block, row) for row in strangers])
            report = WriteReport(unmatched=len(strangers))
            for table in GROUPS_OF_TABLE:
                report += self._write_table(block, numbers, table)
            self._announce(report, numbers[numbers >= 0])
            return report

    def _announce(self, report: WriteReport, numbers: Sequence[int] | NDArray[np.int32]) -> None:
        """Tell who looks at these meters, unless every reading was there already."""
        if report.written or report.completed:
            announce(self._connection, Topic.READINGS, numbers)

    def _learn(self, meters: Iterable[str]) -> None:
        new = [printable(m) for m in meters if m not in self._ids]
        if new:
            rows = self._connection.execute("SELECT id, meter_id FROM meter WHERE id = ANY(%s)", (new,))
            self._ids.update(rows.fetchall())

    def _numbers(self, block: ReadingBlock) -> NDArray[np.int32]:
        """Return the number of each row's meter; negative where the archive does not know it."""
        return np.fromiter(map(self._ids.get, block.meters, repeat(-1)), dtype=np.int32, count=len(block))

    def _write_table(self, block: ReadingBlock, numbers: NDArray[np.int32], table: str) -> WriteReport:
        batch = table_batch(block, table, numbers)
        if batch is None:
            return WriteReport()
        report = WriteReport()
        for once in batch.rounds():
            report += self._write_batch(once)
        return report

    def _write_batch(self, batch: TableBatch) -> WriteReport:
        if batch.table not in self._replaying:
            try:
                with self._connection.transaction():
                    self._copy(batch, batch.table)
            except errors.UniqueViolation:
                self._replaying.add(batch.table)
            else:
                return WriteReport(written=len(batch))
        report = self._write_through_stage(batch)
        if report.written == len(batch):
            self._replaying.discard(batch.table)
        return report

    def _copy(self, batch: TableBatch, into: str) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            sql.Identifier(into), columns_of(batch)
        )
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for piece in pgcopy.pieces(batch.columns(), len(batch)):
                copy.write(piece)

    def _write_through_stage(self, batch: TableBatch) -> WriteReport:
        stage = f"stage_{batch.table}"
        self._prepare_stage(batch.table, stage)
        self._copy(batch, stage)
        # The stage has no statistics, and hashing a whole chunk for a few rows is slow: walk the key's index.
        self._connection.execute("SET LOCAL enable_hashjoin = off")
        self._connection.execute("SET LOCAL enable_mergejoin = off")
        report = self._replayed(batch, stage) or self._merged(batch, stage)
        self._connection.execute("SET LOCAL enable_hashjoin = on")
        self._connection.execute("SET LOCAL enable_mergejoin = on")
        return report

    def _replayed(self, batch: TableBatch, stage: str) -> WriteReport | None:
        """Report a batch whose every row is there already, equal in every column; None for any other."""
        tables = StageJoin(batch, stage)
        # One row tells whether it is worth looking at all of them.
        for question, rows in ((tables.first_is_there(), 1), (tables.equal(), len(batch))):
            found = self._connection.execute(question, tables.span, prepare=False).fetchone()
            if found is None or found[0] < rows:
                return None
        return WriteReport(replayed=len(batch))

    def _merged(self, batch: TableBatch, stage: str) -> WriteReport:
        """Insert what is new, and amend what is there."""
        written = self._insert_new(batch, stage)
        report = WriteReport(written=written)
        if written < len(batch):
            report += self._amend(batch, stage, len(batch) - written)
        return report

    def _prepare_stage(self, table: str, stage: str) -> None:
        there = self._connection.execute("SELECT to_regclass(%s)", (f"pg_temp.{stage}",)).fetchone()
        if there is not None and there[0] is not None:
            self._connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(stage)))
            return
        self._connection.execute(
            sql.SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DELETE ROWS").format(
                sql.Identifier(stage), sql.Identifier(table)
            )
        )

    def _insert_new(self, batch: TableBatch, stage: str) -> int:
        columns = columns_of(batch)
        return self._connection.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(
                sql.Identifier(batch.table), columns, columns, sql.Identifier(stage)
            )
        ).rowcount

    def _amend(self, batch: TableBatch, stage: str, there: int) -> WriteReport:
        """Fill gaps of the rows that were there, and keep the values that differ from theirs."""
        tables = StageJoin(batch, stage)
        changed = self._connection.execute(tables.changed(), tables.span, prepare=False).fetchall()
        rows = [row for row, _, _ in changed]
        if rows:
            parameters = {**tables.span, "rows": rows, "mask": int(Quality.CONFLICT)}
            if any(conflicts for _, _, conflicts in changed):
                self._connection.execute(tables.keep_conflicts(), parameters, prepare=False)
            self._connection.execute(tables.update(), parameters, prepare=False)
        completed = sum(bool(fills) for _, fills, _ in changed)
        only_conflicts = sum(bool(conflicts) and not fills for _, fills, conflicts in changed)
        return WriteReport(
            replayed=there - completed - only_conflicts,
            completed=completed,
            conflicts=sum(conflicts for _, _, conflicts in changed),
        )


def set_aside(snapshot: Snapshot, reason: str) -> Unmatched:
    """Return a reading as a message that is kept under ``reason``, for it has no place in the tables."""
    values = {quantity.value: value for quantity, value in snapshot.values.items()}
    content = {"taken_at": snapshot.taken_at, "origin": snapshot.origin.value, "values": values}
    return _aside(snapshot.meter, snapshot.received_at, content, reason)


def _unmatched_row(block: ReadingBlock, row: int) -> Unmatched:
    scalars = {q.value: float(column[row]) for q, column in block.scalars.items()}
    values = {name: value for name, value in scalars.items() if not math.isnan(value)}
    arrays = {q.value: column[row] for q, column in block.arrays.items() if column[row] is not None}
    content = {
        "taken_at": from_numpy(block.taken_at[row]),
        "origin": block.origins[row],
        "values": {**values, **arrays},
    }
    return _aside(block.meters[row], from_numpy(block.received_at[row]), content, UNKNOWN_METER)


def _aside(meter: str, received_at: datetime, content: Mapping[str, object], reason: str) -> Unmatched:
    return Unmatched(
        received_at=received_at,
        source=READINGS,
        reason=reason,
        key=meter,
        payload=orjson.dumps(content),
    )
