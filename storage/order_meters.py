"""Where a meter of the archive hangs, for whoever wants to give it an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.model import Scope
from storage.dashboard_queries import rows_in_scope
from storage.database import Connection


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
