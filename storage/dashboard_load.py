"""Months of load as pages list them: a line a subject, sorted by any figure, within the caller's areas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString

from psycopg import sql
from psycopg.rows import class_row

from pipeline.model import Scope
from storage.database import Connection, storage_errors
from storage.load_months import VISIBLE, seen_areas


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCard:
    """One subject's month in a list; None is what is not known."""

    kind: str
    subject: str
    name: str
    """Of a service point or an area."""
    customer: str
    computed_at: datetime
    coverage: float
    energy_kwh: float | None
    max_kw: float | None
    max_at: datetime | None
    min_kw: float | None
    load_factor: float | None
    utilisation_hours: float | None
    coincidence: float | None
    coincidence_coverage: float | None
    transformer_percent: float | None
    transformer_loading: str | None
    contract_kw: float | None
    used_percent: float | None
    """Of the contract's demand."""
    shape_en: str | None
    shape_zh: str | None


class LoadSort(StrEnum):
    """By what the list is sorted; the subjects to look at first come first."""

    MAXIMUM = "maximum"
    ENERGY = "energy"
    LOAD_FACTOR = "load_factor"
    HOURS = "hours"
    COINCIDENCE = "coincidence"
    TRANSFORMER = "transformer"
    CONTRACT = "contract"
    COVERAGE = "coverage"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFilter:
    """Which months of load."""

    month: date
    kind: str
    search: str = ""


_ORDER: Mapping[LoadSort, LiteralString] = {
    LoadSort.MAXIMUM: "max_kw DESC NULLS LAST",
    LoadSort.ENERGY: "energy_kwh DESC NULLS LAST",
    LoadSort.LOAD_FACTOR: "load_factor NULLS LAST",
    LoadSort.HOURS: "utilisation_hours NULLS LAST",
    LoadSort.COINCIDENCE: "coincidence DESC NULLS LAST",
    LoadSort.TRANSFORMER: "transformer_percent DESC NULLS LAST",
    LoadSort.CONTRACT: "used_percent DESC NULLS LAST",
    LoadSort.COVERAGE: "coverage",
    LoadSort.NAME: "subject",
}
_CHOSEN = (
    "FROM load_month AS l LEFT JOIN service_point AS s ON l.kind = 'service_point' AND s.id = l.subject "
    "LEFT JOIN area AS a ON l.kind = 'area' AND a.id = l.subject "
    "WHERE l.month = %(month)s AND l.kind = %(kind)s AND (%(search)s = '' OR "
    "position(lower(%(search)s) IN lower(concat_ws(' ', l.subject, s.name, s.customer, a.name))) > 0) AND "
)


def load_cards(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    wanted: LoadFilter,
    sort: LoadSort,
    *,
    scope: Scope,
    limit: int,
    offset: int = 0,
) -> list[LoadCard]:
    """Return a part of the list.

    Raises:
        StorageError: If the database is away or refuses.
    """
    statement = sql.SQL(
        "SELECT l.kind, l.subject, coalesce(s.name, a.name, '') AS name, "
        "coalesce(s.customer, '') AS customer, l.computed_at, l.coverage, l.energy_kwh, l.max_kw, l.max_at, "
        "l.load_factor, "
        "(l.detail #>> '{curve,minimum,kw}')::float8 AS min_kw, "
        "(l.detail #>> '{curve,utilisation_hours}')::float8 AS utilisation_hours, "
        "(l.detail #>> '{coincidence,coincidence}')::float8 AS coincidence, "
        "(l.detail #>> '{coincidence,coverage}')::float8 AS coincidence_coverage, "
        "(l.detail #>> '{transformer,highest_percent}')::float8 AS transformer_percent, "
        "l.detail #>> '{transformer,loading}' AS transformer_loading, "
        "(l.detail #>> '{contract,contract_demand_kw}')::float8 AS contract_kw, "
        "(l.detail #>> '{contract,used_percent}')::float8 AS used_percent, "
        "l.detail #>> '{shape,en}' AS shape_en, l.detail #>> '{shape,zh}' AS shape_zh "
    )
    end = sql.SQL(" ORDER BY {}, subject LIMIT %(limit)s OFFSET %(offset)s").format(sql.SQL(_ORDER[sort]))
    query = sql.Composed([statement, sql.SQL(_CHOSEN), VISIBLE, end])
    with storage_errors("listing loads"), connection.cursor(row_factory=class_row(LoadCard)) as cursor:
        return cursor.execute(query, {**_bound(wanted, scope), "limit": limit, "offset": offset}).fetchall()


def load_total(connection: Connection, wanted: LoadFilter, *, scope: Scope) -> int:
    """Return how many subjects there are.

    Raises:
        StorageError: If the database is away or refuses.
    """
    query = sql.Composed([sql.SQL("SELECT count(*) "), sql.SQL(_CHOSEN), VISIBLE])
    with storage_errors("counting loads"):
        row = connection.execute(query, _bound(wanted, scope)).fetchone()
    return 0 if row is None else int(row[0])


def months_of_load(
    connection: Connection, *, scope: Scope, kind: str | None = None, subject: str | None = None
) -> list[date]:
    """Return the months of which there are statistics, the newest first: of all, or of one subject.

    Raises:
        StorageError: If the database is away or refuses.
    """
    query = sql.Composed(
        [
            sql.SQL(
                "SELECT DISTINCT l.month FROM load_month AS l WHERE (%(kind)s::text IS NULL OR l.kind = "
                "%(kind)s) AND (%(subject)s::text IS NULL OR l.subject = %(subject)s) AND "
            ),
            VISIBLE,
            sql.SQL(" ORDER BY month DESC"),
        ]
    )
    with storage_errors("listing months of load"):
        rows = connection.execute(
            query, {"kind": kind, "subject": subject, "areas": seen_areas(scope)}
        ).fetchall()
    return [month for (month,) in rows]


def _bound(wanted: LoadFilter, scope: Scope) -> dict[str, object]:
    return {
        "month": wanted.month,
        "kind": wanted.kind,
        "search": wanted.search.strip(),
        "areas": seen_areas(scope),
    }
