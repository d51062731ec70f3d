"""The statements that bring staged rows into their table: new rows in, gaps filled, conflicts kept."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from pipeline.quantities import Kind, Quantity
from storage.batch import TableBatch

_SAME_COUNTER = "abs(s.{0} - t.{0}) <= 1e-9 + 1e-13 * abs(t.{0})"
"""Two decoders may differ in the last bit of a double; a counter's step is never finer than 0.1 Wh."""


def columns_of(batch: TableBatch) -> sql.Composed:
    """Return the names of the columns that ``batch`` fills, in the order of its stream."""
    return _names((*batch.row_columns, *(q.value for q in batch.quantities)))


class StageJoin:
    """Compares a stage (s) with its table (t), for the quantities of one batch."""

    def __init__(self, batch: TableBatch, stage: str) -> None:
        """Compare ``stage``, which holds ``batch``, with the batch's table."""
        self._quantities = batch.quantities
        self._from = sql.SQL(
            "{stage} AS s JOIN {table} AS t ON t.meter_id = s.meter_id AND t.taken_at = s.taken_at "
            "AND t.origin = s.origin AND t.taken_at BETWEEN %(first)s AND %(last)s"
        ).format(stage=sql.Identifier(stage), table=sql.Identifier(batch.table))
        self._stage = sql.Identifier(stage)
        self._table = sql.Identifier(batch.table)
        # Without these bounds every partition of the table would be searched.
        self.span = {
            "first": batch.taken_at.min().item().isoformat() + "+00",
            "last": batch.taken_at.max().item().isoformat() + "+00",
        }

    def first_is_there(self) -> sql.Composed:
        """Count, up to one, whether the first staged row has its key in the table."""
        return sql.SQL("SELECT count(*) FROM {tables} WHERE s.ctid = '(0,1)'").format(tables=self._from)

    def equal(self) -> sql.Composed:
        """Count the staged rows that stand in the table with the same content."""
        return sql.SQL("SELECT count(*) FROM {tables} WHERE NOT ({differs})").format(
            tables=self._from, differs=self._any_distinct()
        )

    def changed(self) -> sql.Composed:
        """Find the staged rows that change something: position, whether they fill gaps, conflicts."""
        fills = [_missing(q.value) for q in self._quantities]
        conflicts = [sql.SQL("coalesce({}, false)::int").format(_differs(q)) for q in self._quantities]
        quiet = [
            _missing("slot_at"),
            _missing("meter_time"),
            sql.SQL("(s.quality | t.quality) <> t.quality"),
            sql.SQL("s.flags IS NOT NULL AND merge_flags(t.flags, s.flags) IS DISTINCT FROM t.flags"),
        ]
        return sql.SQL(
            "SELECT row, fills, conflicts FROM (SELECT s.ctid::text AS row, ({fills}) AS fills, "
            "{conflicts} AS conflicts, ({quiet}) AS quiet FROM {tables} WHERE {differs}) AS compared "
            "WHERE fills OR conflicts > 0 OR quiet"
        ).format(
            differs=self._any_distinct(),
            fills=_any(fills),
            conflicts=sql.SQL(" + ").join([sql.SQL("0"), *conflicts]),
            quiet=_any(quiet),
            tables=self._from,
        )

    def _any_distinct(self) -> sql.Composed:
        """Whether two rows differ at all: found out faster than how they differ, and most replays do not."""
        names = ("slot_at", "meter_time", "quality", "flags", *(q.value for q in self._quantities))
        return _any([sql.SQL("s.{0} IS DISTINCT FROM t.{0}").format(sql.Identifier(n)) for n in names])

    def keep_conflicts(self) -> sql.Composed:
        """Put one row into ``reading_conflict`` for each value that differs; seen again, it is counted."""
        values = [
            sql.SQL("({}, s.{}::text, t.{}::text, {})").format(
                sql.Literal(q.value), sql.Identifier(q.value), sql.Identifier(q.value), _differs(q)
            )
            for q in self._quantities
        ]
        return sql.SQL(
            "INSERT INTO reading_conflict AS kept "
            "(meter_id, taken_at, origin, quantity, offered, stored, received_at) "
            "SELECT s.meter_id, s.taken_at, s.origin, v.quantity, v.offered, v.stored, s.received_at "
            "FROM {tables} CROSS JOIN LATERAL (VALUES {values}) AS v (quantity, offered, stored, differs) "
            "WHERE s.ctid = ANY(%(rows)s::tid[]) AND v.differs "
            "ON CONFLICT (meter_id, taken_at, origin, quantity, offered) DO UPDATE SET times = kept.times + 1"
        ).format(tables=self._from, values=sql.SQL(", ").join(values))

    def update(self) -> sql.Composed:
        """Fill what is NULL, or the masks together, and flag what conflicts."""
        filled = [
            sql.SQL("{0} = coalesce(t.{0}, s.{0})").format(sql.Identifier(name))
            for name in ("slot_at", "meter_time", *(q.value for q in self._quantities))
        ]
        conflict = _any([sql.SQL("coalesce({}, false)").format(_differs(q)) for q in self._quantities])
        return sql.SQL(
            "UPDATE {table} AS t SET {filled}, "
            "quality = t.quality | s.quality | CASE WHEN {conflict} THEN %(mask)s ELSE 0 END, "
            "flags = merge_flags(merge_flags(t.flags, s.flags), (SELECT jsonb_object_agg(quantity, %(mask)s) "
            "FROM reading_conflict AS kept WHERE (kept.meter_id, kept.taken_at, kept.origin) = "
            "(s.meter_id, s.taken_at, s.origin))) "
            "FROM {stage} AS s WHERE t.meter_id = s.meter_id AND t.taken_at = s.taken_at "
            "AND t.origin = s.origin AND t.taken_at BETWEEN %(first)s AND %(last)s "
            "AND s.ctid = ANY(%(rows)s::tid[])"
        ).format(table=self._table, stage=self._stage, filled=sql.SQL(", ").join(filled), conflict=conflict)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _missing(column: str) -> sql.Composed:
    return sql.SQL("(t.{0} IS NULL AND s.{0} IS NOT NULL)").format(sql.Identifier(column))


def _differs(quantity: Quantity) -> sql.Composed:
    column = sql.Identifier(quantity.value)
    if quantity.kind is Kind.COUNTER:
        return sql.SQL("NOT (" + _SAME_COUNTER + ")").format(column)
    return sql.SQL("s.{0} <> t.{0}").format(column)


def _any(conditions: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(" OR ").join([sql.SQL("false"), *conditions])
