"""What the pages ask about the archive: the meters and buses a caller may see, with how they are doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import LiteralString, TypeVar

from psycopg import sql
from psycopg.rows import class_row

from pipeline.model import Scope
from storage.database import Connection, storage_errors
from storage.episodes import PENDING
from storage.own_time import own_time

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterCard:
    """A meter with the place where it hangs now, and how it is doing."""

    meter: str
    wiring: str
    rated_voltage_v: float
    nominal_voltage_v: float
    rated_current_a: float
    max_current_a: float | None
    """None where it is not filed."""
    digits: int
    resolution: float
    service_point: str | None
    service_point_name: str | None
    customer: str | None
    area: str | None
    area_name: str | None
    zone: str | None
    role: str | None
    bus: str | None
    address: str | None
    profile: str | None
    ct: float | None
    pt: float | None
    newest_at: datetime | None
    """When the newest present reading or push was taken."""
    due: int
    """Scheduled reads since the time asked about."""
    arrived: int
    """Of these: got, late or backfilled."""
    open_episodes: int
    worst_severity: int | None
    """Of its open abnormal episodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusFacts:
    """Where a bus is, and who reads it."""

    url: str
    collector: str | None
    """Who holds its lease now; None where nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionCard:
    """A time in which a service point must not draw more than what was left to it."""

    id: str
    kind: str
    starts_at: datetime
    ends_at: datetime | None
    remaining_kva: float
    setpoint_w: float | None
    auxiliaries_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCard:
    """What was agreed for a service point."""

    capacity_kva: float | None
    contract_demand_kw: float | None
    supply_voltage_kv: float | None
    category: str | None
    tariff: str | None


_PLACED: LiteralString = """
    WITH placed AS (
        SELECT m.*, i.service_point, i.role, i.bus, i.address, i.profile, {hung_since} AS hung_since,
               p.name AS service_point_name, p.customer, p.area, a.name AS area_name, a.zone AS area_zone
        FROM meter AS m
        -- Of those in force the one that began last. Without LATERAL the server is free to join by hashing.
        LEFT JOIN (
            SELECT i.* FROM installation AS i
            WHERE (i.starts_at IS NULL OR i.starts_at <= %(now)s)
              AND (i.ends_at IS NULL OR i.ends_at > %(now)s)
              AND NOT EXISTS (
                SELECT FROM installation AS later
                WHERE later.meter_id = i.meter_id AND later.starts_at <= %(now)s
                  AND (later.ends_at IS NULL OR later.ends_at > %(now)s)
                  AND later.starts_at > coalesce(i.starts_at, '-infinity')
              )
        ) AS i USING (meter_id)
        LEFT JOIN service_point AS p ON p.id = i.service_point
        LEFT JOIN area AS a ON a.id = p.area
        WHERE %(areas)s::text[] IS NULL OR p.area = ANY (%(areas)s::text[])
    )
"""
"""The meters a caller may see with the installation in force; every query starts here, so none forgets.

``hung_since`` tells since when, which bounds what is told of the meter besides: NULL for always, and for
whoever may see all areas.
"""

_CONDITIONS: Mapping[str, LiteralString] = MappingProxyType(
    {
        "search": "position(lower(%(search)s) IN lower(concat_ws(' ', m.id, m.service_point, "
        "m.service_point_name, m.customer, m.area, m.area_name, m.bus, m.address, m.profile))) > 0",
        "area": "m.area = %(area)s",
        "meters": "m.id = ANY (%(meters)s::text[])",
        "points": "m.service_point = ANY (%(points)s::text[])",
    }
)
"""What narrows the meters, by the value that it is about. Conditions that nobody sets are left out: how a
prepared question is answered is planned for all values at once."""

_NEWEST = sql.SQL("""
    LEFT JOIN LATERAL (
        SELECT greatest(
            (SELECT taken_at FROM electrical_reading AS r WHERE r.meter_id = m.meter_id
             AND r.taken_at > %(now)s - INTERVAL '40 days'
             AND (m.hung_since IS NULL OR r.taken_at >= m.hung_since) ORDER BY taken_at DESC LIMIT 1),
            (SELECT taken_at FROM register_reading AS r WHERE r.meter_id = m.meter_id
             AND r.taken_at > %(now)s - INTERVAL '40 days'
             AND (m.hung_since IS NULL OR r.taken_at >= m.hung_since) ORDER BY taken_at DESC LIMIT 1)
        ) AS newest_at
    ) AS n ON true
