"""Rows that the server makes by itself, for benchmarks that need many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from storage.database import Connection, Level, storage_errors
from storage.migrate import recorded_level

WEEK: Final = timedelta(days=7)
SORTED_IN: Final = "1GB"
"""Memory for the rows of a week of 10 000 meters, so that the server need not sort them on disk."""


def seed_intervals(
    connection: Connection, meters: Sequence[str], starts_at: datetime, until: datetime
) -> int:
    """Fill quarter hours of load with a daily course into ``[starts_at, until)``; returns the rows.

    They come in the order in which deriving writes them: an hour at a time, meter by meter.
    """
    rows = 0
    with storage_errors("making intervals"), connection.transaction(), _key_made_afterwards(connection):
        while starts_at < until:
            ends_at = min(starts_at + WEEK, until)
            rows += _seed_week(connection, meters, starts_at, ends_at)
            starts_at = ends_at
    return rows


@contextmanager
def _key_made_afterwards(connection: Connection) -> Iterator[None]:
    """Leave out the primary key while rows come: finding each one's place in it would take most of the time.

    Compressed chunks do not let it go, so it stays at the community level.
    """
    if recorded_level(connection) is Level.COMMUNITY:
        yield
        return
    for setting in ("work_mem", "maintenance_work_mem"):
        connection.execute("SELECT set_config(%s, %s, true)", (setting, SORTED_IN))
    connection.execute("ALTER TABLE interval DROP CONSTRAINT interval_pkey")
    yield
    connection.execute("ALTER TABLE interval ADD PRIMARY KEY (meter_id, starts_at, minutes, version)")


def _seed_week(connection: Connection, meters: Sequence[str], starts_at: datetime, until: datetime) -> int:
    return connection.execute(
        """
            INSERT INTO interval (starts_at, computed_at, meter_id, minutes, version, quality, method,
                                  import_kwh)
            SELECT slot, now(), m.meter_id, 15, 0, 'A', 'measured',
                   round((0.4 + 0.3 * sin(extract(hour FROM slot) / 4.0) + 0.2 * random())::numeric, 2)
            FROM meter AS m
            CROSS JOIN generate_series(
                %(from)s::timestamptz, %(to)s::timestamptz - INTERVAL '15 minutes', '15 minutes') AS slot
            WHERE m.id = ANY (%(meters)s)
            ORDER BY date_trunc('hour', slot), m.meter_id, slot
            """,
        {"meters": list(meters), "from": starts_at, "to": until},
    ).rowcount


def seed_electrical(connection: Connection, starts_at: datetime, until: datetime) -> int:
    """Fill a reading of three voltages and a power for every meter and quarter hour; returns the rows."""
    with storage_errors("making readings"):
        return connection.execute(
            """
            INSERT INTO electrical_reading (taken_at, received_at, slot_at, meter_id, origin,
                                            voltage_a, voltage_b, voltage_c, active_power)
            SELECT slot, slot, slot, m.meter_id, 0, 229 + 3 * random(), 229 + 3 * random(),
                   229 + 3 * random(), 2 * random()
            FROM meter AS m
            CROSS JOIN generate_series(
                %(from)s::timestamptz, %(to)s::timestamptz - INTERVAL '15 minutes', '15 minutes') AS slot
            """,
            {"from": starts_at, "to": until},
        ).rowcount


def seed_coverage(connection: Connection) -> int:
    """Fill the ledger of what was read with the electrical readings that are there; returns the rows."""
    with storage_errors("making the ledger"):
        return connection.execute(
            """
            INSERT INTO coverage (slot_at, updated_at, meter_id, attempts, status, quantity_group)
            SELECT slot_at, received_at, meter_id, 1, 'got', 'electrical' FROM electrical_reading
            """
        ).rowcount


def compress_old_intervals(connection: Connection) -> int:
    """Compress what the policy would compress (community level only); returns the chunks."""
    if recorded_level(connection) is not Level.COMMUNITY:
        return 0
    with storage_errors("compressing intervals"):
        chunks = connection.execute(
            "SELECT show_chunks('interval', older_than => INTERVAL '60 days')::text"
        ).fetchall()
        for (chunk,) in chunks:
            connection.execute("SELECT compress_chunk(%s::regclass, if_not_compressed => true)", (chunk,))
    return len(chunks)


def analyze(connection: Connection) -> None:
    """Have the server look at what its tables hold, as it does by itself after a while."""
    with storage_errors("counting what is there"):
        connection.execute("ANALYZE")
