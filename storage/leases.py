"""The lease rows: which process owns which bus, across hosts, by the database's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class BusLease:
    """One bus and who may use its line until when."""

    bus: str
    owner: str
    taken_at: datetime
    expires_at: datetime


def take_leases(
    connection: Connection, buses: Sequence[str], *, owner: str, lasting: timedelta
) -> dict[str, BusLease]:
    """Take or renew the leases of ``buses`` that nobody else holds; return whose each bus is now.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("taking bus leases"),
        connection.transaction(),
        connection.cursor(row_factory=class_row(BusLease)) as cursor,
    ):
        # In one order, so that two who want the same buses never wait for one another.
        cursor.execute(
            "INSERT INTO bus_lease AS held (bus, owner, taken_at, expires_at) "
            "SELECT bus, %(owner)s, now(), now() + %(lasting)s "
            "FROM unnest(%(buses)s::text[]) AS bus ORDER BY 1 "
            "ON CONFLICT (bus) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at, "
            "taken_at = CASE WHEN held.owner = excluded.owner THEN held.taken_at ELSE excluded.taken_at END "
            "WHERE held.owner = excluded.owner OR held.expires_at < now()",
            {"owner": owner, "lasting": lasting, "buses": list(buses)},
        )
        found = cursor.execute(
            "SELECT bus, owner, taken_at, expires_at FROM bus_lease WHERE bus = ANY(%s)", (list(buses),)
        ).fetchall()
    return {lease.bus: lease for lease in found}


def give_up_leases(connection: Connection, buses: Sequence[str], *, owner: str) -> None:
    """Let others have these buses at once; those that are not ours stay as they are.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("giving bus leases up"):
        connection.execute("DELETE FROM bus_lease WHERE bus = ANY(%s) AND owner = %s", (list(buses), owner))
