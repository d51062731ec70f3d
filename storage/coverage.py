"""The coverage ledger at rest: what every scheduled instant brought, and what is still worth asking for."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import Final, LiteralString
from zoneinfo import ZoneInfo

from psycopg import sql

from pipeline.coverage import RANK, Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId, Scope
from pipeline.quantities import Group
from pipeline.registry import DEFAULT_ZONE
from storage.announcements import Topic, announce
from storage.database import Connection, storage_errors
from storage.registry import meter_numbers
from storage.visible import visible_meters

_FOR_EVER = datetime.max.replace(tzinfo=UTC)

log = logging.getLogger("kilowatch.storage")


class CoverageBy(StrEnum):
    """What a summary counts apart."""

    BUS = "bus"
    PROFILE = "profile"
    AREA = "area"
    DAY = "day"
    GROUP = "group"
    METER = "meter"


COVERAGE_KEYS: Final[Mapping[CoverageBy, LiteralString]] = {
    CoverageBy.BUS: "coalesce(i.bus, '')",
    CoverageBy.PROFILE: "coalesce(i.profile, '')",
    CoverageBy.AREA: "coalesce(p.area, '')",
    CoverageBy.DAY: "(c.slot_at AT TIME ZONE %(zone)s)::date::text",
    CoverageBy.GROUP: "c.quantity_group",
    CoverageBy.METER: "m.id",
}
"""What a summary groups by, over :data:`LEDGER`."""
LEDGER: Final[LiteralString] = (
    "FROM coverage AS c JOIN meter AS m USING (meter_id) "
    "LEFT JOIN installation AS i ON i.meter_id = c.meter_id "
    "AND (i.starts_at IS NULL OR i.starts_at <= c.slot_at) "
    "AND (i.ends_at IS NULL OR c.slot_at < i.ends_at) "
    "LEFT JOIN service_point AS p ON p.id = i.service_point "
    "WHERE {visible} AND c.slot_at >= %(from)s AND c.slot_at < %(to)s"
)
"""The ledger ``c`` of meters ``m``, the installation ``i`` in force at the slot, its point ``p``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageShare:
    """How many scheduled instants brought what, under one key."""

    key: str
    expected: int
    got: int
    late: int
    backfilled: int
    not_stored: int
    missing: int

    @property
    def share(self) -> float:
        """The part of the expected instants that has a reading, late and backfilled ones included."""
        return (self.got + self.late + self.backfilled) / self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Instants of one meter and group that are missing and may still be in the meter's memory."""

    meter: MeterId
    group: Group
    bus: str | None
    slots: tuple[datetime, ...]


class CoverageLedger:
    """Implements ``pipeline.ports.CoverageSink``."""

    def __init__(self, connection: Connection) -> None:
        """Write over ``connection``."""
        self._connection = connection

    def record(self, entries: Sequence[CoverageEntry]) -> None:
        """Store entries; a status of higher rank replaces a lower one, and the attempts add up then.

        Raises:
            StorageError: If the database is away or refuses; nothing of this call is stored then.
        """
        best = _best(entries)
        if not best:
            return
        with storage_errors(f"recording {len(best)} coverage entries"), self._connection.transaction():
            numbers = meter_numbers(self._connection, {entry.meter for entry in best})
            known = [e for e in best if e.meter in numbers]
            if len(known) < len(best):
                log.warning(
                    "coverage of meters outside the archive left out",
                    extra={"entries": len(best) - len(known)},
                )
            self._connection.execute(
                "INSERT INTO coverage AS old (meter_id, quantity_group, slot_at, status, cause, attempts) "
                "SELECT * FROM unnest(%s::int[], %s::text[], %s::timestamptz[], %s::coverage_status[], "
                "%s::text[], %s::int[]) "
                "ON CONFLICT (meter_id, quantity_group, slot_at) DO UPDATE SET status = excluded.status, "
                "cause = excluded.cause, attempts = old.attempts + excluded.attempts, updated_at = now() "
                "WHERE excluded.status > old.status",
                (
                    [numbers[e.meter] for e in known],
                    [e.group.value for e in known],
                    [e.slot_at for e in known],
                    [e.status.value for e in known],
                    [e.cause.value if e.cause is not None else None for e in known],
                    [e.attempts for e in known],
                ),
            )
            announce(self._connection, Topic.COVERAGE, [numbers[e.meter] for e in known])


