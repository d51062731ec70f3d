"""The worklist of missing readings (漏抄): how many, of which meters, and why; unknown meters among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import sql

from pipeline.coverage import Cause
from pipeline.model import Scope
from pipeline.ports import UNKNOWN_DEVICE
from pipeline.registry import DEFAULT_ZONE
from storage.coverage import COVERAGE_KEYS, LEDGER, CoverageBy
from storage.database import Connection, storage_errors
from storage.visible import visible_meters
from storage.writer import UNKNOWN_METER

STRANGERS: Final = (UNKNOWN_METER, UNKNOWN_DEVICE)
"""Reasons under which the side table counts messages of meters that the archive does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingCause:
    """What is missing under one key for one cause."""

    key: str
    """Meter, bus, area, day ..."""
    cause: Cause | None
    readings: int
    """Scheduled readings; for meters that are not in the archive the messages that nobody could file."""
    meters: int
    first_at: datetime
    last_at: datetime


def missing_causes_by(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    by: CoverageBy,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    zone: ZoneInfo = DEFAULT_ZONE,
) -> list[MissingCause]:
    """Return what is missing in ``[starts_at, ends_at)`` by bus, area, day ... and cause, the most first.

    Messages of unknown meters belong to no area: only who may see all areas is told of them.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors("listing what is missing"):
        visible = visible_meters(connection, None, scope=scope)
        rows = connection.execute(
            sql.SQL(
                "SELECT {key} AS key, c.cause, count(*), count(DISTINCT c.meter_id), min(c.slot_at), "
                "max(c.slot_at) "
                "{ledger} AND c.status <= 'not stored' GROUP BY 1, 2"
            ).format(
                key=sql.SQL(COVERAGE_KEYS[by]),
                ledger=sql.SQL(LEDGER).format(visible=visible.at("c", "slot_at")),
            ),
            {**visible.bound, "from": starts_at, "to": ends_at, "zone": zone.key},
        ).fetchall()
        strangers = [] if scope.areas is not None else _strangers(connection, starts_at, ends_at)
    found = [
        MissingCause(
            key=key,
            cause=None if cause is None else Cause(cause),
            readings=readings,
            meters=meters,
            first_at=first_at,
            last_at=last_at,
        )
        for key, cause, readings, meters, first_at, last_at in rows
    ]
    found += _by_key(strangers, by, zone)
    return sorted(found, key=lambda entry: (-entry.readings, entry.key, entry.cause or ""))


def _strangers(connection: Connection, starts_at: datetime, ends_at: datetime) -> list[MissingCause]:
    """Return the meters that the archive does not have and that were heard of last in the stretch."""
    rows = connection.execute(
        "SELECT key, sum(messages)::bigint, min(first_seen_at), max(last_seen_at) FROM unmatched_message "
        "WHERE reason = ANY(%s) AND last_seen_at >= %s AND last_seen_at < %s GROUP BY key",
        (list(STRANGERS), starts_at, ends_at),
    ).fetchall()
    return [
        MissingCause(
            key=key,
            cause=Cause.NOT_IN_ARCHIVE,
            readings=messages,
            meters=1,
            first_at=first_at,
            last_at=last_at,
        )
        for key, messages, first_at, last_at in rows
    ]


def _by_key(strangers: Sequence[MissingCause], by: CoverageBy, zone: ZoneInfo) -> list[MissingCause]:
    """Sum strangers up under the day they were last heard of; bus, area, profile and group have none."""
    if by is CoverageBy.METER:
        return list(strangers)
    under: dict[str, list[MissingCause]] = {}
    for stranger in strangers:
        day = stranger.last_at.astimezone(zone).date().isoformat()
        under.setdefault(day if by is CoverageBy.DAY else "", []).append(stranger)
    return [
        MissingCause(
            key=key,
            cause=Cause.NOT_IN_ARCHIVE,
            readings=sum(one.readings for one in same),
            meters=len(same),
            first_at=min(one.first_at for one in same),
            last_at=max(one.last_at for one in same),
        )
        for key, same in under.items()
    ]
