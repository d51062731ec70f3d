"""How every meter of a fleet stands: one slim row each, cheap enough to be asked for ten thousand at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from psycopg.rows import class_row

from pipeline.model import Scope
from storage.dashboard_episodes import SEEN, areas_of
from storage.dashboard_queries import rows_in_scope
from storage.database import Connection, storage_errors
from storage.episodes import PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStanding:
    """A meter, where it hangs, and what its state is judged by."""

    meter: str
    service_point: str | None
    service_point_name: str | None
    customer: str | None
    area: str | None
    area_name: str | None
    bus: str | None
    address: str | None
    profile: str | None
    newest_at: datetime | None
    """Of a meter that is read in time the newest slot that it answered, else its newest reading."""
    due: int
    """Scheduled reads of the present local day."""
    in_time: int
    late: int
    backfilled: int
    open_episodes: int
    """Abnormal and undecided ones that nobody has rejected or closed."""
    worst_severity: int | None
    """Of the abnormal ones among them."""

    @property
    def arrived(self) -> int:
        """Of the reads that were due: got, late or backfilled."""
        return self.in_time + self.late + self.backfilled


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEpisodes:
    """How many open episodes there are of one verdict and severity."""

    verdict: str
    severity: int
    episodes: int


_STANDINGS: LiteralString = """
    {days}
    , local AS (
        SELECT zone, (%(now)s AT TIME ZONE zone)::date AS day FROM meter GROUP BY zone
    ), counted AS (
        SELECT c.meter_id, coalesce(sum(reads) FILTER (WHERE c.day = l.day), 0)::int AS due,
               coalesce(sum(reads) FILTER (WHERE c.day = l.day AND status = 'got'), 0)::int AS in_time,
               coalesce(sum(reads) FILTER (WHERE c.day = l.day AND status = 'late'), 0)::int AS late,
               coalesce(sum(reads) FILTER (WHERE c.day = l.day AND status = 'backfilled'), 0)::int
                   AS backfilled,
               max(newest_slot_at) FILTER (WHERE status >= 'late') AS newest_slot_at
        FROM {zoned_days} JOIN local AS l USING (zone)
        -- A local day is at most one away from the server's.
        WHERE c.day >= %(now)s::date - 1 AND c.day <= %(now)s::date + 1 AND c.reads > 0
        GROUP BY c.meter_id
    ), worst AS (
        SELECT e.meter, count(*)::int AS episodes,
               max(severity) FILTER (WHERE verdict = 'abnormal') AS severity
        FROM {episodes} WHERE {pending} AND e.verdict <> 'normal' AND {own_episodes} GROUP BY e.meter
    )
    SELECT m.id AS meter, m.service_point, m.service_point_name, m.customer, m.area, m.area_name,
           m.bus, m.address, m.profile,
           -- Only a meter that the ledger does not show as read lately is looked for among the readings.
           CASE WHEN l.slot_at >= %(quiet_since)s THEN l.slot_at ELSE greatest(l.slot_at,
               (SELECT taken_at FROM electrical_reading AS r WHERE r.meter_id = m.meter_id
                AND r.taken_at > greatest(l.slot_at, %(now)s - INTERVAL '40 days')
                AND (m.hung_since IS NULL OR r.taken_at >= m.hung_since)
                ORDER BY taken_at DESC LIMIT 1),
               (SELECT taken_at FROM register_reading AS r WHERE r.meter_id = m.meter_id
                AND r.taken_at > greatest(l.slot_at, %(now)s - INTERVAL '40 days')
                AND (m.hung_since IS NULL OR r.taken_at >= m.hung_since)
                ORDER BY taken_at DESC LIMIT 1)
           ) END AS newest_at,
           coalesce(c.due, 0) AS due, coalesce(c.in_time, 0) AS in_time,
           coalesce(c.late, 0) AS late, coalesce(c.backfilled, 0) AS backfilled,
           coalesce(w.episodes, 0) AS open_episodes, w.severity AS worst_severity
    FROM placed AS m
    LEFT JOIN counted AS c USING (meter_id)
    LEFT JOIN worst AS w ON w.meter = m.id
    CROSS JOIN LATERAL (
        -- Only of a meter without a read in these days older ones are looked at.
        SELECT coalesce(c.newest_slot_at, (
            SELECT newest_slot_at FROM coverage_day AS d
            WHERE d.meter_id = m.meter_id AND d.status >= 'late' AND d.reads > 0
              AND (m.hung_since IS NULL OR d.newest_slot_at >= m.hung_since)
            ORDER BY d.day DESC, d.newest_slot_at DESC LIMIT 1
        )) AS slot_at
    ) AS l
    WHERE {fitting}
    ORDER BY m.id
"""


def meter_standings(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    now: datetime,
    silent: timedelta,
    search: str = "",
    area: str | None = None,
) -> list[MeterStanding]:
    """Return the meters that a caller may see, by id.

    ``search`` is looked for, without regard to case, in meter, service point, customer, area, bus, address
    and profile. ``silent`` is the age from which a meter counts as silent.

    Raises:
        StorageError: If the database is away or refuses.
    """
    return rows_in_scope(
        connection,
        MeterStanding,
        _STANDINGS,
        scope=scope,
        now=now,
        quiet_since=now - silent,
        search=search.strip(),
        area=area,
    )


def open_episode_counts(connection: Connection, *, scope: Scope) -> list[OpenEpisodes]:
    """Return how many episodes still have to be dealt with, by verdict and severity.

    Raises:
        StorageError: If the database is away or refuses.
    """
    query: LiteralString = (
        "SELECT e.verdict, e.severity, count(*) AS episodes "
        + SEEN
        + f"AND {PENDING} GROUP BY e.verdict, e.severity"
    )
    with (
        storage_errors("counting open episodes"),
        connection.cursor(row_factory=class_row(OpenEpisodes)) as cursor,
    ):
        return cursor.execute(query, {"areas": areas_of(scope)}).fetchall()