def newest_slots(
    connection: Connection, meters: Sequence[MeterId], *, since: datetime, until: datetime = _FOR_EVER
) -> dict[tuple[MeterId, Group], datetime]:
    """Return the newest slot in ``(since, until)`` that somebody tried to read, by meter and group.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("looking up the newest slots"), connection.transaction():
        # The planner takes a meter for few slots and would sort them all: walk the key back from the newest.
        connection.execute("SET LOCAL enable_bitmapscan = off")
        connection.execute("SET LOCAL enable_sort = off")
        rows = connection.execute(
            "SELECT id, quantity_group, newest.slot_at FROM unnest(%(meters)s::text[]) AS wanted (id) "
            "JOIN meter USING (id) CROSS JOIN unnest(%(groups)s::text[]) AS expected (quantity_group) "
            "CROSS JOIN LATERAL (SELECT slot_at FROM coverage AS c WHERE c.meter_id = meter.meter_id "
            "AND c.quantity_group = expected.quantity_group AND c.slot_at > %(since)s "
            "AND c.slot_at < %(until)s "
            "AND c.status <> 'backfilled' ORDER BY c.slot_at DESC LIMIT 1) AS newest",
            {
                "meters": list(meters),
                "groups": [group.value for group in Group],
                "since": since,
                "until": until,
            },
        ).fetchall()
    return {(MeterId(meter), Group(group)): slot_at for meter, group, slot_at in rows}


def mark_not_stored(
    connection: Connection, meters: Sequence[MeterId], *, starts_at: datetime, ends_at: datetime
) -> int:
    """Note of what is missing in ``[starts_at, ends_at)`` that these meters hold no memory of it.

    The cause stays: it says why the read itself was missed. A record that comes later replaces the note.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("noting what meters do not store"):
        return connection.execute(
            "UPDATE coverage SET status = 'not stored', updated_at = now() WHERE status = 'missing' "
            "AND meter_id IN (SELECT meter_id FROM meter WHERE id = ANY(%s)) "
            "AND slot_at >= %s AND slot_at < %s",
            (list(meters), starts_at, ends_at),
        ).rowcount


