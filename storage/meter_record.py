"""What one meter's page asks beside its curves: its events, its ledger, its newest spectra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg import sql
from psycopg.rows import class_row

from pipeline.coverage import CoverageEntry
from pipeline.model import MeterId, Scope
from pipeline.quantities import Group
from storage.coverage import coverage_entries_of
from storage.database import Connection, storage_errors
from storage.visible import visible_meters

_GROUPS: LiteralString = (
    "SELECT DISTINCT c.quantity_group FROM coverage_day AS c JOIN meter AS m USING (meter_id) "
    "WHERE {days} AND c.reads > 0"
)
_GROUPS_AT_FIRST: LiteralString = (
    " UNION SELECT c.quantity_group FROM installation AS came JOIN coverage AS c USING (meter_id) "
    "WHERE {slots} AND c.slot_at >= came.starts_at AND c.slot_at < came.starts_at + INTERVAL '1 day'"
)
"""The sums of the day in which a meter was moved are of two places: that day is looked at slot by slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One record of a meter's own memory."""

    kind: str
    part: str
    starts_at: datetime
    ends_at: datetime | None
    count: int | None
    detail: Mapping[str, str] | None


def events_of(
    connection: Connection, meter: MeterId, *, scope: Scope, since: datetime, limit: int
) -> list[StoredEvent]:
    """Return a meter's event records since an instant, the newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors(f"reading events of meter {meter}"),
        connection.cursor(row_factory=class_row(StoredEvent)) as cursor,
    ):
        visible = visible_meters(connection, [meter], scope=scope)
        return cursor.execute(
            sql.SQL(
                "SELECT kind, part, starts_at, ends_at, count, detail FROM meter_event AS e "
                "WHERE {visible} AND starts_at >= %(since)s "
                "ORDER BY starts_at DESC, kind, part LIMIT %(limit)s"
            ).format(visible=visible.at("e", "starts_at")),
            {**visible.bound, "since": since, "limit": limit},
        ).fetchall()


def ledger_of(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    meter: MeterId,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    group: Group | None = None,
) -> list[CoverageEntry]:
    """Return a meter's lines of the ledger in ``[starts_at, ends_at)``, by group and slot; None: all groups.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"reading the coverage of meter {meter}"):
        visible = visible_meters(connection, [meter], scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT meter_id, quantity_group, slot_at, status::text, cause, attempts FROM coverage AS c "
                "WHERE {visible} AND slot_at >= %(from)s AND slot_at < %(to)s "
                "AND (%(group)s::text IS NULL OR quantity_group = %(group)s) ORDER BY quantity_group, slot_at"
            ).format(visible=visible.at("c", "slot_at")),
            {**visible.bound, "from": starts_at, "to": ends_at, "group": group},
        ).fetchall()
    return coverage_entries_of(rows, visible.names)


def ledger_groups(connection: Connection, meter: MeterId, *, scope: Scope) -> list[Group]:
    """Return the groups that were ever due of a meter while it hung in the scope.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"reading what is due of meter {meter}"):
        visible = visible_meters(connection, [meter], scope=scope)
        days = visible.during(
            "c",
            first="c.day::timestamp AT TIME ZONE m.zone",
            after="(c.day + 1)::timestamp AT TIME ZONE m.zone",
        )
        query = sql.SQL(_GROUPS if visible.areas is None else _GROUPS + _GROUPS_AT_FIRST).format(
            days=days, slots=visible.at("c", "slot_at")
        )
        rows = connection.execute(query, visible.bound).fetchall()
    found = {row[0] for row in rows}
    return [group for group in Group if group in found]


def spectrum_times(
    connection: Connection, meter: MeterId, *, scope: Scope, until: datetime, limit: int
) -> list[datetime]:
    """Return when a meter's newest spectra before ``until`` were taken, the newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"looking for spectra of meter {meter}"):
        visible = visible_meters(connection, [meter], scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT DISTINCT taken_at FROM spectrum_reading AS r WHERE {visible} "
                "AND taken_at <= %(until)s AND taken_at > %(until)s - INTERVAL '40 days' "
                "ORDER BY taken_at DESC LIMIT %(limit)s"
            ).format(visible=visible.at("r", "taken_at")),
            {**visible.bound, "until": until, "limit": limit},
        ).fetchall()
    return [row[0] for row in rows]
