"""A database of an older version is brought up to date with all that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pipeline.errors import StorageError
from storage.database import Connection, connect
from storage.migrate import Migration, available_migrations, migrate, status
from storage.retention import retention, set_retention
from storage.superseded_migrations import SUPERSEDED
from tests.fix_dashboard import seed
from tests.fix_database import _database

BEFORE_ACCOUNTS = 29
"""The newest schema before pages had accounts."""
FIRST_APPLIED = 50
"""The newest when interim bills, daily sums and raw frames had the texts that they have today."""
SUPERSEDED_UNTIL = 59
"""The newest when some of them had other texts on the main branch."""
TEXTS = Path(__file__).parents[1] / "data" / "superseded_migrations"


def until(version: int) -> list[Migration]:
    return [migration for migration in available_migrations() if migration.version <= version]


def as_superseded(migration: Migration) -> Migration:
    text = TEXTS / migration.name
    return replace(migration, text=text.read_text("utf-8")) if text.exists() else migration


OLDER = until(BEFORE_ACCOUNTS)
SCHEMAS = {
    "before accounts": OLDER,
    "as first applied": until(FIRST_APPLIED),
    "superseded": [as_superseded(migration) for migration in until(SUPERSEDED_UNTIL)],
}
SINCE = (
    (
        "INSERT INTO account (name, full_name, role, areas, password_hash, password_set_at, created_at) "
        "VALUES ('lin', 'Lin', 'engineer', '{TA-01}', 'none', now(), now())"
    ),
    (
        "INSERT INTO account_session (token_hash, account_id, created_at, seen_at, expires_at, address, "
        "agent) SELECT sha256('session'), account_id, now(), now(), now(), '127.0.0.1', '' FROM account"
    ),
    (
        "INSERT INTO api_token (token_hash, account_id, name, role, created_at, expires_at) "
        "SELECT sha256('token'), account_id, 'export', 'viewer', now(), now() FROM account"
    ),
    (
        "INSERT INTO access_event (at, event, account, address, subject, after) "
        "VALUES (now(), 'login', 'lin', '127.0.0.1', 'lin', '{\"a\": 1}')"
    ),
    (
        "INSERT INTO episode_change (episode, at, person, deed, detail) "
        "SELECT id, now(), 'lin', 'noted', 'asked the customer' FROM episode"
    ),
    (
        "INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, reopened, areas, "
        "signals, meters) VALUES ('i1', 'bus', 'rs485-01', 40, 'open', now(), now(), 0, '{TA-01}', 1, 8)"
    ),
    (
        "INSERT INTO incident_signal (id, incident, source, what, severity, starts_at, bus, facts) "
        "VALUES ('s1', 'i1', 'operation', 'bus_silent', 40, now(), 'rs485-01', '{}')"
    ),
    (
        "INSERT INTO notification (id, channel, route, language, content, state, planned_at, "
        "next_attempt_at) VALUES ('n1', 'mail', 'all', 'zh', '{}', 'sent', now(), now())"
    ),
    "INSERT INTO notification_about VALUES ('i1', 'mail', 0, 'opened', 40, 'n1')",
    "INSERT INTO notification_attempt VALUES ('n1', 1, now(), now(), true, '250 OK')",
    "INSERT INTO asked_reading (asked_at, asked_by, meters) VALUES (now(), 'lin', '{M-1001}')",
    "INSERT INTO collector_state VALUES ('host:1', now(), now(), '{}')",
    (
        "INSERT INTO raw_frame VALUES (now(), now(), 'rs485-01', '{M-1001}', '{voltages}', ARRAY[now()], "
        "ARRAY[now()], '{\\x68}', '{\\x68}')"
    ),
    (
        "INSERT INTO forecast (meter_id, starts_at, model, minutes, p10, p50, p90, month) "
        "SELECT meter_id, now(), 'same days', 15, '{1}', '{2}', '{3}', '2026-11-01' FROM meter"
    ),
)
"""Rows of the tables that came after accounts did."""
BORN_SINCE = ("account", "access_event", "episode_change", "incident", "incident_signal", "raw_frame")
OWN = ("schema_level", "schema_migration", "retention")
"""What migrations themselves fill."""


@pytest.fixture(params=SCHEMAS)
def old_schema(request: pytest.FixtureRequest) -> str:
    """The name of an older schema."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def filled(bills_url: str) -> Iterator[Connection]:
    """A database of today with a small city in it, and rows of what came since accounts did."""
    with connect(bills_url) as connection:
        seed(connection)
        for statement in SINCE:
            connection.execute(statement.encode())
        yield connection


