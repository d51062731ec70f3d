"""What a backup writes down of a database, so that a restored one can be held against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSum:
    """A table's rows, counted and added up whatever their order."""

    rows: int
    checksum: str
    """The sum of a 64-bit hash of each row's text."""


@contextmanager
def one_snapshot(connection: Connection) -> Iterator[str]:
    """Hold one state of the database while the block runs; gives its name for ``pg_dump --snapshot``.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("taking a snapshot"), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        yield str(row[0]) if row else ""


def table_sums(connection: Connection) -> dict[str, TableSum]:
    """Return every table of ours with its rows; partitions are counted with their table.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("adding up tables"):
        tables = connection.execute(
            "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname"
        ).fetchall()
        return {name: _sum(connection, name) for (name,) in tables}


def _sum(connection: Connection, table: str) -> TableSum:
    question = sql.SQL(
        "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {} AS t"
    )
    row = connection.execute(question.format(sql.Identifier(table))).fetchone()
    rows, checksum = row or (0, 0)
    return TableSum(rows=rows, checksum=str(checksum))


def extension_version(connection: Connection) -> str | None:
    """Return the version of TimescaleDB in this database; None without it."""
    with storage_errors("looking for TimescaleDB"):
        row = connection.execute(
            "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
        ).fetchone()
    return str(row[0]) if row else None


def offered_extension_version(connection: Connection, version: str) -> bool:
    """Tell whether the server can install that version of TimescaleDB."""
    with storage_errors("looking for TimescaleDB"):
        row = connection.execute(
            "SELECT 1 FROM pg_available_extension_versions WHERE name = 'timescaledb' AND version = %s",
            (version,),
        ).fetchone()
    return row is not None


def is_empty(connection: Connection) -> bool:
    """Tell whether nothing of ours is in the database."""
    with storage_errors("looking whether the database is empty"):
        row = connection.execute("SELECT to_regclass('public.schema_level') IS NULL").fetchone()
    return bool(row and row[0])


def begin_restore(connection: Connection, version: str) -> None:
    """Install TimescaleDB in that version and hold its own work back."""
    with storage_errors("preparing TimescaleDB for a restore"):
        install = sql.SQL("CREATE EXTENSION IF NOT EXISTS timescaledb VERSION {}")
        connection.execute(install.format(sql.Literal(version)))
        connection.execute("SELECT timescaledb_pre_restore()")


def end_restore(connection: Connection) -> None:
    """Let TimescaleDB work again."""
    with storage_errors("waking TimescaleDB after a restore"):
        connection.execute("SELECT timescaledb_post_restore()")