def mark_misplaced(
    connection: Connection, meters: Sequence[MeterId], *, starts_at: datetime, ends_at: datetime
) -> int:
    """Note of what is missing in ``[starts_at, ends_at)`` that these meters' clocks put it elsewhere.

    It stays missing: once the clock is right, the meter is asked again.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("noting what wrong clocks misplace"):
        return connection.execute(
            "UPDATE coverage SET cause = 'clock', updated_at = now() WHERE status = 'missing' "
            "AND cause IS DISTINCT FROM 'clock' "
            "AND meter_id IN (SELECT meter_id FROM meter WHERE id = ANY(%s)) "
            "AND slot_at >= %s AND slot_at < %s",
            (list(meters), starts_at, ends_at),
        ).rowcount


def coverage_summary(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    by: CoverageBy,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    zone: ZoneInfo = DEFAULT_ZONE,
) -> list[CoverageShare]:
    """Return the shares of the slots in ``[starts_at, ends_at)``, by bus, profile, area, local day ...

    Bus, profile and area are those of the installation in force at the slot.
    """
    with storage_errors("summing up coverage"):
        visible = visible_meters(connection, None, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT {key} AS key, count(*), count(*) FILTER (WHERE c.status = 'got'), "
                "count(*) FILTER (WHERE c.status = 'late'), count(*) FILTER (WHERE c.status = 'backfilled'), "
                "count(*) FILTER (WHERE c.status = 'not stored'), "
                "count(*) FILTER (WHERE c.status = 'missing') "
                "{ledger} GROUP BY 1 ORDER BY 1"
            ).format(
                key=sql.SQL(COVERAGE_KEYS[by]),
                ledger=sql.SQL(LEDGER).format(visible=visible.at("c", "slot_at")),
            ),
            {**visible.bound, "from": starts_at, "to": ends_at, "zone": zone.key},
        ).fetchall()
    return [
        CoverageShare(
            key=key, expected=n, got=got, late=late, backfilled=filled, not_stored=lost, missing=missing
        )
        for key, n, got, late, filled, lost, missing in rows
    ]


def coverage_entries(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId] | None = None,
) -> list[CoverageEntry]:
    """Return the lines of the ledger in ``[starts_at, ends_at)``, by meter, group and time."""
    with storage_errors("reading the ledger"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT meter_id, quantity_group, slot_at, status::text, cause, attempts FROM coverage AS c "
                "WHERE {visible} AND slot_at >= %(from)s AND slot_at < %(to)s "
                "ORDER BY meter_id, quantity_group, slot_at"
            ).format(visible=visible.at("c", "slot_at")),
            {**visible.bound, "from": starts_at, "to": ends_at},
        ).fetchall()
    return coverage_entries_of(rows, visible.names)


def missing_slots(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId] | None = None,
    limit: int = 10_000,
    offset: int = 0,
) -> list[CoverageEntry]:
    """Return the instants that brought nothing, with their causes, the newest first."""
    with storage_errors("listing missing readings"):
        visible = visible_meters(connection, meters, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT meter_id, quantity_group, slot_at, status::text, cause, attempts FROM coverage AS c "
                "WHERE {visible} AND slot_at >= %(from)s AND slot_at < %(to)s "
                "AND status <= 'not stored' ORDER BY slot_at DESC, meter_id, quantity_group "
                "LIMIT %(limit)s OFFSET %(offset)s"
            ).format(visible=visible.at("c", "slot_at")),
            {
                **visible.bound,
                "from": starts_at,
                "to": ends_at,
                "limit": limit,
                "offset": offset,
            },
        ).fetchall()
    return coverage_entries_of(rows, visible.names)


def missing_total(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId] | None = None,
) -> int:
    """Return how many instants :func:`missing_slots` finds in all."""
    with storage_errors("counting missing readings"):
        visible = visible_meters(connection, meters, scope=scope)
        row = connection.execute(
            sql.SQL(
                "SELECT count(*) FROM coverage AS c WHERE {visible} AND slot_at >= %(from)s "
                "AND slot_at < %(to)s AND status <= 'not stored'"
            ).format(visible=visible.at("c", "slot_at")),
            {**visible.bound, "from": starts_at, "to": ends_at},
        ).fetchone()
    return 0 if row is None else int(row[0])


def coverage_entries_of(
    rows: Iterable[tuple[int, str, datetime, str, str | None, int]], names: Mapping[int, MeterId]
) -> list[CoverageEntry]:
    """Return lines of the ledger from rows of meter number, group, slot, status, cause and attempts."""
    return [
        CoverageEntry(
            meter=names[number],
            group=Group(group),
            slot_at=slot_at,
            status=CoverageStatus(status),
            cause=None if cause is None else Cause(cause),
            attempts=attempts,
        )
        for number, group, slot_at, status, cause, attempts in rows
    ]


def gaps_to_backfill(
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    buses: Sequence[str] | None = None,
) -> list[Gap]:
    """Return what is missing in ``[starts_at, ends_at)`` by meter and group, in order of time."""
    with storage_errors("listing gaps"):
        visible = visible_meters(connection, None, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT c.meter_id, c.quantity_group, i.bus, c.slot_at FROM coverage AS c "
                "LEFT JOIN installation AS i ON i.meter_id = c.meter_id "
                "AND (i.starts_at IS NULL OR i.starts_at <= c.slot_at) "
                "AND (i.ends_at IS NULL OR c.slot_at < i.ends_at) "
                "WHERE {visible} AND c.slot_at >= %(from)s AND c.slot_at < %(to)s "
                "AND c.status = 'missing' AND (%(buses)s::text[] IS NULL OR i.bus = ANY(%(buses)s)) "
                "ORDER BY c.meter_id, c.quantity_group, i.bus, c.slot_at"
            ).format(visible=visible.at("c", "slot_at")),
            {
                **visible.bound,
                "from": starts_at,
                "to": ends_at,
                "buses": None if buses is None else list(buses),
            },
        ).fetchall()
    names = visible.names
    return [
        Gap(meter=names[number], group=Group(group), bus=bus, slots=tuple(row[3] for row in same))
        for (number, group, bus), same in groupby(rows, key=lambda row: (row[0], row[1], row[2]))
    ]


def _best(entries: Sequence[CoverageEntry]) -> list[CoverageEntry]:
    """Return one entry a key, the one of highest rank, in one order for all writers."""
    best: dict[tuple[str, str, datetime], CoverageEntry] = {}
    for entry in entries:
        key = (entry.meter, entry.group.value, entry.slot_at)
        if key not in best or RANK[entry.status] > RANK[best[key].status]:
            best[key] = entry
    return [best[key] for key in sorted(best)]
