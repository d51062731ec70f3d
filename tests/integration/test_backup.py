"""A backup of a real database comes back row by row, and one that does not fit is refused before anything."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

import orjson
import psycopg
import pytest
from psycopg import sql

from pipeline.errors import ConfigError, DataError, KilowatchError
from pipeline.model import Scope
from services.backup import back_up, restore
from services.database_users import make_user_of
from services.status.readiness import database_readiness
from storage.area_scope import limited_to
from storage.backup_questions import extension_version
from storage.dashboard_queries import meter_total
from storage.database import Connection, connect
from storage.database_rights import Rights
from storage.migrate import migrate
from tests.e2e.command import kilowatch
from tests.fix_dashboard import NOW, seed
from tests.fix_database import _database, with_database

PASSWORD = "owns-one-database"  # noqa: S105 - of a user of this test


def comments(connection: Connection) -> set[tuple[str, ...]]:
    """Return what is said of our tables, columns and views."""
    return set(
        connection.execute(
            "SELECT c.relname, d.objsubid::text, d.description FROM pg_description AS d "
            "JOIN pg_class AS c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass "
            "WHERE c.relnamespace IN ('public'::regnamespace, 'grafana'::regnamespace)"
        ).fetchall()
    )


@pytest.fixture
def timescale_city(database_url: str) -> str:
    with connect(database_url) as connection:
        seed(connection)
    return database_url


def test_every_row_comes_back_and_what_is_written_afterwards_too(
    timescale_city: str, empty_timescale_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "city.dump"
    made = back_up(timescale_city, file)
    assert made.tables["coverage"].rows > 50_000
    assert made.timescaledb is not None
    for path in (file, tmp_path / "city.dump.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert restore(empty_timescale_url, file) == made
    with connect(empty_timescale_url) as connection:
        assert extension_version(connection) == made.timescaledb
        chunks = "SELECT count(*) FROM timescaledb_information.chunks"
        assert connection.execute(chunks).fetchone() != (0,), "they are hypertables again"
        assert migrate(connection).applied == ()
        assert database_readiness(partial(connect, empty_timescale_url)).ready
        with limited_to(connection, Scope(frozenset({"TA-01"}))):
            assert meter_total(connection, scope=Scope(frozenset({"TA-01"})), now=NOW) == 16
            assert connection.execute("SELECT count(*) FROM meter").fetchone() == (16,), "policies hold too"
        with connect(timescale_city) as original:
            assert comments(connection) == comments(original) != set()
        # A new partition can be made, so the extension works again.
        connection.execute(
            "INSERT INTO coverage (slot_at, meter_id, attempts, status, quantity_group) "
            "VALUES ('2031-01-01 00:00+00', 1, 1, 'got', 'register')"
        )


def test_what_a_superuser_restores_belongs_to_the_owner_of_the_database(
    timescale_city: str, timescale_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "city.dump"
    back_up(timescale_city, file)
    name = f"kw_owner_{os.getpid()}"
    url = with_database(timescale_url, name)
    address = make_user_of(url, name, PASSWORD, Rights.OWN)
    try:
        with pytest.raises(ConfigError, match="runuser -u postgres"):
            restore(address, file)
        restore(url, file)
        with connect(address) as owner:
            assert migrate(owner).applied == ()
            strangers = (
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'S') AND relowner <> "
                "current_user::regrole AND relnamespace IN ('public'::regnamespace, 'grafana'::regnamespace, "
                "'_timescaledb_internal'::regnamespace) AND NOT EXISTS (SELECT 1 FROM pg_depend "
                "WHERE objid = pg_class.oid AND deptype = 'e')"
            )
            assert owner.execute(strangers).fetchall() == []
            owner.execute("ALTER TABLE electrical_reading ADD COLUMN later real")
            owner.execute(
                "INSERT INTO coverage (slot_at, meter_id, attempts, status, quantity_group) "
                "VALUES ('2031-01-01 00:00+00', 1, 1, 'got', 'register')"
            )
            with limited_to(owner, Scope(frozenset({"TA-01"}))):
                assert owner.execute("SELECT count(*) FROM meter").fetchone() == (16,)
    finally:
        with psycopg.connect(timescale_url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_a_plain_database_comes_back_too(
    plain_database_url: str, plain_server_url: str, tmp_path: Path
) -> None:
    with connect(plain_database_url) as connection:
        connection.execute("INSERT INTO area (id, name, zone) VALUES ('TA', '东风台区', 'Asia/Shanghai')")
    file = tmp_path / "plain.dump"
    made = back_up(plain_database_url, file)
    with _database(plain_server_url) as url:
        assert restore(url, file) == made
        assert made.tables["area"].rows == 1


def test_what_does_not_fit_is_refused_and_changes_nothing(
    database_url: str, empty_timescale_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "kw.dump"
    back_up(database_url, file)
    with pytest.raises(ConfigError, match="is there already"):
        back_up(database_url, file)
    with pytest.raises(ConfigError, match="not empty"):
        restore(database_url, file)
    manifest = tmp_path / "kw.dump.json"
    kept = orjson.loads(manifest.read_bytes())
    wrong: tuple[tuple[dict[str, object], type[KilowatchError], str], ...] = (
        ({"schema_version": 9999}, ConfigError, "upgrade"),
        ({"postgresql": 99}, ConfigError, "PostgreSQL 99"),
        ({"timescaledb": "0.1.2"}, ConfigError, "TimescaleDB 0.1.2"),
        ({"dump_sha256": "0" * 64}, DataError, "damaged"),
    )
    for changed, error, words in wrong:
        manifest.write_bytes(orjson.dumps({**kept, **changed}))
        with pytest.raises(error, match=words):
            restore(empty_timescale_url, file)
    manifest.write_bytes(b"{")
    with pytest.raises(ConfigError, match="cannot be read"):
        restore(empty_timescale_url, file)
    with psycopg.connect(empty_timescale_url) as connection:
        assert connection.execute("SELECT to_regclass('public.meter')").fetchone() == (None,)


def test_a_table_that_differs_afterwards_is_told(
    database_url: str, empty_timescale_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "kw.dump"
    back_up(database_url, file)
    manifest = tmp_path / "kw.dump.json"
    kept = orjson.loads(manifest.read_bytes())
    kept["tables"]["meter"]["rows"] += 1
    manifest.write_bytes(orjson.dumps(kept))
    with pytest.raises(DataError, match=r"differ from the backup: meter$"):
        restore(empty_timescale_url, file)


def test_the_command_tells_what_it_did(database_url: str, empty_timescale_url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "kw.dump")
    old, new = ({"KILOWATCH_DATABASE_URL": url} for url in (database_url, empty_timescale_url))
    made = kilowatch("db", "backup", file, "--json", settings=old)
    assert made.status == 0, made.err
    back = kilowatch("db", "restore", file, "--json", settings=new)
    assert back.status == 0, back.err
    assert back.lines[0]["same_as_backup"] is True
    assert back.lines[0]["rows"] == made.lines[0]["rows"]
