"""How long each hypertable is kept. Off until somebody sets it, but for raw frames."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from psycopg import sql

from pipeline.errors import StorageError
from storage.database import Connection, Level, storage_errors
from storage.migrate import recorded_level

_TIME_COLUMN: Mapping[str, str] = {
    "register_reading": "taken_at",
    "electrical_reading": "taken_at",
    "spectrum_reading": "taken_at",
    "meter_event": "starts_at",
    "interval": "starts_at",
    "final_interval": "starts_at",
    "coverage": "slot_at",
    "raw_frame": "received_at",
}


def retention(connection: Connection) -> dict[str, timedelta | None]:
    """Return how long each table is kept; None is for ever."""
    with storage_errors("looking up the retention"):
        return dict(connection.execute("SELECT table_name, keep FROM retention ORDER BY 1").fetchall())


def set_retention(connection: Connection, table: str, keep: timedelta | None) -> None:
    """Keep the rows of ``table`` for ``keep``; None keeps them for ever.

    Raises:
        StorageError: If there is no such table.
    """
    _known(table)
    with storage_errors(f"setting the retention of {table}"), connection.transaction():
        connection.execute("UPDATE retention SET keep = %s WHERE table_name = %s", (keep, table))
        if recorded_level(connection) is Level.COMMUNITY:
            connection.execute("SELECT remove_retention_policy(%s, if_exists => true)", (table,))
            if keep is not None:
                connection.execute("SELECT add_retention_policy(%s, %s::interval)", (table, keep))


def apply_retention(connection: Connection, now: datetime) -> dict[str, int]:
    """Drop what is older than allowed; returns chunks (TimescaleDB) or rows (plain) dropped of each table.

    The community level does this by itself; calling it there again does no harm.
    """
    dropped = {}
    plain = recorded_level(connection) is Level.PLAIN
    for table, keep in retention(connection).items():
        if keep is None:
            continue
        with storage_errors(f"dropping old rows of {table}"):
            if plain:
                statement = sql.SQL("DELETE FROM {} WHERE {} < %s").format(
                    sql.Identifier(table), sql.Identifier(_TIME_COLUMN[_known(table)])
                )
                dropped[table] = connection.execute(statement, (now - keep,)).rowcount
            else:
                chunks = connection.execute("SELECT drop_chunks(%s, older_than => %s)", (table, now - keep))
                dropped[table] = len(chunks.fetchall())
            if table == "coverage":  # its days stand beside it, and no chunk that is dropped tells them
                connection.execute("DELETE FROM coverage_day WHERE day < %s", (now - keep,))
    return dropped


def _known(table: str) -> str:
    if table not in _TIME_COLUMN:
        raise StorageError(f"no retention for {table!r}; it can be set for {', '.join(_TIME_COLUMN)}")
    return table
