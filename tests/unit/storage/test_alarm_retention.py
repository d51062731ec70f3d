"""What is over for long goes, in parts; what goes on stays with everything that was told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import StorageError
from storage import alarm_retention
from storage.alarm_retention import AT_A_TIME, drop_incidents, drop_messages
from storage.database import Connection
from storage.retention import apply_retention, retention, set_retention

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1200)
LATELY = NOW - timedelta(days=20)


def incident(
    db: Connection, name: str, closed_at: datetime | None, *, into: str | None = None, signal: bool = True
) -> None:
    state = "open" if closed_at is None else "closed" if into is None else "merged"
    db.execute(
        "INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, closed_at, "
        "reopened, areas, signals, meters, merged_into) VALUES (%s, 'usage', '', 20, %s, %s, %s, "
        "%s, 0, '{}', 1, 1, %s)",
        (name, state, LONG_AGO, LONG_AGO, closed_at, into),
    )
    if signal:
        db.execute(
            "INSERT INTO incident_signal (id, incident, source, what, severity, starts_at, facts) "
            "VALUES (%s, %s, 'episode', 'voltage_loss', 20, %s, '{}')",
            (f"s-{name}", name, LONG_AGO),
        )


def message(db: Connection, name: str, at: datetime, *about: str, state: str = "sent") -> None:
    db.execute(
        "INSERT INTO notification (id, channel, route, language, content, state, planned_at, "
        "next_attempt_at) VALUES (%s, %s, 'r', 'zh', '{}', %s, %s, %s)",
        (name, f"c-{name}", state, at, at),
    )
    db.execute("INSERT INTO notification_attempt VALUES (%s, 1, %s, %s, true, 'ok')", (name, at, at))
    for each in about:
        db.execute(
            "INSERT INTO notification_about VALUES (%s, %s, 0, 'opened', 20, %s)", (each, f"c-{name}", name)
        )


def names(db: Connection, table: str, column: str = "id") -> set[str]:
    query = f"SELECT {column} FROM {table}"  # noqa: S608 - names of this file
    return {str(row[0]) for row in db.execute(query.encode()).fetchall()}


def test_an_incident_goes_with_its_parts_and_a_digest_stays_for_the_others(database: Connection) -> None:
    incident(database, "old", LONG_AGO)
    incident(database, "part", LONG_AGO, into="old")
    incident(database, "part-of-part", LONG_AGO, into="part")
    incident(database, "open", None)
    incident(database, "part-of-open", LONG_AGO, into="open")
    incident(database, "late", LATELY)
    message(database, "alone", LONG_AGO, "old", "part")
    message(database, "digest", LONG_AGO, "old", "open")
    assert drop_incidents(database, NOW - timedelta(days=1000)) == 3
    assert names(database, "incident") == {"open", "part-of-open", "late"}
    assert names(database, "incident_signal") == {"s-open", "s-part-of-open", "s-late"}
    assert names(database, "notification") == {"digest"}
    assert names(database, "notification_attempt", "notification") == {"digest"}
    assert names(database, "notification_about", "incident") == {"open"}
    assert drop_incidents(database, NOW - timedelta(days=1000)) == 0


def test_what_was_told_of_an_incident_that_goes_on_is_never_forgotten(database: Connection) -> None:
    incident(database, "open", None)
    incident(database, "late", LATELY)
    incident(database, "over", LONG_AGO)
    message(database, "of-open", LONG_AGO, "open", "over")
    message(database, "of-late", LONG_AGO, "late")
    message(database, "of-over", LONG_AGO, "over")
    message(database, "given-up", LONG_AGO, "over", state="given up")
    message(database, "waiting", LONG_AGO, "over", state="waiting")
    message(database, "new", NOW, "over")
    assert drop_messages(database, NOW - timedelta(days=180)) == 2
    assert names(database, "notification") == {"of-open", "of-late", "waiting", "new"}
    assert names(database, "incident") == {"open", "late", "over"}


def test_ten_thousand_are_dropped_a_few_a_transaction(
    database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(
        "INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, closed_at, "
        "reopened, areas, signals, meters) SELECT 'i' || n, 'usage', '', 20, 'closed', %(at)s, %(at)s, "
        "%(at)s, 0, '{}', 0, 0 FROM generate_series(1, 2 * %(most)s + 1) AS n",
        {"at": LONG_AGO, "most": AT_A_TIME},
    )
    parts: list[int] = []
    some = alarm_retention._drop_some_incidents

    def counted(connection: Connection, before: datetime) -> int:
        parts.append(some(connection, before))
        return parts[-1]

    monkeypatch.setattr(alarm_retention, "_drop_some_incidents", counted)
    assert drop_incidents(database, NOW) == 2 * AT_A_TIME + 1
    assert parts == [AT_A_TIME, AT_A_TIME, 1, 0]


def test_incidents_are_kept_for_three_years_messages_for_half_a_year_unless_it_is_set(
    database: Connection,
) -> None:
    kept = retention(database)
    assert (kept["incident"], kept["notification"]) == (timedelta(days=1095), timedelta(days=180))
    incident(database, "old", LONG_AGO)
    incident(database, "year", NOW - timedelta(days=365))
    message(database, "told", NOW - timedelta(days=365), "year")
    dropped = apply_retention(database, NOW)
    assert (dropped["incident"], dropped["notification"]) == (1, 1)
    assert names(database, "incident") == {"year"}
    set_retention(database, "incident", timedelta(days=30))
    assert apply_retention(database, NOW)["incident"] == 1
    set_retention(database, "incident", None)
    assert "incident" not in apply_retention(database, NOW)


def test_what_looks_still_know_of_must_be_kept(database: Connection) -> None:
    for table in ("incident", "notification"):
        with pytest.raises(StorageError, match="at least 7 days"):
            set_retention(database, table, timedelta(days=6))
