"""Forecasts as pages list them: each meter's newest one beside its point's contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from psycopg import sql
from psycopg.rows import class_row

from pipeline.model import Scope
from storage.database import Connection, storage_errors
from storage.forecasts import month_figures


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCard:
    """The newest forecast of a meter."""

    meter: str
    service_point: str | None
    """The one that it alone measures."""
    name: str
    customer: str
    zone: str | None
    starts_at: datetime
    computed_at: datetime
    model: str
    minutes: int
    kwh: float | None
    """P50 of all its slots."""
    slots: int
    max_p50_kw: float | None
    max_p90_kw: float | None
    month: date
    month_so_far_kw: float | None
    month_so_far_coverage: float | None
    """Share of the month's slots so far that were measured."""
    month_p50_kw: float | None
    month_p90_kw: float | None
    contract_demand_kw: float | None
    basic_charge: str | None
    used_percent: float | None
    """The month's P90 of the contract's demand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastFilter:
    """Which forecasts."""

    since: datetime
    """Older ones are not shown: they say nothing any more."""
    now: datetime
    search: str = ""
    meter: str | None = None
    above_percent: float | None = None
    """Only months whose P90 is above so much of the contract's demand."""


_CHOSEN: LiteralString = """
WITH newest AS (
    SELECT DISTINCT ON (meter_id) * FROM forecast
    WHERE starts_at >= %(since)s AND starts_at <= %(now)s
    ORDER BY meter_id, starts_at DESC, computed_at DESC
), placed AS NOT MATERIALIZED (
    SELECT i.meter_id, i.service_point, i.starts_at FROM installation AS i
    WHERE i.role <> 'check' AND i.service_point IS NOT NULL
    AND (i.starts_at IS NULL OR i.starts_at <= %(now)s) AND (i.ends_at IS NULL OR i.ends_at > %(now)s)
), cards AS (
    SELECT m.id AS meter, a.service_point, coalesce(p.name, '') AS name, coalesce(p.customer, '') AS customer,
        r.zone, f.starts_at, f.computed_at, f.model, f.minutes,
        (SELECT sum(each) FROM unnest(f.p50) AS each WHERE each <> 'NaN') AS kwh, cardinality(f.p50) AS slots,
        f.max_p50_kw, f.max_p90_kw, f.month, told.month_so_far_kw, told.month_so_far_coverage,
        told.month_p50_kw, told.month_p90_kw,
        c.contract_demand_kw, c.basic_charge,
        100.0 * told.month_p90_kw / nullif(c.contract_demand_kw, 0) AS used_percent
    FROM newest AS f JOIN meter AS m USING (meter_id) {month_figures}
    LEFT JOIN LATERAL (
        -- The point that it alone measures. One by one: policies hide from the planner how many there are.
        SELECT i.service_point FROM placed AS i
        WHERE i.meter_id = m.meter_id AND NOT EXISTS (
            SELECT 1 FROM placed AS o WHERE o.service_point = i.service_point AND o.meter_id <> i.meter_id)
        ORDER BY i.service_point LIMIT 1
    ) AS a ON true
    LEFT JOIN service_point AS p ON p.id = a.service_point
    LEFT JOIN area AS r ON r.id = p.area
    LEFT JOIN LATERAL (
        SELECT contract_demand_kw, basic_charge FROM contract AS c WHERE c.service_point = a.service_point
        AND (c.starts_at IS NULL OR c.starts_at <= %(now)s) AND (c.ends_at IS NULL OR c.ends_at > %(now)s)
        ORDER BY c.starts_at DESC NULLS LAST LIMIT 1
    ) AS c ON true
    WHERE (%(areas)s::text[] IS NULL OR EXISTS (
        SELECT 1 FROM placed AS i JOIN service_point AS q ON q.id = i.service_point
        WHERE i.meter_id = m.meter_id AND q.area = ANY(%(areas)s)
        AND (i.starts_at IS NULL OR i.starts_at <= f.starts_at)))
    AND (%(meter)s::text IS NULL OR m.id = %(meter)s)
    AND (%(search)s = '' OR position(lower(%(search)s) IN
        lower(concat_ws(' ', m.id, a.service_point, p.name, p.customer))) > 0)
)
"""


_LISTED: LiteralString = (
    "SELECT * FROM cards WHERE %(above)s::float8 IS NULL OR used_percent > %(above)s "
    "ORDER BY used_percent DESC NULLS LAST, month_p90_kw DESC NULLS LAST, meter "
    "LIMIT %(limit)s OFFSET %(offset)s"
)
_COUNTED: LiteralString = (
    "SELECT count(*) FROM cards WHERE %(above)s::float8 IS NULL OR used_percent > %(above)s"
)


def forecast_cards(
    connection: Connection, wanted: ForecastFilter, *, scope: Scope, limit: int, offset: int = 0
) -> list[ForecastCard]:
    """Return a part of the list, those nearest to their contract's demand first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("listing forecasts"),
        connection.cursor(row_factory=class_row(ForecastCard)) as cursor,
    ):
        return cursor.execute(
            sql.SQL(_CHOSEN + _LISTED).format(month_figures=month_figures(scope)),
            {**_bound(wanted, scope), "limit": limit, "offset": offset},
        ).fetchall()


def forecast_total(connection: Connection, wanted: ForecastFilter, *, scope: Scope) -> int:
    """Return how many there are.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("counting forecasts"):
        row = connection.execute(
            sql.SQL(_CHOSEN + _COUNTED).format(month_figures=month_figures(scope)),
            _bound(wanted, scope),
        ).fetchone()
    return 0 if row is None else int(row[0])


def _bound(wanted: ForecastFilter, scope: Scope) -> dict[str, object]:
    return {
        "since": wanted.since,
        "now": wanted.now,
        "search": wanted.search.strip(),
        "meter": wanted.meter,
        "above": wanted.above_percent,
        "areas": None if scope.areas is None else sorted(scope.areas),
    }