@pytest.fixture(params=["timescale_url", "plain_server_url"])
def old_url(request: pytest.FixtureRequest, old_schema: str, filled: Connection) -> Iterator[str]:
    """A database as the older version left it, with what it had of a city."""
    server: str = request.getfixturevalue(request.param)
    with _database(server) as old:
        with connect(old) as connection:
            migrate(connection, SCHEMAS[old_schema])
            _copy(filled, connection)
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
        if table in OWN or table not in theirs:
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


def test_an_older_schema_is_brought_up_to_date_with_its_data_and_views(old_url: str, old_schema: str) -> None:
    with connect(old_url) as connection:
        old_version = SCHEMAS[old_schema][-1].version
        assert status(connection).version == old_version
        set_retention(connection, "electrical_reading", timedelta(days=730))
        tables, views = _columns(connection), _columns(connection, "VIEW")
        ours = {name: columns for name, columns in tables.items() if name not in OWN}
        before = _held(connection, ours)
        shown = _held(connection, views)
        filled = ("electrical_reading", *(BORN_SINCE if old_version > BEFORE_ACCOUNTS else ()))
        assert [table for table in filled if before[table] == (0, None)] == []
        report = migrate(connection)
        assert report.applied
        assert status(connection).pending == ()
        assert _held(connection, ours) == before
        assert _held(connection, views) == shown
        assert retention(connection)["electrical_reading"] == timedelta(days=730)


def test_the_days_of_a_meter_whose_zone_changed_are_counted_again(
    plain_server_url: str, old_schema: str
) -> None:
    counted = (
        b"SELECT meter_id, (slot_at AT TIME ZONE zone)::date, quantity_group, status, coalesce(cause, ''), "
        b"count(*) FROM coverage JOIN meter USING (meter_id) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    )
    kept = (
        b"SELECT meter_id, day, quantity_group, status, cause, reads FROM coverage_day WHERE reads > 0 "
        b"ORDER BY 1, 2, 3, 4, 5"
    )
    with _database(plain_server_url) as url, connect(url) as connection:
        migrate(connection, SCHEMAS[old_schema])
        connection.execute(
            "INSERT INTO meter (id, wiring, rated_voltage_v, nominal_voltage_v, rated_current_a, "
            "max_current_a, digits, resolution, zone) SELECT id, '1P2W', 220, 220, 5, 60, 6, 0.01, "
            "'Asia/Shanghai' FROM unnest('{M1,M2}'::text[]) AS id"
        )
        connection.execute(
            "INSERT INTO coverage (meter_id, slot_at, quantity_group, status, attempts) "
            "SELECT meter_id, slot_at, 'register', 'got', 1 FROM meter, "
            "generate_series('2026-11-01'::timestamptz, '2026-11-04', '1 hour') AS slot_at"
        )
        connection.execute("UPDATE meter SET zone = 'Asia/Urumqi' WHERE id = 'M2'")
        migrate(connection)
        connection.execute("UPDATE coverage SET status = 'missing' WHERE slot_at < '2026-11-02'")
        connection.execute("UPDATE meter SET zone = 'UTC' WHERE id = 'M1'")
        connection.execute("DELETE FROM coverage WHERE slot_at > '2026-11-03'")
        assert connection.execute(kept).fetchall() == connection.execute(counted).fetchall()


def test_each_superseded_text_is_a_known_one() -> None:
    superseded = {m.checksum for m in SCHEMAS["superseded"]} - {m.checksum for m in available_migrations()}
    assert superseded == set(SUPERSEDED)


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
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN "
        "(SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
    ),
    "functions": (
        "SELECT proname, prosrc FROM pg_proc AS p WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS "
        "(SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')"
    ),
    "constraints": (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace"
    ),
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname IN ('public', 'grafana')",
    "comments": (
        "SELECT objoid::regclass::text, objsubid, description FROM pg_description JOIN pg_class AS c "
        "ON c.oid = objoid WHERE classoid = 'pg_class'::regclass AND relnamespace = 'public'::regnamespace"
    ),
    "kept for": "SELECT table_name, keep FROM retention",
}


@pytest.mark.parametrize(
    ("server", "newest"), [("timescale_url", "database_url"), ("plain_server_url", "plain_database_url")]
)
def test_an_upgraded_schema_has_the_rules_views_and_columns_of_a_new_one(
    server: str, newest: str, old_schema: str, request: pytest.FixtureRequest
) -> None:
    fresh: str = request.getfixturevalue(newest)
    url: str = request.getfixturevalue(server)
    with _database(url) as upgraded, connect(upgraded) as old, connect(fresh) as new:
        migrate(old, SCHEMAS[old_schema])
        migrate(old)
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
