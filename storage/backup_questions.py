"""What a backup writes down of a database, so that a restored one can be held against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pipeline.errors import ConfigError
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
    """Install TimescaleDB in that version and hold its own work back.

    Raises:
        ConfigError: If the connection's user may not: the extension's own tables are the superuser's.
        StorageError: If the database is away or refuses.
    """
    with storage_errors("preparing TimescaleDB for a restore"):
        install = sql.SQL("CREATE EXTENSION IF NOT EXISTS timescaledb VERSION {}")
        connection.execute(install.format(sql.Literal(version)))
        try:
            connection.execute("SELECT timescaledb_pre_restore()")
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigError(
                f"{connection.info.user} may not restore TimescaleDB's own tables. Next step: run this as "
                "the server's superuser, which hands every table over to the owner of the database: runuser "
                f"-u postgres -- env KILOWATCH_DATABASE_URL=postgresql:///{connection.info.dbname} kilowatch "
                "db restore ... (with a copy of the backup that postgres may read)"
            ) from error


def end_restore(connection: Connection) -> None:
    """Let TimescaleDB work again."""
    with storage_errors("waking TimescaleDB after a restore"):
        connection.execute("SELECT timescaledb_post_restore()")


_OWNED = """
    WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('public', 'grafana'))
    SELECT 'TABLE' AS kind, oid::regclass::text AS name FROM pg_class AS c
    WHERE relnamespace IN (SELECT oid FROM ours) AND relkind IN ('r', 'p', 'v', 'm')
      AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
    UNION ALL
    -- One of a column goes with its table.
    SELECT 'SEQUENCE', oid::regclass::text FROM pg_class AS c
    WHERE relnamespace IN (SELECT oid FROM ours) AND relkind = 'S'
      AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = c.oid AND deptype IN ('a', 'i', 'e'))
    UNION ALL
    SELECT 'ROUTINE', oid::regprocedure::text FROM pg_proc AS p
    WHERE pronamespace IN (SELECT oid FROM ours)
      AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    UNION ALL
    SELECT 'TYPE', oid::regtype::text FROM pg_type AS t
    WHERE typnamespace IN (SELECT oid FROM ours) AND typtype IN ('e', 'd')
      AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = t.oid AND deptype = 'e')
    UNION ALL
    SELECT 'SCHEMA', oid::regnamespace::text FROM ours WHERE nspname <> 'public'
"""


def hand_over(connection: Connection) -> None:
    """Let the database's owner own what a superuser has restored; partitions go with their tables.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("handing the tables over to the database's owner"), connection.transaction():
        row = connection.execute(
            "SELECT pg_get_userbyid(datdba), pg_get_userbyid(datdba) = current_user FROM pg_database "
            "WHERE datname = current_database()"
        ).fetchone()
        owner, is_ours = row or ("", True)
        if is_ours:
            return
        aggregates = _continuous_aggregates(connection)
        for kind, name in connection.execute(_OWNED).fetchall():
            # The server has quoted the name.
            statement = sql.SQL("ALTER {} {} OWNER TO {}").format(
                sql.SQL("MATERIALIZED VIEW" if name in aggregates else kind),
                sql.SQL(name),
                sql.Identifier(owner),
            )
            connection.execute(statement)


def _continuous_aggregates(connection: Connection) -> set[str]:
    """Return the views that TimescaleDB keeps up to date, named as the server writes them."""
    catalog = connection.execute(
        "SELECT to_regclass('_timescaledb_catalog.continuous_agg') IS NOT NULL"
    ).fetchone()
    if catalog is None or not catalog[0]:
        return set()
    rows = connection.execute(
        "SELECT format('%I.%I', user_view_schema, user_view_name)::regclass::text "
        "FROM _timescaledb_catalog.continuous_agg"
    ).fetchall()
    return {name for (name,) in rows}
