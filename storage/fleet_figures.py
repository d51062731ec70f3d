"""The fleet in a few figures for monitoring: how fresh, how complete, what is open; cheap at any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, TypeVar

from psycopg.rows import class_row

from pipeline.quantities import Group
from pipeline.registry import DEFAULT_SCHEDULES
from storage.database import Connection, storage_errors
from storage.episodes import PENDING
from storage.requests import LAPSES_AFTER

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFigures:
    """The scheduled reads of one quantity group on one bus and in one area, over its last periods."""

    quantity_group: str
    bus: str | None
    """None: the meters push by themselves."""
    area: str | None
    due: int
    """0 where nobody tried to read in these periods."""
    arrived: int
    meters: int
    silent: int
    """Meters of which nothing arrived."""
    newest_age_s: float | None
    """How long ago the newest slot that brought something began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessFigures:
    """How long ago the newest slots that brought something began, however long that is."""

    quantity_group: str
    period_s: float
    """How often it is read at the slowest."""
    newest_age_s: float | None
    median_age_s: float | None
    """Of the meter in the middle; None when that one brought nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many of one kind."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestReads:
    """The latest scheduled reads of the fleet."""

    reads: Sequence[ReadFigures]
    freshness: Sequence[FreshnessFigures]
    missing: Sequence[Count]
    """By cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeFigures:
    """Open episodes of one detector, severity and verdict."""

    detector: str
    severity: int
    verdict: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What is one number."""

    size_bytes: int
    installed_meters: int
    waiting_requests: int
    """Of those that will still be taken."""
    leased_buses: int


_LATEST: LiteralString = """
    WITH asked AS (
        SELECT quantity_group, max(every_s) AS every_s,
               greatest(INTERVAL '2 hours', 3 * max(every_s) * INTERVAL '1 second') AS back
        FROM (
            SELECT quantity_group, every_s FROM schedule
            UNION ALL
            SELECT * FROM unnest(%(default_groups)s::text[], %(default_periods)s::int[])
            WHERE NOT EXISTS (SELECT FROM schedule WHERE quantity_group <> %(events)s)
        ) AS given (quantity_group, every_s) GROUP BY quantity_group
    ), hanging AS (
        SELECT DISTINCT ON (i.meter_id) i.meter_id, i.bus, p.area
        FROM installation AS i LEFT JOIN service_point AS p ON p.id = i.service_point
        WHERE (i.starts_at IS NULL OR i.starts_at <= %(now)s) AND (i.ends_at IS NULL OR i.ends_at > %(now)s)
        ORDER BY i.meter_id, i.starts_at DESC NULLS LAST
    ), latest AS MATERIALIZED (
        SELECT hanging.*, asked.quantity_group, asked.every_s, read.due, read.arrived, read.causes,
               -- Only a meter that brought nothing lately is looked for in the days before.
               coalesce(read.newest_at, (
                   SELECT d.newest_slot_at FROM coverage_day AS d
                   WHERE d.meter_id = hanging.meter_id AND d.quantity_group = asked.quantity_group
                     AND d.status >= 'backfilled' AND d.reads > 0
                     AND d.day > %(now)s::date - 40 AND d.newest_slot_at <= %(now)s
                   ORDER BY d.day DESC, d.newest_slot_at DESC LIMIT 1)) AS newest_at
        FROM hanging CROSS JOIN asked
        CROSS JOIN LATERAL (
            SELECT count(*) AS due, count(*) FILTER (WHERE status >= 'backfilled') AS arrived,
                   max(slot_at) FILTER (WHERE status >= 'backfilled') AS newest_at,
                   array_agg(coalesce(cause, 'unknown')) FILTER (WHERE status < 'backfilled') AS causes
            FROM coverage AS c
            WHERE c.meter_id = hanging.meter_id AND c.quantity_group = asked.quantity_group
              AND c.slot_at > %(now)s - asked.back AND c.slot_at <= %(now)s
        ) AS read
    ), ever AS (
        SELECT * FROM latest WHERE due > 0 OR newest_at IS NOT NULL
    ), reads AS (
        SELECT quantity_group, bus, area, sum(due)::bigint AS due, sum(arrived)::bigint AS arrived,
               count(*) FILTER (WHERE due > 0) AS meters,
               count(*) FILTER (WHERE due > 0 AND arrived = 0) AS silent,
               extract(epoch FROM %(now)s - max(newest_at))::float8 AS newest_age_s
        FROM ever GROUP BY quantity_group, bus, area ORDER BY quantity_group, bus, area
    ), freshness AS (
        SELECT quantity_group, max(every_s)::float8 AS period_s,
               extract(epoch FROM %(now)s - max(newest_at))::float8 AS newest_age_s,
               extract(epoch FROM %(now)s - nullif(percentile_disc(0.5) WITHIN GROUP (
                   ORDER BY coalesce(newest_at, '-infinity')), '-infinity'))::float8 AS median_age_s
        FROM ever GROUP BY quantity_group ORDER BY quantity_group
    ), missing AS (
        SELECT cause AS kind, count(*) AS number
        FROM latest CROSS JOIN LATERAL unnest(latest.causes) AS cause GROUP BY cause ORDER BY cause
    )
    SELECT (SELECT coalesce(jsonb_agg(to_jsonb(reads)), '[]') FROM reads),
           (SELECT coalesce(jsonb_agg(to_jsonb(freshness)), '[]') FROM freshness),
           (SELECT coalesce(jsonb_agg(to_jsonb(missing)), '[]') FROM missing)
