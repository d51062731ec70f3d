"""A database of an older version is brought up to date with all that it holds."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from pipeline.errors import StorageError
from storage.database import Connection, connect
from storage.migrate import Migration, available_migrations, migrate, status
from tests.fix_dashboard import seed
from tests.fix_database import _database

OLD = 29
"""The newest schema before pages had accounts."""
OLDER = [migration for migration in available_migrations() if migration.version <= OLD]


@pytest.fixture(params=["timescale_url", "plain_server_url"])
def old_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database as the older version left it, with a small city in it."""
    server: str = request.getfixturevalue(request.param)
    with _database(server) as old, _database(server) as new:
        with connect(old) as connection, connect(new) as seeded:
            migrate(connection, OLDER)
            migrate(seeded)
            seed(seeded)
            _copy(seeded, connection)
        yield old


@pytest.fixture
def bare_url(empty_timescale_url: str) -> str:
    """A database as the older version left it, without data."""
    with connect(empty_timescale_url) as connection:
        migrate(connection, OLDER)
    return empty_timescale_url


def _copy(source: Connection, target: Connection) -> None:
    """Copy what both schemas have, table by table, as far as the old one has columns for it."""
    target.execute("SET session_replication_role = replica")
    theirs = _columns(source)
    for table, columns in _columns(target).items():
        if table.startswith("schema_") or table not in theirs:
            continue
        common = sql.SQL(", ").join(sql.Identifier(c) for c in columns if c in theirs[table])
        name = sql.Identifier(table)
        target.execute(sql.SQL("DELETE FROM {}").format(name))
        reading = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(common, name)
        writing = sql.SQL("COPY {} ({}) FROM STDIN").format(name, common)
        with source.cursor().copy(reading) as out, target.cursor().copy(writing) as into:
            for data in out:
                into.write(data)
    target.execute("SET session_replication_role = DEFAULT")


def _columns(connection: Connection, kind: str = "BASE TABLE") -> dict[str, list[str]]:
    rows = connection.execute(
        "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) "
        "FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
        "WHERE table_schema = 'public' AND table_type = %s AND is_generated = 'NEVER' GROUP BY table_name",
        (kind,),
    ).fetchall()
    return dict(rows)


def _held(connection: Connection, relations: dict[str, list[str]]) -> dict[str, object]:
    """Return the rows of each relation, counted and added up over the columns that it had."""
    found: dict[str, object] = {}
    for relation, columns in relations.items():
        question = sql.SQL(
            "SELECT count(*), sum(hashtextextended(ROW({})::text, 0)::numeric)::text FROM {}"
        ).format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(relation))
        found[relation] = connection.execute(question).fetchone()
    return found


def test_an_older_schema_is_brought_up_to_date_with_its_data_and_views(old_url: str) -> None:
    with connect(old_url) as connection:
        assert status(connection).version == OLD
        tables, views = _columns(connection), _columns(connection, "VIEW")
        ours = {name: columns for name, columns in tables.items() if not name.startswith("schema_")}
        before = _held(connection, ours)
        shown = _held(connection, views)
        assert before["electrical_reading"] != (0, None)
        report = migrate(connection)
        assert report.applied
        assert status(connection).pending == ()
        assert _held(connection, ours) == before
        assert _held(connection, views) == shown


RULES = {
    "policies": "SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies",
    "tables held to their policies": (
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
    ),
    "privileges": (
        "SELECT table_schema, table_name, privilege_type FROM information_schema.table_privileges "
        "WHERE grantee = 'kilowatch_scoped'"
    ),
    "views": (
        "SELECT schemaname, viewname, definition FROM pg_views WHERE schemaname IN ('public', 'grafana')"
    ),
    "columns": (
        "SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default "
        "FROM information_schema.columns WHERE table_schema IN ('public', 'grafana')"
    ),
    "triggers": (
        "SELECT tgrelid::regclass::text, tgname, tgfoid::regproc::text FROM pg_trigger WHERE NOT tgisinternal"
    ),
}


@pytest.mark.parametrize("server", ["timescale_url", "plain_server_url"])
def test_an_upgraded_schema_has_the_rules_views_and_columns_of_a_new_one(
    server: str, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(server)
    with (
        _database(url) as upgraded,
        _database(url) as fresh,
        connect(upgraded) as old,
        connect(fresh) as new,
    ):
        migrate(old, OLDER)
        migrate(old)
        migrate(new)
        for what, question in RULES.items():
            made = sorted(new.execute(question.encode()).fetchall(), key=str)
            assert made, what
            assert sorted(old.execute(question.encode()).fetchall(), key=str) == made, what


def test_an_older_program_refuses_the_newer_schema(bare_url: str) -> None:
    with connect(bare_url) as connection:
        migrate(connection)
        with pytest.raises(StorageError, match="made by a newer version"):
            migrate(connection, OLDER)


def test_what_fails_half_way_leaves_the_old_schema(bare_url: str) -> None:
    broken = Migration(version=9999, name="9999_broken.sql", text="CREATE TABLE half (a int);\nSELECT 1/0;\n")
    with connect(bare_url) as connection, pytest.raises(StorageError, match="9999_broken"):
        migrate(connection, [*OLDER, broken])
    with psycopg.connect(bare_url) as looking:
        assert looking.execute("SELECT to_regclass('half')").fetchone() == (None,)
