"""What the pages ask the coverage ledger: how well the fleet is read, what is missing and why (漏抄)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipeline.model import Scope
from storage.dashboard_queries import rows_in_scope
from storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageCount:
    """How many scheduled reads of one bus and profile ended in one status."""

    bus: str | None
    profile: str | None
    status: str
    reads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRead:
    """One scheduled read that brought nothing."""

    meter: str
    bus: str | None
    quantity_group: str
    slot_at: datetime
    status: str
    cause: str | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRun:
    """The reads of one meter and group that are missing for one cause: one line of the worklist."""

    meter: str
    service_point_name: str | None
    bus: str | None
    quantity_group: str
    cause: str | None
    reads: int
    first_slot_at: datetime
    last_slot_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseCount:
    """How many reads are missing for one cause, and of how many meters."""

    cause: str | None
    reads: int
    meters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageDay:
    """One meter's reads of one group on one local day."""

    day: date
    quantity_group: str
    due: int
    in_time: int
    late: int
    backfilled: int


def last_cycle_counts(connection: Connection, *, scope: Scope, now: datetime) -> list[CoverageCount]:
    """Return how the newest scheduled instant of each bus and group ended; none is older than yesterday."""
    return rows_in_scope(
        connection,
        CoverageCount,
        """
        {days}
        , ended AS (
            SELECT DISTINCT ON (c.meter_id, c.quantity_group)
                   m.bus, m.profile, c.quantity_group, c.status, c.newest_slot_at
            FROM {coverage_day} AS c JOIN placed AS m USING (meter_id)
            WHERE c.day >= %(now)s::date - 1 AND c.day <= %(now)s::date + 1 AND c.reads > 0
              AND c.newest_slot_at <= %(now)s
            ORDER BY c.meter_id, c.quantity_group, c.newest_slot_at DESC, c.status DESC
        ), newest AS (
            SELECT *, max(newest_slot_at) OVER (PARTITION BY bus, quantity_group) AS cycle_at FROM ended
        )
        SELECT bus, profile, status::text AS status, count(*) AS reads
        FROM newest WHERE newest_slot_at = cycle_at GROUP BY bus, profile, status
        """,
        scope=scope,
        now=now,
    )


def missing_reads(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    since: datetime,
    now: datetime,
    meters: Sequence[str] | None = None,
    limit: int = 50,
) -> list[MissingRead]:
    """Return the reads that are still missing since ``since``, newest first."""
    return rows_in_scope(
        connection,
        MissingRead,
        """
        SELECT m.id AS meter, m.bus, c.quantity_group, c.slot_at, c.status::text AS status, c.cause,
               c.attempts
        FROM coverage AS c JOIN placed AS m USING (meter_id)
        WHERE c.slot_at >= %(since)s AND c.slot_at <= %(now)s AND c.status < 'backfilled'
          AND {own_slots} AND (%(meters)s::text[] IS NULL OR m.id = ANY (%(meters)s::text[]))
        ORDER BY c.slot_at DESC, m.id, c.quantity_group LIMIT %(limit)s
        """,
        scope=scope,
        since=since,
        now=now,
        meters=list(meters) if meters is not None else None,
        limit=limit,
    )


def missing_runs(connection: Connection, *, scope: Scope, now: datetime, limit: int = 50) -> list[MissingRun]:
    """Return what is missing of the present local day by meter, group and cause: the most reads first."""
    return rows_in_scope(
        connection,
        MissingRun,
        """
        {today}
        , worst AS (
            SELECT * FROM today WHERE status < 'backfilled'
            ORDER BY reads DESC, newest_slot_at DESC, id, status LIMIT %(limit)s
        )
        SELECT w.id AS meter, m.service_point_name, w.bus, w.quantity_group, l.cause, l.reads,
               l.first_slot_at, l.last_slot_at, l.attempts
        FROM worst AS w JOIN placed AS m USING (meter_id)
        CROSS JOIN LATERAL (
            SELECT c.cause, count(*) AS reads, min(c.slot_at) AS first_slot_at,
                   max(c.slot_at) AS last_slot_at, sum(c.attempts)::int AS attempts
            FROM coverage AS c
            WHERE c.meter_id = w.meter_id AND c.quantity_group = w.quantity_group
              AND c.slot_at >= w.day::timestamp AT TIME ZONE m.zone
              AND c.slot_at < (w.day + 1)::timestamp AT TIME ZONE m.zone
              AND c.status = w.status AND coalesce(c.cause, '') = w.cause AND {own_slots}
            GROUP BY c.cause
        ) AS l
        ORDER BY l.reads DESC, l.last_slot_at DESC, w.id
        """,
        scope=scope,
        now=now,
        limit=limit,
    )


def missing_causes(connection: Connection, *, scope: Scope, now: datetime) -> list[CauseCount]:
    """Return why reads of the present local day are missing, the commonest cause first."""
    return rows_in_scope(
        connection,
        CauseCount,
        """
        {today}
        SELECT nullif(cause, '') AS cause, sum(reads)::int AS reads, count(DISTINCT meter_id) AS meters
        FROM today WHERE status < 'backfilled' GROUP BY cause ORDER BY reads DESC, cause
        """,
        scope=scope,
        now=now,
    )


def coverage_days(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection, meter: str, *, scope: Scope, since: datetime, now: datetime, zone: ZoneInfo
) -> list[CoverageDay]:
    """Return one meter's reads for each local day and group, the newest day first."""
    return rows_in_scope(
        connection,
        CoverageDay,
        """
        SELECT (c.slot_at AT TIME ZONE %(zone)s)::date AS day, c.quantity_group, count(*) AS due,
               count(*) FILTER (WHERE status = 'got') AS in_time,
               count(*) FILTER (WHERE status = 'late') AS late,
               count(*) FILTER (WHERE status = 'backfilled') AS backfilled
        FROM coverage AS c JOIN placed AS m USING (meter_id)
        WHERE m.id = %(meter)s AND c.slot_at >= %(since)s AND c.slot_at <= %(now)s
          AND {own_slots}
        GROUP BY 1, 2 ORDER BY 1 DESC, 2
        """,
        scope=scope,
        meter=meter,
        since=since,
        now=now,
        zone=zone.key,
    )
