"""Figures of alarms out of incidents and messages written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from storage.alarm_figures import (
    DeliveryFigures,
    IncidentFigures,
    Undelivered,
    deliveries,
    open_incidents,
    undelivered,
)
from storage.database import Connection
from storage.operation import note_look

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def incident(db: Connection, name: str, severity: int, state: str, taken: datetime | None = None) -> None:
    db.execute(
        "INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, reopened, areas, "
        "signals, meters, acknowledged_at) VALUES (%s, 'usage', '', %s, %s, %s, %s, 0, '{}', 1, 1, %s)",
        (name, severity, state, NOW, NOW, taken),
    )


def message(db: Connection, name: str, channel: str, state: str, due_minutes_ago: int) -> None:
    due = NOW - due_minutes_ago * MINUTE
    db.execute(
        "INSERT INTO notification (id, channel, route, language, content, state, planned_at, "
        "next_attempt_at) VALUES (%s, %s, 'r', 'zh', '{}', %s, %s, %s)",
        (name, channel, state, due, due),
    )


def attempts(db: Connection, message: str, *brought: tuple[int, bool | None]) -> None:
    """Keep attempts: how many minutes ago each ended, and whether it succeeded; None while it goes on."""
    for number, (minutes_ago, succeeded) in enumerate(brought, start=1):
        ended = None if succeeded is None else NOW - minutes_ago * MINUTE
        db.execute(
            "INSERT INTO notification_attempt VALUES (%s, %s, %s, %s, %s, '')",
            (message, number, NOW - minutes_ago * MINUTE, ended, succeeded),
        )
    db.execute("UPDATE notification SET attempts = %s WHERE id = %s", (len(brought), message))


def test_open_incidents_are_told_by_severity_and_by_whether_somebody_has_them(database: Connection) -> None:
    incident(database, "a", 40, "open")
    incident(database, "b", 40, "open")
    incident(database, "c", 40, "open", taken=NOW)
    incident(database, "d", 20, "closed")
    assert open_incidents(database) == [
        IncidentFigures(severity=40, acknowledged=False, number=2),
        IncidentFigures(severity=40, acknowledged=True, number=1),
    ]


def test_the_attempts_of_the_last_hour_are_told_by_kind_and_outcome(database: Connection) -> None:
    database.execute("INSERT INTO alarm_channel VALUES ('duty', 'email', 'duty@grid.example', NULL, true)")
    message(database, "second-try", "duty", "sent", 30)
    attempts(database, "second-try", (70, False), (30, False), (29, True))
    message(database, "last-try", "duty", "given up", 1500)
    attempts(database, "last-try", (59, False), (2, False))
    message(database, "under-way", "duty", "waiting", 1)
    attempts(database, "under-way", (0, None))
    message(database, "elsewhere", "gone", "waiting", 1)
    attempts(database, "elsewhere", (1, False))
    assert deliveries(database, NOW) == [
        DeliveryFigures(kind="email", outcome="failed", number=2),
        DeliveryFigures(kind="email", outcome="given up", number=1),
        DeliveryFigures(kind="email", outcome="sent", number=1),
        DeliveryFigures(kind=None, outcome="failed", number=1),
    ]


def test_the_age_is_of_the_oldest_message_that_waits_and_of_the_last_look(database: Connection) -> None:
    assert undelivered(database, NOW) == Undelivered(waiting=0, oldest_age_s=0.0, looked_age_s=None)
    message(database, "old", "duty", "waiting", 20)
    message(database, "new", "duty", "waiting", 1)
    message(database, "sent", "duty", "sent", 90)
    note_look(database, NOW - 10 * MINUTE)
    note_look(database, NOW - 2 * MINUTE)
    assert undelivered(database, NOW) == Undelivered(waiting=2, oldest_age_s=1200.0, looked_age_s=120.0)
