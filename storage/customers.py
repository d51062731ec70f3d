"""Customers (大客户) as lists ask for them, and the newest bills of their service points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, LiteralString

from psycopg import sql
from psycopg.rows import class_row, dict_row

from pipeline.model import Scope
from pipeline.registry import DEFAULT_ZONE
from pipeline.timegrid import local_month
from storage.database import Connection, storage_errors
from storage.episodes import PENDING

LEAST_KVA = 100.0
"""From this contracted capacity on a customer is a large one: from here on power factor is assessed."""


class Sort(StrEnum):
    """What a list is ordered by."""

    CUSTOMER = "customer"
    KWH = "kwh"
    PRICE = "price"
    EPISODES = "episodes"
    CAPACITY = "capacity"


_ORDER: Mapping[Sort, LiteralString] = {
    Sort.CUSTOMER: "customer",
    Sort.KWH: "kwh DESC NULLS LAST, customer",
    Sort.PRICE: "price DESC NULLS LAST, customer",
    Sort.EPISODES: "episodes DESC, severity DESC NULLS LAST, customer",
    Sort.CAPACITY: "capacity_kva DESC NULLS LAST, customer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCard:
    """One customer in a list."""

    customer: str
    """The name on record; a service point without one stands for itself."""
    points: Sequence[str]
    category: str | None
    capacity_kva: float | None
    """Contracted, of all service points; None where none is filed."""
    kwh: Decimal | None
    """Billed; else of the month's intervals."""
    is_billed: bool
    amount: Decimal | None
    """Of the bills that may be given out, what interim bills took included."""
    price: Decimal | None
    """Yuan/kWh of the bills."""
    episodes: int
    """Open abnormal ones."""
    severity: int | None
    """Of the gravest of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """Which customers."""

    month: date
    """First day of the month whose energy and bills are told."""
    search: str = ""
    """Looked for in customer and service point, without regard to case."""
    least_kva: float = LEAST_KVA
    """0 takes those in of which no capacity is filed."""
    customer: str | None = None


_LISTED = sql.SQL("""
    WITH point AS (
        SELECT p.id, coalesce(nullif(p.customer, ''), p.id) AS customer, p.name, c.capacity_kva, c.category
        FROM service_point AS p
        LEFT JOIN LATERAL (
            SELECT capacity_kva, category FROM contract AS c
            WHERE c.service_point = p.id AND (c.starts_at IS NULL OR c.starts_at < %(ends_at)s)
              AND (c.ends_at IS NULL OR c.ends_at > %(starts_at)s)
            ORDER BY c.starts_at DESC NULLS LAST LIMIT 1
        ) AS c ON true
        WHERE (%(areas)s::text[] IS NULL OR p.area = ANY (%(areas)s))
          AND (%(customer)s::text IS NULL OR coalesce(nullif(p.customer, ''), p.id) = %(customer)s)
    ), billed AS (
        SELECT service_point, energy_kwh, amount - (
            SELECT coalesce(sum((line ->> 'amount')::numeric), 0)
            FROM jsonb_array_elements(document -> 'lines') AS line WHERE line ->> 'item' = 'interim'
        ) AS amount
        FROM (
            SELECT DISTINCT ON (service_point) service_point, energy_kwh, amount, is_final, document FROM bill
            WHERE month = %(month)s ORDER BY service_point, version DESC
        ) AS newest WHERE is_final
    ), loaded AS (
        SELECT service_point, sum(energy_kwh)::numeric AS kwh FROM load_day
        WHERE day >= %(first)s AND day < %(until)s GROUP BY service_point
    ), found AS (
        SELECT coalesce(e.service_point, hung.service_point) AS service_point, count(*) AS episodes,
               max(e.severity) AS severity
        FROM episode AS e
        -- A finding about a meter alone belongs to the place where the meter hung when it began.
        LEFT JOIN LATERAL (
            SELECT i.service_point FROM installation AS i JOIN meter AS m USING (meter_id)
            WHERE e.service_point IS NULL AND m.id = e.meter
              AND (i.starts_at IS NULL OR i.starts_at <= e.starts_at)
              AND (i.ends_at IS NULL OR i.ends_at > e.starts_at)
            ORDER BY i.starts_at DESC NULLS LAST LIMIT 1
        ) AS hung ON true
        WHERE {pending} AND e.verdict = 'abnormal' GROUP BY 1
    ), listed AS (
        SELECT p.customer, array_agg(p.id ORDER BY p.id) AS points, min(p.category) AS category,
               sum(p.capacity_kva) AS capacity_kva,
               sum(coalesce(b.energy_kwh, l.kwh)) AS kwh, count(b.amount) = count(*) AS is_billed,
               sum(b.amount) AS amount,
               round(sum(b.amount) / nullif(sum(b.energy_kwh), 0), 6) AS price,
               coalesce(sum(f.episodes), 0)::int AS episodes, max(f.severity) AS severity
        FROM point AS p LEFT JOIN billed AS b ON b.service_point = p.id
        LEFT JOIN loaded AS l ON l.service_point = p.id LEFT JOIN found AS f ON f.service_point = p.id
        GROUP BY p.customer
        HAVING coalesce(sum(p.capacity_kva), 0) >= %(least_kva)s AND (%(search)s = '' OR position(
            lower(%(search)s)
            IN lower(p.customer || ' ' || string_agg(concat_ws(' ', p.id, p.name), ' '))) > 0)
    )
