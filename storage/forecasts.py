"""Forecasts at rest: what was said of a meter's next slots, to be shown beside what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import sql

from pipeline.model import MeterId, Scope
from storage.database import Connection, storage_errors
from storage.visible import HUNG_ONLY_THERE, visible_meters


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForecast:
    """One meter's forecast from one instant on."""

    meter: MeterId
    starts_at: datetime
    """The first slot."""
    model: str
    minutes: int
    p10: Sequence[float]
    """Energy of each slot, kWh on the primary side."""
    p50: Sequence[float]
    p90: Sequence[float]
    max_p50_kw: float | None
    """Highest demand of the slots."""
    max_p90_kw: float | None
    month: date
    """First day of the month that the first slot lies in."""
    month_so_far_kw: float | None
    month_so_far_coverage: float | None
    """Share of the month's slots so far that were measured."""
    month_p50_kw: float | None
    """Highest demand of the whole month."""
    month_p90_kw: float | None


def save_forecasts(connection: Connection, forecasts: Sequence[StoredForecast]) -> None:
    """Store forecasts in place of those of the same meter, first slot and model.

    Raises:
        StorageError: If the database is away or refuses.
    """
    doing = f"saving {len(forecasts)} forecasts"
    with storage_errors(doing), connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO forecast (meter_id, starts_at, model, minutes, p10, p50, p90, max_p50_kw, "
            "max_p90_kw, month, month_so_far_kw, month_so_far_coverage, month_p50_kw, month_p90_kw) "
            "SELECT meter_id, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM meter WHERE id = %s "
            "ON CONFLICT (meter_id, starts_at, model) DO UPDATE SET minutes = excluded.minutes, "
            "p10 = excluded.p10, p50 = excluded.p50, p90 = excluded.p90, "
            "max_p50_kw = excluded.max_p50_kw, max_p90_kw = excluded.max_p90_kw, month = excluded.month, "
            "month_so_far_kw = excluded.month_so_far_kw, "
            "month_so_far_coverage = excluded.month_so_far_coverage, month_p50_kw = excluded.month_p50_kw, "
            "month_p90_kw = excluded.month_p90_kw, computed_at = now()",
            [
                (
                    one.starts_at,
                    one.model,
                    one.minutes,
                    list(one.p10),
                    list(one.p50),
                    list(one.p90),
                    one.max_p50_kw,
                    one.max_p90_kw,
                    one.month,
                    one.month_so_far_kw,
                    one.month_so_far_coverage,
                    one.month_p50_kw,
                    one.month_p90_kw,
                    one.meter,
                )
                for one in forecasts
            ],
        )


def list_forecasts(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId] | None = None,
) -> list[StoredForecast]:
    """Return the forecasts whose first slot lies in ``[starts_at, ends_at)``, by meter, time and model.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("listing forecasts"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT m.id, f.starts_at, f.model, f.minutes, f.p10, f.p50, f.p90, f.max_p50_kw, "
                "f.max_p90_kw, f.month, told.month_so_far_kw, told.month_so_far_coverage, told.month_p50_kw, "
                "told.month_p90_kw FROM forecast AS f JOIN meter AS m USING (meter_id) {month_figures} "
                "WHERE {visible} AND f.starts_at >= %(starts_at)s AND f.starts_at < %(ends_at)s "
                "ORDER BY m.id, f.starts_at, f.model"
            ).format(visible=visible.at("f", "starts_at"), month_figures=month_figures(scope)),
            {**visible.bound, "starts_at": starts_at, "ends_at": ends_at},
        ).fetchall()
    names = StoredForecast.__slots__
    return [StoredForecast(**dict(zip(names, row, strict=True))) for row in rows]


def month_figures(scope: Scope) -> sql.Composed:
    """Return a join that gives, as ``told``, what ``forecast AS f`` says of its month, which began before it.

    Of a month in which the meter hung elsewhere too that is NULL: the maximum so far may be another's.
    """
    own: sql.Composable = sql.SQL("true")
    if scope.areas is not None:
        own = sql.SQL(HUNG_ONLY_THERE).format(
            meter=sql.SQL("f.meter_id"),
            first=sql.SQL("f.month::timestamp AT TIME ZONE own.zone"),
            after=sql.SQL("f.starts_at"),
        )
    return sql.SQL(
        "LEFT JOIN LATERAL (SELECT f.month_so_far_kw, f.month_so_far_coverage, f.month_p50_kw, "
        "f.month_p90_kw WHERE {}) AS told ON true"
    ).format(own)


def drop_forecasts(connection: Connection, before: datetime) -> int:
    """Drop the forecasts whose first slot lies before an instant; return how many.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("dropping old forecasts"):
        return connection.execute("DELETE FROM forecast WHERE starts_at < %s", (before,)).rowcount