"""
"""The last three periods of each group, two hours at least: one look into the key of each meter, for all.

How old the newest reading is does not end there: when reading stops, that is what tells.
"""


def latest_reads(connection: Connection, now: datetime) -> LatestReads:
    """Return how the latest scheduled reads went; a meter that brought nothing is older than all others."""
    with storage_errors("counting for monitoring"):
        found = connection.execute(
            _LATEST,
            {
                "now": now,
                "default_groups": [schedule.group for schedule in DEFAULT_SCHEDULES],
                "default_periods": [schedule.every_s for schedule in DEFAULT_SCHEDULES],
                "events": Group.EVENT,
            },
        ).fetchone()
    reads, freshness, missing = found or ([], [], [])
    return LatestReads(
        reads=[ReadFigures(**row) for row in reads],
        freshness=[FreshnessFigures(**row) for row in freshness],
        missing=[Count(**row) for row in missing],
    )


def open_episodes(connection: Connection, now: datetime) -> list[EpisodeFigures]:
    """Return the episodes that still have to be dealt with, but for those found normal."""
    return _rows(
        connection,
        EpisodeFigures,
        "SELECT detector, severity, verdict, count(*) AS number FROM episode AS e "  # noqa: S608 - a constant
        f"WHERE {PENDING} AND verdict <> 'normal' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        now,
    )


def unmatched_by_reason(connection: Connection, now: datetime) -> list[Count]:
    """Return how many messages fitted nothing."""
    return _rows(
        connection,
        Count,
        "SELECT reason AS kind, sum(messages)::bigint AS number FROM unmatched_message GROUP BY 1 ORDER BY 1",
        now,
    )


def totals(connection: Connection, now: datetime) -> Totals:
    """Return what is one number."""
    (row,) = _rows(
        connection,
        Totals,
        """
        SELECT pg_database_size(current_database()) AS size_bytes,
               (SELECT count(DISTINCT meter_id) FROM installation
                WHERE (starts_at IS NULL OR starts_at <= %(now)s)
                  AND (ends_at IS NULL OR ends_at > %(now)s)) AS installed_meters,
               (SELECT count(*) FROM read_request
                WHERE served_at IS NULL AND filed_at >= now() - %(lapses_after)s) AS waiting_requests,
               (SELECT count(*) FROM bus_lease WHERE expires_at > now()) AS leased_buses
        """,
        now,
    )
    return row


def _rows(connection: Connection, kind: type[Row], query: LiteralString, now: datetime) -> list[Row]:
    with (
        storage_errors("counting for monitoring"),
        connection.cursor(row_factory=class_row(kind)) as cursor,
    ):
        return cursor.execute(query, {"now": now, "lapses_after": LAPSES_AFTER}).fetchall()
