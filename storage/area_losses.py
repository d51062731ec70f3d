"""Line loss of areas at rest: each local day as it was judged last, and since when an area loses more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from analysis.line_loss import AreaDay, AreaLoss, LossVerdict, WhyUnknown
from pipeline.model import Scope
from storage.database import Connection, storage_errors

MOST_SUSPECTS = 10
"""Kept of an area whose loss has risen."""
_DAY = tuple(field.name for field in fields(AreaDay))
_INSERT_DAY = sql.SQL(
    "INSERT INTO area_day (area, {names}) VALUES (%(area)s, {values}) ON CONFLICT (area, day) "
    "DO UPDATE SET {new}, computed_at = now()"
).format(
    names=sql.SQL(", ").join(map(sql.Identifier, _DAY)),
    values=sql.SQL(", ").join(map(sql.Placeholder, _DAY)),
    new=sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n)) for n in _DAY if n != "day"
    ),
)
_INSERT_LOSS = """
INSERT INTO area_loss (area, judged_to, risen_on, rise_kwh_a_day, rise_points, rise_t, technical, suspects)
VALUES (%(area)s, %(judged_to)s, %(risen_on)s, %(kwh_a_day)s, %(points)s, %(t)s, %(technical)s, %(suspects)s)
ON CONFLICT (area) DO UPDATE SET judged_to = excluded.judged_to, risen_on = excluded.risen_on,
    rise_kwh_a_day = excluded.rise_kwh_a_day, rise_points = excluded.rise_points, rise_t = excluded.rise_t,
    technical = excluded.technical, suspects = excluded.suspects, computed_at = now()
WHERE area_loss.judged_to <= excluded.judged_to
"""


def save_area_losses(
    connection: Connection, losses: Mapping[str, tuple[AreaLoss, Sequence[AreaDay]]]
) -> None:
    """Keep days of areas in place of what was there, and what was found by their last day; none or all.

    What was found by a later day stays.

    Raises:
        StorageError: If the database is away or refuses; what was there stays then.
    """
    with storage_errors(f"storing the line loss of {len(losses)} areas"), connection.transaction():
        cursor = connection.cursor()
        for area, (loss, days) in sorted(losses.items()):
            cursor.executemany(_INSERT_DAY, [_day_row(area, day) for day in days])
            if loss.days:
                cursor.execute(_INSERT_LOSS, _loss_row(loss))


def area_days_stored(
    connection: Connection, *, scope: Scope, first: date, end: date, areas: Sequence[str] | None = None
) -> dict[str, list[AreaDay]]:
    """Return the days from ``first`` to before ``end`` of the areas that a caller may see, oldest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    query = sql.SQL(
        "SELECT area, {names} FROM area_day WHERE day >= %(first)s AND day < %(end)s "
        "AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s)) "
        "AND (%(scope)s::text[] IS NULL OR area = ANY(%(scope)s)) ORDER BY area, day"
    ).format(names=sql.SQL(", ").join(map(sql.Identifier, _DAY)))
    bound = {
        "first": first,
        "end": end,
        "areas": None if areas is None else list(areas),
        "scope": None if scope.areas is None else sorted(scope.areas),
    }
    found: dict[str, list[AreaDay]] = {}
    with storage_errors("reading line losses"), connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(query, bound).fetchall():
            area = str(row.pop("area"))
            row["verdict"] = LossVerdict(row["verdict"])
            row["why"] = None if row["why"] is None else WhyUnknown(row["why"])
            row["missing"], row["missing_supplies"] = tuple(row["missing"]), tuple(row["missing_supplies"])
            found.setdefault(area, []).append(AreaDay(**row))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLoss:
    """What was found of an area by its last judged day."""

    area: str
    name: str
    zone: str | None
    judged_to: date
    risen_on: date | None
    rise_kwh_a_day: float | None
    rise_points: float | None
    technical: Mapping[str, Any]  # Any: JSON
    """Of one slot: ``fixed_kwh`` and ``per_square``."""
    suspects: Sequence[Mapping[str, Any]]  # Any: JSON
    """As :class:`analysis.loss_suspects.Suspect`, the likeliest first; none while the loss has not risen."""


def area_losses_stored(
    connection: Connection, *, scope: Scope, areas: Sequence[str] | None = None
) -> dict[str, StoredLoss]:
    """Return what was found of the areas that a caller may see.

    Raises:
        StorageError: If the database is away or refuses.
    """
    bound = {
        "areas": None if areas is None else list(areas),
        "scope": None if scope.areas is None else sorted(scope.areas),
    }
    with (
        storage_errors("reading line losses"),
        connection.cursor(row_factory=class_row(StoredLoss)) as cursor,
    ):
        found = cursor.execute(
            "SELECT l.area, coalesce(a.name, '') AS name, a.zone, l.judged_to, l.risen_on, l.rise_kwh_a_day, "
            "l.rise_points, l.technical, l.suspects FROM area_loss AS l LEFT JOIN area AS a ON a.id = l.area "
            "WHERE (%(areas)s::text[] IS NULL OR l.area = ANY(%(areas)s)) "
            "AND (%(scope)s::text[] IS NULL OR l.area = ANY(%(scope)s)) ORDER BY l.area",
            bound,
        ).fetchall()
    return {loss.area: loss for loss in found}


def _day_row(area: str, day: AreaDay) -> dict[str, object]:
    row = asdict(day)
    row["missing"], row["missing_supplies"] = list(day.missing), list(day.missing_supplies)
    return {"area": area, **row}


def _loss_row(loss: AreaLoss) -> dict[str, object]:
    rise = loss.rise
    return {
        "area": loss.area,
        "judged_to": loss.days[-1].day,
        "risen_on": loss.risen_on,
        "kwh_a_day": None if rise is None else rise.kwh_a_day,
        "points": None if rise is None else rise.points,
        "t": None if rise is None else rise.t,
        "technical": Jsonb(asdict(loss.technical)),
        "suspects": Jsonb(
            [] if rise is None else [asdict(suspect) for suspect in loss.suspects[:MOST_SUSPECTS]]
        ),
    }