""")
"""Forty days bound the search: without a bound it would open every partition for a dead meter."""


_TODAY: LiteralString = """
    , today AS (
        SELECT c.*, m.id, m.bus, m.profile
        FROM {coverage_day} AS c JOIN placed AS m USING (meter_id)
        -- The first bounds let the index in: a local day is at most one away from the server's.
        WHERE c.day >= %(now)s::date - 1 AND c.day <= %(now)s::date + 1
          AND c.day = (%(now)s AT TIME ZONE m.zone)::date AND c.reads > 0
    )
"""
"""The ledger's sums of each meter's present local day, with the place where the meter hangs."""


def meter_cards(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    now: datetime,
    since: datetime,
    search: str = "",
    meters: Sequence[str] | None = None,
    service_points: Sequence[str] | None = None,
    limit: int = 500,
    offset: int = 0,
) -> list[MeterCard]:
    """Return meters by id, with coverage counted since ``since``; all, or those named or at the points named.

    ``search`` is looked for, without regard to case, in meter, service point, customer, area, bus, address
    and profile.
    """
    return rows_in_scope(
        connection,
        MeterCard,
        """
        , found AS MATERIALIZED (  -- or they would be gone through by id, one by one, until enough fit
            SELECT * FROM placed AS m
            WHERE {fitting}
        ), chosen AS MATERIALIZED (
            SELECT * FROM found ORDER BY id LIMIT %(limit)s OFFSET %(offset)s
        ), worst AS (
            SELECT e.meter, count(*) AS episodes,
                   max(severity) FILTER (WHERE verdict = 'abnormal') AS severity
            FROM {episodes} WHERE {pending} AND e.verdict <> 'normal' AND {own_episodes} GROUP BY e.meter
        )
        SELECT m.id AS meter, m.wiring, m.rated_voltage_v, m.nominal_voltage_v, m.rated_current_a,
               m.max_current_a, m.digits, m.resolution,
               m.service_point, m.service_point_name, m.customer, m.area, m.area_name,
               m.area_zone AS zone, m.role, m.bus, m.address, m.profile, q.ct, q.pt,
               n.newest_at, coalesce(c.due, 0) AS due, coalesce(c.arrived, 0) AS arrived,
               coalesce(w.episodes, 0) AS open_episodes, w.severity AS worst_severity
        -- Only of those that are shown it is worked out how they are doing.
        FROM chosen AS m
        LEFT JOIN LATERAL (
            SELECT ct, pt FROM ratio AS q
            WHERE q.meter_id = m.meter_id AND (q.starts_at IS NULL OR q.starts_at <= %(now)s)
              AND (q.ends_at IS NULL OR q.ends_at > %(now)s)
            ORDER BY q.starts_at DESC NULLS LAST LIMIT 1
        ) AS q ON true
        {newest}
        LEFT JOIN LATERAL (
            SELECT count(*) AS due, count(*) FILTER (WHERE status >= 'backfilled') AS arrived
            FROM coverage AS c
            WHERE c.meter_id = m.meter_id AND c.slot_at >= %(since)s AND c.slot_at <= %(now)s
              AND {own_slots}
        ) AS c ON true
        LEFT JOIN worst AS w ON w.meter = m.id
        ORDER BY m.id
        """,
        scope=scope,
        now=now,
        since=since,
        search=search.strip(),
        meters=list(meters) if meters is not None else None,
        points=list(service_points) if service_points is not None else None,
        limit=limit,
        offset=offset,
    )


def meter_total(connection: Connection, *, scope: Scope, now: datetime, search: str = "") -> int:
    """Return how many meters :func:`meter_cards` finds in all."""
    areas = sorted(scope.areas) if scope.areas is not None else None
    bound = {"areas": areas, "now": now, "search": search.strip()}
    placed = sql.SQL(_PLACED).format(**own_time(areas))
    query = placed + sql.SQL("SELECT count(*) FROM placed AS m WHERE ") + _fitting(bound)
    with storage_errors("counting meters"):
        row = connection.execute(query, bound).fetchone()
    return 0 if row is None else int(row[0])


def bus_facts(connection: Connection) -> dict[str, BusFacts]:
    """Return the buses by id; which of them a caller may hear of is told by the meters on them."""
    with storage_errors("reading the buses"):
        rows = connection.execute(
            "SELECT b.id, b.url, l.owner FROM bus AS b "
            "LEFT JOIN bus_lease AS l ON l.bus = b.id AND l.expires_at > now()"
        ).fetchall()
    return {bus: BusFacts(url=url, collector=owner) for bus, url, owner in rows}


def schedule_intervals(connection: Connection) -> dict[str, int]:
    """Return how often each group is read, in seconds."""
    with storage_errors("reading the schedules"):
        return dict(connection.execute("SELECT quantity_group, every_s FROM schedule").fetchall())


def suspensions_of(connection: Connection, service_point: str) -> list[SuspensionCard]:
    """Return the suspensions of a service point that the caller was already shown, the newest first."""
    with (
        storage_errors("reading suspensions"),
        connection.cursor(row_factory=class_row(SuspensionCard)) as cursor,
    ):
        return cursor.execute(
            """
            SELECT id, kind, starts_at, ends_at, remaining_kva, setpoint_w, auxiliaries_kw
            FROM suspension WHERE service_point = %s ORDER BY starts_at DESC LIMIT 10
            """,
            (service_point,),
        ).fetchall()


def contract_of(connection: Connection, service_point: str, *, now: datetime) -> ContractCard | None:
    """Return the contract in force at a service point that the caller was already shown."""
    with (
        storage_errors("reading the contract"),
        connection.cursor(row_factory=class_row(ContractCard)) as cursor,
    ):
        return cursor.execute(
            """
            SELECT capacity_kva, contract_demand_kw, supply_voltage_kv, category, tariff FROM contract
            WHERE service_point = %(point)s AND (starts_at IS NULL OR starts_at <= %(now)s)
              AND (ends_at IS NULL OR ends_at > %(now)s)
            ORDER BY starts_at DESC NULLS LAST LIMIT 1
            """,
            {"point": service_point, "now": now},
        ).fetchone()


def rows_in_scope(
    connection: Connection, kind: type[Row], query: LiteralString, *, scope: Scope, **values: object
) -> list[Row]:
    """Run one query in the caller's scope and return its rows as values of ``kind``.

    Its ``{fitting}`` is what ``search``, ``area``, ``meters`` and ``points`` among the values ask for. What
    it asks besides about ``placed AS m`` is to be bounded by the parts that :func:`own_time` gives.
    """
    areas = sorted(scope.areas) if scope.areas is not None else None
    bound = {**values, "areas": areas}
    own = own_time(areas)
    whole = sql.SQL(_PLACED + query).format(
        newest=_NEWEST,
        today=own["days"] + sql.SQL(_TODAY).format(coverage_day=own["coverage_day"]),
        fitting=_fitting(bound),
        pending=sql.SQL(PENDING),
        **own,
    )
    with (
        storage_errors("reading for the dashboard"),
        connection.cursor(row_factory=class_row(kind)) as cursor,
    ):
        return cursor.execute(whole, bound).fetchall()


def _fitting(bound: Mapping[str, object]) -> sql.Composed:
    asked = [sql.SQL(text) for name, text in _CONDITIONS.items() if bound.get(name) not in (None, "")]
    return sql.SQL(" AND ").join(asked or [sql.SQL("true")])
