"""Where a meter of the archive hangs or hung, for whoever gives it an order or looks at one."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
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


def meters_hung_in(
    connection: Connection, asked: Collection[tuple[str, datetime]], *, scope: Scope
) -> AbstractSet[tuple[str, datetime]]:
    """Return those pairs of meter and instant at which the meter hung in an area of the scope."""
    if scope.areas is None:
        return set(asked)
    query = sql.SQL(
        "SELECT a.meter, a.at FROM unnest(%(meters)s::text[], %(instants)s::timestamptz[]) AS a (meter, at) "
        "JOIN meter AS m ON m.id = a.meter WHERE "
    ) + sql.SQL(HUNG_THEN).format(meter=sql.SQL("m.meter_id"), at=sql.SQL("a.at"))
    bound = {
        "meters": [meter for meter, _ in asked],
        "instants": [at for _, at in asked],
        "areas": sorted(scope.areas),
    }
    with storage_errors("looking where meters hung when orders to them were asked for"):
        return {(meter, at) for meter, at in connection.execute(query, bound)}
