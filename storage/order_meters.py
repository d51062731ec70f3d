"""Where a meter of the archive hangs, for whoever wants to give it an order, and where it hung when asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from pipeline.model import Scope
from storage.dashboard_queries import rows_in_scope
from storage.database import Connection, storage_errors
from storage.visible import HUNG_THEN


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlace:
    """One meter and the line on which it is reached."""

    meter: str
    wiring: str | None
    zone: str | None
    """Of its clock."""
    address: str | None
    profile: str | None
    line_url: str | None
    """Of its bus; None for a meter that pushes."""


def order_place(connection: Connection, meter: str, *, scope: Scope, now: datetime) -> OrderPlace | None:
    """Return where a meter hangs; None where there is none of that id that the caller may see."""
    found = rows_in_scope(
        connection,
        OrderPlace,
        "SELECT m.id AS meter, m.wiring, m.zone, m.address, m.profile, b.url AS line_url "
        "FROM placed AS m LEFT JOIN bus AS b ON b.id = m.bus WHERE m.id = %(meter)s",
        scope=scope,
        now=now,
        meter=meter,
    )
    return found[0] if found else None


def asked_in_scope(
    connection: Connection, asked: Iterable[tuple[str, datetime]], *, scope: Scope
) -> set[tuple[str, datetime]]:
    """Return those meters and instants at which they hung in the scope: an order belongs to that place.

    Raises:
        StorageError: If the database is away or refuses.
    """
    orders = list(asked)
    if scope.areas is None:
        return set(orders)
    hung = sql.SQL(HUNG_THEN).format(meter=sql.SQL("m.meter_id"), at=sql.SQL("o.at"))
    with storage_errors("looking for the orders of areas"):
        rows = connection.execute(
            sql.SQL(
                "SELECT DISTINCT o.meter, o.at FROM unnest(%(meters)s::text[], %(at)s::timestamptz[]) "
                "AS o (meter, at) JOIN meter AS m ON m.id = o.meter WHERE {}"
            ).format(hung),
            {
                "meters": [meter for meter, _ in orders],
                "at": [at for _, at in orders],
                "areas": sorted(scope.areas),
            },
        ).fetchall()
    return {(str(meter), at) for meter, at in rows}
