"""A notification that was sent comes back over the same connection, unless somebody swallows it."""

from __future__ import annotations

from storage.database import Connection
from storage.notify_probe import CHANNEL, notifications_arrive


def test_a_notification_arrives(database: Connection) -> None:
    assert notifications_arrive(database)
    listening = database.execute("SELECT count(*) FROM pg_listening_channels()").fetchone()
    assert listening == (0,), "the connection goes back as it came"


def test_one_of_somebody_else_does_not_count(database: Connection) -> None:
    database.execute(f"LISTEN {CHANNEL}")
    database.execute(f"NOTIFY {CHANNEL}, 'stale'")
    assert notifications_arrive(database)
