"""What collectors told of themselves last: a row a process, replaced each minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorState:
    """One collecting process."""

    process: str
    """As ``bus_lease.owner`` names it: host, number, and a part that tells containers apart."""
    started_at: datetime
    told_at: datetime
    counters: Mapping[str, Any]  # Any: JSON, the sections of services.counters


def save_collector_state(connection: Connection, state: CollectorState) -> None:
    """Replace what a process told before, and forget processes that have been silent for a week.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("keeping a collector's counters"), connection.transaction():
        connection.execute(
            "INSERT INTO collector_state (process, started_at, told_at, counters) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (process) DO UPDATE SET told_at = excluded.told_at, counters = excluded.counters",
            (state.process, state.started_at, state.told_at, Jsonb(dict(state.counters))),
        )
        connection.execute(
            "DELETE FROM collector_state WHERE told_at < %s - interval '7 days'", (state.told_at,)
        )


def collector_states(connection: Connection) -> list[CollectorState]:
    """Return what every process told last, the newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("reading the collectors' counters"),
        connection.cursor(row_factory=class_row(CollectorState)) as cursor,
    ):
        return cursor.execute(
            "SELECT process, started_at, told_at, counters FROM collector_state "
            "ORDER BY told_at DESC, process"
        ).fetchall()
