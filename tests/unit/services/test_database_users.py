"""A user gets the rights of its kind, an address to connect by, and a password that is told once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline.errors import ConfigError, SchemaMissingError
from services.database_users import make_user_of, password_in
from storage.database import connect
from storage.database_rights import Rights
from storage.migrate import migrate
from storage.registry import load_registry
from tests.fix_database import with_database
from tests.unit.cli.invoke import Invoke, invoker

PASSWORD = "häm-mer/with:signs@x"  # noqa: S105 - of users that live as long as a test
NAME = f"kw_user_{os.getpid()}"
NEW = f"kw_new_{os.getpid()}"


@pytest.fixture
def gone_afterwards(timescale_url: str, database_url: str) -> Iterator[None]:
    """Take the users of a test away, and the database that one of them owns."""
    yield
    with connect(database_url) as owner:
        for name in (NAME, f"{NAME}_2"):
            if owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
                owner.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
    with psycopg.connect(timescale_url, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NEW)))
        for name in (NAME, f"{NAME}_2"):
            server.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


@pytest.mark.usefixtures("gone_afterwards")
def test_an_owner_gets_a_database_of_its_own_and_fills_it(timescale_url: str) -> None:
    url = with_database(timescale_url, NEW)
    address = make_user_of(url, NAME, PASSWORD, Rights.OWN)
    assert make_user_of(url, NAME, PASSWORD, Rights.OWN) == address, "again changes nothing"
    with connect(address) as owner:
        assert migrate(owner).applied
        assert migrate(owner).applied == ()
        assert owner.execute("SELECT current_setting('server_encoding')").fetchone() == ("UTF8",)
        privileges = (
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        assert owner.execute(privileges).fetchone() == (False,)
        owner.execute("SET ROLE kilowatch_scoped")
        owner.execute("SELECT count(*) FROM meter")


@pytest.mark.usefixtures("gone_afterwards")
def test_a_new_database_lets_nobody_else_in(timescale_url: str) -> None:
    make_user_of(with_database(timescale_url, NEW), NAME, PASSWORD, Rights.OWN)
    with psycopg.connect(timescale_url) as server:
        may = server.execute(
            "SELECT has_database_privilege('public', %(new)s, 'CONNECT'), "
            "has_database_privilege(%(name)s, %(new)s, 'CONNECT')",
            {"new": NEW, "name": NAME},
        ).fetchone()
    assert may == (False, True)


@pytest.mark.usefixtures("gone_afterwards")
def test_a_writer_works_in_what_is_there_and_what_comes_but_changes_no_schema(database_url: str) -> None:
    address = make_user_of(database_url, NAME, PASSWORD, Rights.WRITE)
    with connect(database_url) as owner:
        owner.execute("CREATE TABLE made_later (n serial)")
    with connect(address) as writer:
        writer.execute("INSERT INTO area (id, name, zone) VALUES ('TA', '东风', 'Asia/Shanghai')")
        writer.execute("INSERT INTO made_later DEFAULT VALUES")
        assert [area.id for area in load_registry(writer).areas] == ["TA"]
        writer.execute("SET ROLE kilowatch_scoped")
        writer.execute("RESET ROLE")
        for statement in (
            "CREATE TABLE mine (n int)",
            "ALTER TABLE area ADD COLUMN x int",
            "DROP TABLE made_later",
            "DELETE FROM schema_migration",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                writer.execute(statement)


@pytest.mark.usefixtures("gone_afterwards")
def test_who_becomes_a_reader_loses_what_a_writer_may_and_the_other_way_round(database_url: str) -> None:
    address = make_user_of(database_url, NAME, PASSWORD, Rights.WRITE)
    assert make_user_of(database_url, NAME, PASSWORD, Rights.READ) == address
    with connect(database_url) as owner:
        owner.execute("CREATE TABLE made_later (n int)")
    with connect(address) as reader:
        reader.execute("SELECT count(*) FROM meter")  # the view of the schema grafana
        for statement in (
            "SELECT * FROM public.meter",
            "SELECT * FROM public.made_later",
            "SET ROLE kilowatch_scoped",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)
    make_user_of(database_url, NAME, PASSWORD, Rights.WRITE)
    with connect(address) as writer:
        writer.execute("INSERT INTO area (id, name, zone) VALUES ('TA', '东风', 'Asia/Shanghai')")


@pytest.mark.usefixtures("gone_afterwards")
@pytest.mark.parametrize("rights", Rights)
def test_who_may_more_is_left_alone(database_url: str, rights: Rights) -> None:
    with pytest.raises(ConfigError, match="may do more than"):
        make_user_of(database_url, str(urlsplit(database_url).username), PASSWORD, rights)


@pytest.mark.usefixtures("gone_afterwards")
def test_tables_of_somebody_else_are_not_taken_over(database_url: str) -> None:
    with pytest.raises(ConfigError, match="--rights write"):
        make_user_of(database_url, NAME, PASSWORD, Rights.OWN)
    with connect(database_url) as owner:
        assert owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (NAME,)).fetchone() is None


@pytest.mark.usefixtures("gone_afterwards")
def test_rights_on_tables_want_tables(empty_timescale_url: str) -> None:
    for rights in (Rights.WRITE, Rights.READ):
        with pytest.raises(SchemaMissingError, match="kilowatch db migrate"):
            make_user_of(empty_timescale_url, NAME, PASSWORD, rights)


@pytest.mark.usefixtures("gone_afterwards")
def test_who_may_make_no_users_is_told_who_may(database_url: str) -> None:
    address = make_user_of(database_url, NAME, PASSWORD, Rights.WRITE)
    with pytest.raises(ConfigError, match="runuser -u postgres"):
        make_user_of(address, f"{NAME}_2", PASSWORD, Rights.READ)


@pytest.mark.usefixtures("gone_afterwards")
def test_the_address_keeps_how_the_link_is_guarded_and_no_key_of_who_asked(database_url: str) -> None:
    url = make_conninfo(database_url, sslmode="prefer", sslrootcert="ca.pem", sslkey="key.pem")
    found = conninfo_to_dict(make_user_of(url, NAME, PASSWORD, Rights.WRITE))
    wanted = conninfo_to_dict(database_url)
    assert found == {
        **{key: wanted[key] for key in ("host", "port", "dbname")},
        "user": NAME,
        "password": PASSWORD,
        "sslmode": "prefer",
        "sslrootcert": "ca.pem",
    }


def test_a_password_out_of_a_file_is_long_enough(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("short\n")
    with pytest.raises(ConfigError, match="at least 12"):
        password_in(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        password_in(tmp_path / "missing")
    file.write_text(f" {PASSWORD}\n")
    assert password_in(file) == PASSWORD


@pytest.fixture
def kilowatch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoke:
    return invoker(monkeypatch, capsys)


@pytest.mark.usefixtures("gone_afterwards")
def test_the_command_tells_an_address_alone_on_stdout_and_that_works(
    database_url: str, kilowatch: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database_url)
    ran = kilowatch("db", "user", NAME, "--rights", "write")
    assert ran.status == 0
    password = str(conninfo_to_dict(ran.out.strip())["password"])
    assert password not in ran.err
    with connect(ran.out.strip()) as writer:
        writer.execute("SELECT count(*) FROM meter")
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    ran = kilowatch("db", "user", NAME, "--rights", "read", "--password-file", str(file))
    assert (ran.status, ran.out) == (0, "")
    assert PASSWORD not in ran.err
    with connect(make_conninfo(database_url, user=NAME, password=PASSWORD)) as reader:
        reader.execute("SELECT count(*) FROM grafana.meter")
