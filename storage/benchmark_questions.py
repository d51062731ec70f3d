"""What benchmarks ask the database: how a slot arrived, how large tables are, how they were searched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from storage.database import Connection, Level, server_level, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotArrival:
    """What is stored of one slot so far."""

    readings: int
    """Rows of the wide tables."""
    rows: int
    """The same with the lines of the coverage ledger."""
    late_p50_s: float
    """How long after the slot's instant a meter had answered: half of them by then."""
    late_p95_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """Bytes of a table with all its chunks."""

    rows: int
    heap: int
    indexes: int

    @property
    def row_bytes(self) -> float:
        """Bytes of a row, its part of the indexes included."""
        return (self.heap + self.indexes) / self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Scans:
    """How often tables were searched by an index and how often as a whole, since the server counts."""

    by_index: int
    whole: int

    def __sub__(self, earlier: Scans) -> Scans:
        """Return what came since."""
        return Scans(by_index=self.by_index - earlier.by_index, whole=self.whole - earlier.whole)


def slot_arrival(connection: Connection, slot_at: datetime) -> SlotArrival:
    """Return what is stored of the slot at ``slot_at``.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("looking at a slot"):
        row = connection.execute(
            "WITH arrived AS ("
            "SELECT extract(epoch FROM received_at - slot_at)::float8 AS late_s FROM register_reading "
            "WHERE slot_at = %(slot)s UNION ALL "
            "SELECT extract(epoch FROM received_at - slot_at)::float8 FROM electrical_reading "
            "WHERE slot_at = %(slot)s) "
            "SELECT count(*), (SELECT count(*) FROM coverage WHERE slot_at = %(slot)s), "
            "coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY late_s), 0), "
            "coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY late_s), 0) FROM arrived",
            {"slot": slot_at},
        ).fetchone()
    readings, lines, p50, p95 = row or (0, 0, 0.0, 0.0)
    return SlotArrival(readings=readings, rows=readings + lines, late_p50_s=p50, late_p95_s=p95)


def table_size(connection: Connection, table: str) -> TableSize:
    """Return rows and bytes of a table of ours, chunks included.

    Raises:
        StorageError: If the database is away or refuses.
    """
    parts = sql.SQL("" if server_level(connection) is Level.PLAIN else "show_chunks")
    with storage_errors(f"measuring {table}"):
        counted = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        ).fetchone()
        row = connection.execute(
            sql.SQL(
                "SELECT sum(pg_table_size(part)), sum(pg_indexes_size(part)) "
                "FROM (SELECT {}(%s::regclass) AS part) AS parts"
            ).format(parts),
            (table,),
        ).fetchone()
    rows = counted[0] if counted else 0
    heap, indexes = row or (0, 0)
    return TableSize(rows=rows, heap=int(heap or 0), indexes=int(indexes or 0))


def scans(connection: Connection) -> Scans:
    """Return how the tables of readings and the ledger, all chunks together, were searched so far.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("looking how tables were searched"):
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute(
            "SELECT coalesce(sum(idx_scan), 0), coalesce(sum(seq_scan), 0) FROM pg_stat_user_tables "
            "WHERE schemaname = '_timescaledb_internal' OR relname IN "
            "('register_reading', 'electrical_reading', 'coverage')"
        ).fetchone()
    by_index, whole = row or (0, 0)
    return Scans(by_index=int(by_index), whole=int(whole))