""").format(pending=sql.SQL(PENDING))


def customer_cards(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    wanted: CustomerFilter,
    sort: Sort,
    *,
    scope: Scope,
    limit: int,
    offset: int = 0,
) -> list[CustomerCard]:
    """Return customers in an order, page by page.

    Raises:
        StorageError: If the database is away or refuses.
    """
    query = _LISTED + sql.SQL("SELECT * FROM listed ORDER BY {} LIMIT %(limit)s OFFSET %(offset)s").format(
        sql.SQL(_ORDER[sort])
    )
    bound = {**_bound(wanted, scope), "limit": limit, "offset": offset}
    with (
        storage_errors("listing customers"),
        connection.cursor(row_factory=class_row(CustomerCard)) as cursor,
    ):
        return cursor.execute(query, bound).fetchall()


def customer_total(connection: Connection, wanted: CustomerFilter, *, scope: Scope) -> int:
    """Return how many customers there are.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("counting customers"):
        row = connection.execute(
            _LISTED + sql.SQL("SELECT count(*) FROM listed"), _bound(wanted, scope)
        ).fetchone()
    return 0 if row is None else int(row[0])


def newest_bills(
    connection: Connection,
    *,
    scope: Scope,
    first: str,
    last: str,
    service_points: Sequence[str] | None = None,
) -> Iterator[Mapping[str, Any]]:  # Any: JSON
    """Yield the documents of the newest versions of months from ``first`` to ``last``, by point and month.

    What they are traced by is left out: registers, demands and basis are read where one bill is opened.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("reading bills"),
        connection.transaction(),
        connection.cursor("newest_bills", row_factory=dict_row) as cursor,
    ):
        cursor.itersize = 2000
        cursor.execute(
            "SELECT DISTINCT ON (b.service_point, b.month) b.document - 'demands' - 'basis' "
            "|| '{\"registers\": []}'::jsonb AS document "
            "FROM bill AS b JOIN service_point AS p ON p.id = b.service_point "
            "WHERE b.month BETWEEN %(first)s AND %(last)s "
            "AND (%(points)s::text[] IS NULL OR b.service_point = ANY (%(points)s)) "
            "AND (%(areas)s::text[] IS NULL OR p.area = ANY (%(areas)s)) "
            "ORDER BY b.service_point, b.month, b.version DESC",
            {
                "first": first,
                "last": last,
                "points": None if service_points is None else list(service_points),
                "areas": None if scope.areas is None else sorted(scope.areas),
            },
        )
        for row in cursor:
            yield row["document"]


def _bound(wanted: CustomerFilter, scope: Scope) -> dict[str, object]:
    first = wanted.month.replace(day=1)
    until = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    starts_at, ends_at = local_month(first.year, first.month, DEFAULT_ZONE)
    return {
        "areas": None if scope.areas is None else sorted(scope.areas),
        "month": f"{first:%Y-%m}",
        "first": first,
        "until": until,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "search": wanted.search.strip(),
        "least_kva": wanted.least_kva,
        "customer": wanted.customer,
    }
