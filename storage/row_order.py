"""Lays the rows of old chunks meter by meter, where no compression does so (TimescaleDB's Apache edition).

Rows come time by time, all meters of an hour together: a year of one meter lies in 9 000 pages all over the
disk. Laid by their primary key they lie in 500 beside each other (decision record 0106).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg
from psycopg import sql

from storage.database import Connection, Level, storage_errors
from storage.migrate import recorded_level

TABLES: Final = (
    "interval",
    "final_interval",
    "electrical_reading",
    "register_reading",
    "spectrum_reading",
    "coverage",
)
"""Those that the community level compresses by meter: each one's primary key begins with it."""
OLD: Final = timedelta(days=60)
"""As old as what the community level compresses: readings that come late still meet the other chunks."""
LOCK_WAIT: Final = "5s"
"""Whoever asks for the chunk queues behind us while we wait for those who read it."""
SORTED_IN: Final = "256MB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A chunk whose rows lie as they came."""

    table: str
    schema: str
    name: str
    key: str
    """Its primary key."""
    ends_at: datetime


def unordered_chunks(connection: Connection, now: datetime) -> list[Chunk]:
    """Return the old chunks that have not been laid by meter, the newest first; none on the other levels.

    Raises:
        StorageError: If the database is away or refuses.
    """
    if recorded_level(connection) is not Level.APACHE:
        return []
    with storage_errors("looking for chunks whose rows lie as they came"):
        rows = connection.execute(
            """
            SELECT c.hypertable_name, c.chunk_schema, c.chunk_name, key.relname, c.range_end
            FROM timescaledb_information.chunks AS c
            JOIN pg_index AS i ON i.indrelid = format('%%I.%%I', c.chunk_schema, c.chunk_name)::regclass
            JOIN pg_class AS key ON key.oid = i.indexrelid
            WHERE c.hypertable_schema = current_schema AND c.hypertable_name = ANY (%s)
                AND c.range_end < %s AND i.indisprimary AND NOT i.indisclustered
            ORDER BY c.range_end DESC, c.hypertable_name
            """,
            (list(TABLES), now - OLD),
        ).fetchall()
    return [
        Chunk(table=table, schema=schema, name=name, key=key, ends_at=ends_at)
        for table, schema, name, key, ends_at in rows
    ]


def order_chunk(connection: Connection, chunk: Chunk) -> bool:
    """Lay the rows of a chunk by its primary key; False where it was in use and is left for the next time.

    It cannot be read meanwhile (a minute for 10 million rows), and wants room for a second copy.

    Raises:
        StorageError: If the database is away or refuses; the chunk is as it was.
    """
    statement = sql.SQL("CLUSTER {} USING {}").format(
        sql.Identifier(chunk.schema, chunk.name), sql.Identifier(chunk.key)
    )
    with storage_errors(f"laying {chunk.table} up to {chunk.ends_at:%Y-%m-%d} by meter"):
        try:
            with connection.transaction():
                for setting, value in (("lock_timeout", LOCK_WAIT), ("maintenance_work_mem", SORTED_IN)):
                    connection.execute("SELECT set_config(%s, %s, true)", (setting, value))
                connection.execute(statement)
        except psycopg.errors.LockNotAvailable:
            return False
        connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(chunk.schema, chunk.name)))
    return True
