"""The schema comes up on every level, once, and refuses what was changed behind its back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.errors import StorageError
from storage.database import Connection, Level, connect, describe_url
from storage.migrate import Migration, available_migrations, migrate, statements, status


def test_a_second_run_applies_nothing(database: Connection) -> None:
    newest = available_migrations()[-1].version
    report = migrate(database)
    assert (report.applied, report.version) == ((), newest)
    assert status(database).pending == ()


def test_the_level_is_what_the_server_offers(database_url: str, plain_database_url: str) -> None:
    with connect(database_url) as timescale, connect(plain_database_url) as plain:
        assert status(timescale).level in {Level.APACHE, Level.COMMUNITY}
        hypertables = timescale.execute("SELECT count(*) FROM timescaledb_information.hypertables").fetchone()
        assert hypertables is not None
        assert hypertables[0] >= 6
        assert status(plain).level is Level.PLAIN


def test_an_empty_database_tells_what_is_pending(empty_timescale_url: str) -> None:
    with connect(empty_timescale_url) as connection:
        assert status(connection).version == 0
        assert len(status(connection).pending) == len(available_migrations())


def test_an_applied_file_must_not_change(database: Connection) -> None:
    first, *rest = available_migrations()
    changed = [replace(first, text=first.text + "-- more\n"), *rest]
    with pytest.raises(StorageError, match=r"0001_archive\.sql was changed after it had been applied"):
        migrate(database, changed)


def test_a_database_from_the_future_is_left_alone(database: Connection) -> None:
    with pytest.raises(StorageError, match="does not know: it was made by a newer version"):
        migrate(database, available_migrations()[:-1])


def test_a_failing_migration_leaves_nothing_behind(database: Connection) -> None:
    broken = Migration(
        version=9999, name="9999_broken.sql", text="CREATE TABLE half (a int);\nSELECT 1 / 0;\n"
    )
    with pytest.raises(StorageError, match=r"9999_broken\.sql failed at 'SELECT 1 / 0;'"):
        migrate(database, [*available_migrations(), broken])
    there = database.execute("SELECT to_regclass('half')").fetchone()
    assert there == (None,)


def test_a_migration_may_ask_for_no_transaction(database: Connection) -> None:
    text = "-- transaction: none\nCREATE INDEX CONCURRENTLY more ON area (name);\n"
    report = migrate(
        database, [*available_migrations(), Migration(version=9999, name="9999_index.sql", text=text)]
    )
    assert report.applied == ("9999_index.sql",)


def test_sections_belong_to_their_levels() -> None:
    text = (
        "SELECT 1;\n-- level: community, apache\nSELECT 2;\n-- level: plain\n"
        "CREATE FUNCTION f() AS $$\n  SELECT 3;\n$$;\n-- level: all\nSELECT 4\n  + 4;\n"
    )
    assert list(statements(text, Level.APACHE)) == ["SELECT 1;", "SELECT 2;", "SELECT 4\n  + 4;"]
    assert list(statements(text, Level.PLAIN))[1] == "CREATE FUNCTION f() AS $$\n  SELECT 3;\n$$;"


def test_a_session_counts_in_utc_and_compiles_no_query(database: Connection) -> None:
    settings = [database.execute(f"SHOW {name}".encode()).fetchone() for name in ("TimeZone", "jit")]
    assert settings == [("UTC",), ("off",)]


def test_no_server_says_what_to_do_and_hides_the_password() -> None:
    url = "postgresql://someone:secret@127.0.0.1:1/kilowatch"
    with pytest.raises(StorageError, match=r"127\.0\.0\.1:1/kilowatch.*Next step") as caught:
        connect(url)
    assert "secret" not in str(caught.value)
    assert describe_url(url) == "127.0.0.1:1/kilowatch"
