"""What is asked of a database server to tell whether Kilowatch can rely on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg.rows import class_row

from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """A server and one database of it."""

    version: int
    """As PostgreSQL writes it: 170002 is 17.2."""
    zone: str
    size_bytes: int
    connections: int
    max_connections: int
    clock_ahead_s: float
    """Its clock minus ours, the way there and back taken off by half."""
    shared_buffers_bytes: int
    encoding: str


def server_facts(connection: Connection) -> ServerFacts:
    """Return them.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("looking at the server"):
        asked = datetime.now(UTC)
        row = connection.execute(
            "SELECT clock_timestamp(), current_setting('server_version_num')::int, "
            "(SELECT coalesce(reset_val, setting) FROM pg_settings WHERE name = 'TimeZone'), "
            "pg_database_size(current_database()), "
            "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
            "current_setting('max_connections')::int, pg_size_bytes(current_setting('shared_buffers')), "
            "current_setting('server_encoding')"
        ).fetchone()
        answered = datetime.now(UTC)
    clock, version, zone, size_bytes, connections, most, buffers, encoding = row or (
        *(asked, 0, "", 0, 0, 0, 0, ""),
    )
    return ServerFacts(
        version=version,
        zone=zone,
        size_bytes=size_bytes,
        connections=connections,
        max_connections=most,
        clock_ahead_s=(clock - (asked + (answered - asked) / 2)).total_seconds(),
        shared_buffers_bytes=buffers,
        encoding=encoding,
    )


def preloads_timescaledb(connection: Connection) -> bool:
    """Tell whether the server loads TimescaleDB as it starts."""
    with storage_errors("looking at the server"):
        row = connection.execute("SELECT current_setting('timescaledb.disable_load', true)").fetchone()
    return row is not None and row[0] is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestRead:
    """The newest scheduled instant that brought something."""

    meter: str
    slot_at: datetime


def newest_read(connection: Connection, meters: Sequence[str], *, since: datetime) -> NewestRead | None:
    """Return the newest slot of some meters that was got; None where there is none since then.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("reading the coverage ledger"),
        connection.cursor(row_factory=class_row(NewestRead)) as cursor,
    ):
        return cursor.execute(
            "SELECT m.id AS meter, c.slot_at FROM coverage AS c JOIN meter AS m USING (meter_id) "
            "WHERE m.id = ANY(%s) AND c.slot_at >= %s AND c.status IN ('got', 'late') "
            "ORDER BY c.slot_at DESC, m.id LIMIT 1",
            (list(meters), since),
        ).fetchone()
