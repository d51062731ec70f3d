"""Ready means: the database answers, has this program's schema, and carries notifications."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from pipeline.errors import StorageError
from services.status.readiness import database_readiness
from storage.database import Connection, connect


def test_a_migrated_database_is_ready(any_database_url: str) -> None:
    found = database_readiness(partial(connect, any_database_url))
    assert found.ready
    assert found.as_json() == {"status": "ready", "reasons": []}


def test_pending_migrations_are_not_ready_and_say_what_to_do(any_database_url: str) -> None:
    with connect(any_database_url) as connection:
        connection.execute("DELETE FROM schema_migration WHERE version = 29")
    (reason,) = database_readiness(partial(connect, any_database_url)).reasons
    assert reason == "1 migrations are pending: run 'kilowatch db migrate'"


def test_a_database_that_locks_accounts_with_areas_out_is_not_ready(any_database_url: str) -> None:
    with connect(any_database_url) as connection:
        connection.execute("REVOKE SELECT ON meter FROM kilowatch_scoped")
    (reason,) = database_readiness(partial(connect, any_database_url)).reasons
    assert reason == "accounts with areas may read nothing: run 'kilowatch db migrate'"


def test_a_database_that_is_away_is_not_ready_and_is_not_named() -> None:
    @contextmanager
    def away() -> Iterator[Connection]:
        raise StorageError("no connection to secret-host")
        yield

    (reason,) = database_readiness(away).reasons
    assert "secret-host" not in reason


def test_a_server_that_swallows_notifications_is_not_ready(
    any_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.status.readiness.notifications_arrive", lambda _connection: False)
    (reason,) = database_readiness(partial(connect, any_database_url)).reasons
    assert "session mode" in reason
