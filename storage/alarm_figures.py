"""Alarms in a few figures for monitoring: what is open, what was delivered, what waits, who looked last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString, TypeVar

from psycopg.rows import class_row

from storage.database import Connection, storage_errors
from storage.operation import LAST_LOOK

Row = TypeVar("Row")
WINDOW: Final = timedelta(hours=1)
"""Of deliveries: rows go with their retention, so a count of all of them would fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFigures:
    """Open incidents of one severity, taken on by somebody or not."""

    severity: int
    acknowledged: bool
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFigures:
    """Attempts to send that ended within the window, over channels of one kind."""

    kind: str | None
    """None: the channel is not in the archive any more."""
    outcome: str
    """``sent``, ``failed`` (it is tried again) or ``given up``."""
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """What waits to be sent, and how long ago somebody looked."""

    waiting: int
    oldest_age_s: float
    """0 if nothing waits."""
    looked_age_s: float | None
    """None: nobody ever looked."""


def open_incidents(connection: Connection) -> list[IncidentFigures]:
    """Return how many incidents are open."""
    return _rows(
        connection,
        IncidentFigures,
        "SELECT severity, acknowledged_at IS NOT NULL AS acknowledged, count(*) AS number FROM incident "
        "WHERE state = 'open' GROUP BY 1, 2 ORDER BY 1, 2",
    )


def deliveries(connection: Connection, now: datetime) -> list[DeliveryFigures]:
    """Return what attempts of the last hour came to."""
    return _rows(
        connection,
        DeliveryFigures,
        """
        SELECT c.kind, CASE WHEN a.succeeded THEN 'sent'
                            WHEN n.state = 'given up' AND a.number = n.attempts THEN 'given up'
                            ELSE 'failed' END AS outcome, count(*) AS number
        FROM notification_attempt AS a JOIN notification AS n ON n.id = a.notification
        LEFT JOIN alarm_channel AS c ON c.id = n.channel
        WHERE a.ended_at > %(since)s GROUP BY 1, 2 ORDER BY 1, 2
        """,
        since=now - WINDOW,
    )


def undelivered(connection: Connection, now: datetime) -> Undelivered:
    """Return what waits to be sent, and when incidents were worked out last."""
    (row,) = _rows(
        connection,
        Undelivered,
        """
        SELECT count(*) AS waiting,
               coalesce(extract(epoch FROM %(now)s - min(planned_at)), 0)::float8 AS oldest_age_s,
               (SELECT extract(epoch FROM %(now)s - at)::float8 FROM operation_mark WHERE name = %(look)s)
                   AS looked_age_s
        FROM notification WHERE state = 'waiting'
        """,
        now=now,
        look=LAST_LOOK,
    )
    return row


def _rows(connection: Connection, kind: type[Row], query: LiteralString, **values: object) -> list[Row]:
    with (
        storage_errors("counting alarms for monitoring"),
        connection.cursor(row_factory=class_row(kind)) as cursor,
    ):
        return cursor.execute(query, values).fetchall()
