"""Drops incidents (告警事件) that closed long ago, and messages whose incidents are over: a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, LiteralString

from storage.database import Connection

AT_A_TIME: Final = 500
"""Incidents or messages a transaction: a look at alarms never waits long for it."""
_OLD_INCIDENTS: LiteralString = """
    WITH RECURSIVE closed AS (
        SELECT id FROM incident WHERE state = 'closed' AND closed_at < %(before)s
        ORDER BY closed_at LIMIT %(most)s
    ), family AS (
        SELECT id FROM closed
        UNION
        SELECT merged.id FROM incident AS merged JOIN family ON merged.merged_into = family.id
    )
    SELECT array_agg(id ORDER BY id) FROM family
"""
"""With those that became a part of them."""
_OLD_MESSAGES: LiteralString = """
    SELECT array_agg(id) FROM (
        SELECT id FROM notification AS n
        WHERE n.state <> 'waiting' AND n.planned_at < %(before)s AND NOT EXISTS (
            SELECT FROM notification_about AS a JOIN incident AS i ON i.id = a.incident
            WHERE a.notification = n.id AND (i.state = 'open' OR i.closed_at >= %(before)s)
        )
        ORDER BY n.planned_at LIMIT %(most)s
    ) AS old
"""
"""What was told of an incident that goes on is kept however old: by it nothing is told twice."""
_OF_INCIDENTS: tuple[LiteralString, ...] = (
    "DELETE FROM incident_signal WHERE incident = ANY(%s)",
    "DELETE FROM notification_about WHERE incident = ANY(%s)",
    "DELETE FROM incident WHERE id = ANY(%s)",
)
_OF_MESSAGES: tuple[LiteralString, ...] = (
    "DELETE FROM notification_attempt WHERE notification = ANY(%s)",
    "DELETE FROM notification_about WHERE notification = ANY(%s)",
    "DELETE FROM notification WHERE id = ANY(%s)",
)
_WITHOUT_INCIDENT: LiteralString = """
    SELECT array_agg(DISTINCT a.notification) FROM notification_about AS a
    WHERE a.incident = ANY(%(incidents)s) AND NOT EXISTS (
        SELECT FROM notification_about AS other
        WHERE other.notification = a.notification AND other.incident <> ALL(%(incidents)s)
    )
"""


def drop_incidents(connection: Connection, before: datetime) -> int:
    """Drop incidents that closed before an instant, with their signals and messages; return how many."""
    return _by_parts(connection, lambda: _drop_some_incidents(connection, before))


def drop_messages(connection: Connection, before: datetime) -> int:
    """Drop messages of before an instant with their attempts, but for those of incidents that go on."""
    return _by_parts(connection, lambda: _drop_some_messages(connection, before))


ALARM_TABLES: Mapping[str, Callable[[Connection, datetime], int]] = {
    "incident": drop_incidents,
    "notification": drop_messages,
}
"""What drops the old rows of each, the incidents first."""


def _by_parts(connection: Connection, drop_some: Callable[[], int]) -> int:
    dropped = 0
    while True:
        with connection.transaction():
            some = drop_some()
        dropped += some
        if not some:
            return dropped


def _drop_some_incidents(connection: Connection, before: datetime) -> int:
    old = _names(connection, _OLD_INCIDENTS, {"before": before, "most": AT_A_TIME})
    if old:
        messages = _names(connection, _WITHOUT_INCIDENT, {"incidents": old})
        _delete(connection, _OF_MESSAGES, messages)
        _delete(connection, _OF_INCIDENTS, old)
    return len(old)


def _drop_some_messages(connection: Connection, before: datetime) -> int:
    old = _names(connection, _OLD_MESSAGES, {"before": before, "most": AT_A_TIME})
    _delete(connection, _OF_MESSAGES, old)
    return len(old)


def _names(connection: Connection, query: LiteralString, values: Mapping[str, object]) -> list[str]:
    row = connection.execute(query, values).fetchone()
    return [] if row is None or row[0] is None else list(row[0])


def _delete(connection: Connection, statements: tuple[LiteralString, ...], names: list[str]) -> None:
    for statement in statements:
        connection.execute(statement, (names,))
