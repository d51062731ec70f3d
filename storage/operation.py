"""How collecting goes, as the database knows it: silent meters, leases that ran out, counters that grew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from storage.database import Connection, storage_errors

_FIRST_LOOK = "first look"
LAST_LOOK = "last look"
"""Rows of ``operation_mark``; counters are named by their process, with a colon, or by their spool."""
SPOOL = "spool "
"""How the names of counters begin that are a spool's: it outlives processes, and may be away for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardMeter:
    """A meter that was to be read lately, and when it was heard or has not been."""

    meter: str
    service_point: str | None
    area: str | None
    bus: str | None
    heard_at: datetime | None
    """Its newest slot that was got."""
    silent_since: datetime | None
    """Its first slot after that without an answer; None where there is none."""
    silent_slots: int
    line_down: bool
    """Whether the line was to blame for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLease:
    """A collector that has stopped renewing its leases without giving them up."""

    owner: str
    expired_at: datetime
    buses: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What a counter stands at."""

    value: int
    counts_since: datetime | None
    """When it began with nothing; None where nobody knows."""


def heard_meters(connection: Connection, *, since: datetime, until: datetime) -> list[HeardMeter]:
    """Return the meters that the coverage ledger knows of in ``(since, until]``.

    Silence is a slot without answer, with broken answers, or with a line that was down; a collector that did
    not ask says nothing of a meter.
    """
    with (
        storage_errors("reading the coverage ledger"),
        connection.cursor(row_factory=class_row(HeardMeter)) as cursor,
    ):
        return cursor.execute(
            """
            WITH ledger AS (
                SELECT meter_id, slot_at, status, cause FROM coverage
                WHERE slot_at > %(since)s AND slot_at <= %(until)s
            ), heard AS (
                SELECT meter_id, max(slot_at) FILTER (WHERE status IN ('got', 'late')) AS heard_at
                FROM ledger GROUP BY meter_id
            ), silent AS (
                SELECT l.meter_id, min(l.slot_at) AS since, count(DISTINCT l.slot_at) AS slots,
                       bool_and(l.cause = 'link') AS line_down
                FROM ledger AS l JOIN heard AS h USING (meter_id)
                WHERE l.status IN ('missing', 'not stored')
                  AND l.cause IN ('no answer', 'checksum', 'link')
                  AND (h.heard_at IS NULL OR l.slot_at > h.heard_at)
                GROUP BY l.meter_id
            )
            SELECT m.id AS meter, i.service_point, p.area, i.bus, h.heard_at, s.since AS silent_since,
                   coalesce(s.slots, 0) AS silent_slots, coalesce(s.line_down, false) AS line_down
            FROM heard AS h JOIN meter AS m USING (meter_id) LEFT JOIN silent AS s USING (meter_id)
            JOIN installation AS i ON i.meter_id = h.meter_id
                 AND (i.starts_at IS NULL OR i.starts_at <= %(until)s)
                 AND (i.ends_at IS NULL OR i.ends_at > %(until)s)
            LEFT JOIN service_point AS p ON p.id = i.service_point
            ORDER BY m.id
            """,
            {"since": since, "until": until},
        ).fetchall()


def read_subjects(connection: Connection, *, now: datetime) -> tuple[set[str], set[str]]:
    """Return the meters that hang somewhere now, and the buses that some hang on: what can be silent."""
    with storage_errors("reading installations"):
        rows = connection.execute(
            "SELECT m.id, i.bus FROM installation AS i JOIN meter AS m USING (meter_id) "
            "WHERE (i.starts_at IS NULL OR i.starts_at <= %(now)s) "
            "AND (i.ends_at IS NULL OR i.ends_at > %(now)s)",
            {"now": now},
        ).fetchall()
    return {str(meter) for meter, _ in rows}, {str(bus) for _, bus in rows if bus is not None}


def lost_leases(connection: Connection, *, now: datetime) -> list[LostLease]:
    """Return the leases of buses of the archive that ran out, by their owners."""
    with (
        storage_errors("reading bus leases"),
        connection.cursor(row_factory=class_row(LostLease)) as cursor,
    ):
        return cursor.execute(
            "SELECT l.owner, min(l.expires_at) AS expired_at, array_agg(l.bus ORDER BY l.bus) AS buses "
            "FROM bus_lease AS l JOIN bus AS b ON b.id = l.bus WHERE l.expires_at < %s "
            "GROUP BY l.owner ORDER BY l.owner",
            (now,),
        ).fetchall()


def first_look(connection: Connection, now: datetime) -> datetime:
    """Return when incidents were worked out for the first time here; that is now if they never were."""
    with storage_errors("reading when looking began"), connection.transaction():
        connection.execute(
            "INSERT INTO operation_mark (name, value, at) VALUES (%s, 0, %s) ON CONFLICT (name) DO NOTHING",
            (_FIRST_LOOK, now),
        )
        rows = connection.execute("SELECT at FROM operation_mark WHERE name = %s", (_FIRST_LOOK,)).fetchall()
    began: datetime = rows[0][0]
    return began


def note_look(connection: Connection, now: datetime) -> None:
    """Write that incidents have been worked out now: monitoring sees when nobody does."""
    with storage_errors("noting a look"):
        connection.execute(
            "INSERT INTO operation_mark (name, value, at) VALUES (%s, 0, %s) "
            "ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            (LAST_LOOK, now),
        )


def moved_marks(
    connection: Connection, totals: Mapping[str, Total], began_at: datetime, now: datetime
) -> dict[str, tuple[int, datetime]]:
    """Return how far counters have grown since the last look, and since when; remember them.

    A counter that began anew has grown by all it counts, and so has one that is seen for the first time if it
    began after looking did; what an older one counted before is history. One that nobody has told of for a
    week, as of a process that ended, is forgotten; a spool's is known for two years, for it comes back.

    Args:
        connection: The database.
        totals: By the counters' names.
        began_at: When looking began here.
        now: By the clock.
    """
    grown = {
        name: (total.value, total.counts_since)
        for name, total in totals.items()
        if total.counts_since is not None and total.counts_since > began_at
    }
    with storage_errors("reading counters"), connection.transaction():
        rows = connection.execute(
            "SELECT name, value, at FROM operation_mark WHERE name = ANY(%s)", (list(totals),)
        ).fetchall()
        for name, value, at in rows:
            total = totals[str(name)].value
            grown[str(name)] = (total - value if total >= value else total, at)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO operation_mark (name, value, at) VALUES (%s, %s, %s) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at",
                [(name, total.value, now) for name, total in totals.items()],
            )
        connection.execute(
            "DELETE FROM operation_mark WHERE name <> %(first)s AND at < %(now)s - "
            "CASE WHEN starts_with(name, %(spool)s) THEN interval '2 years' ELSE interval '7 days' END",
            {"first": _FIRST_LOOK, "now": now, "spool": SPOOL},
        )
    return grown
