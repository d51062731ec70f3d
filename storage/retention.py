"""How long hypertables, incidents and messages are kept: for ever, but for raw frames and alarms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from psycopg import sql

from pipeline.errors import StorageError
from storage.alarm_retention import ALARM_TABLES
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
_LEAST_OF_ALARMS: Final = timedelta(days=7)
"""Looks at alarms go back three days: what they know of must be there."""


def retention(connection: Connection) -> dict[str, timedelta | None]:
    """Return how long each table is kept; None is for ever."""
    with storage_errors("looking up the retention"):
        return dict(connection.execute("SELECT table_name, keep FROM retention ORDER BY 1").fetchall())


def set_retention(connection: Connection, table: str, keep: timedelta | None) -> None:
    """Keep the rows of ``table`` for ``keep``; None keeps them for ever.

    Raises:
        StorageError: If there is no such table, or it must be kept longer.
    """
    _known(table)
    if table in ALARM_TABLES and keep is not None and keep < _LEAST_OF_ALARMS:
        raise StorageError(
            f"{table} is kept for at least {_LEAST_OF_ALARMS.days} days: "
            "what was told and closed lately must be known"
        )
    with storage_errors(f"setting the retention of {table}"), connection.transaction():
        connection.execute("UPDATE retention SET keep = %s WHERE table_name = %s", (keep, table))
        if table in _TIME_COLUMN and recorded_level(connection) is Level.COMMUNITY:
            connection.execute("SELECT remove_retention_policy(%s, if_exists => true)", (table,))
            if keep is not None:
                connection.execute("SELECT add_retention_policy(%s, %s::interval)", (table, keep))


def apply_retention(connection: Connection, now: datetime) -> dict[str, int]:
    """Drop what is older than allowed; returns chunks (TimescaleDB) or rows (plain) dropped of each table.

    The community level does this by itself, but for incidents and messages, which are rows on each level;
    calling it there again does no harm.
    """
    dropped = {}
    plain = recorded_level(connection) is Level.PLAIN
    for table, keep in retention(connection).items():
        if keep is None:
            continue
        with storage_errors(f"dropping old rows of {table}"):
            if table in ALARM_TABLES:
                dropped[table] = ALARM_TABLES[table](connection, now - keep)
            elif plain:
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
    known = (*_TIME_COLUMN, *ALARM_TABLES)
    if table not in known:
        raise StorageError(f"no retention for {table!r}; it can be set for {', '.join(known)}")
    return table
