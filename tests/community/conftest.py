"""TimescaleDB under the community licence: in WebAssembly, the only one that runs without Docker.

It has one session, which its clients have one after the other, no server-side parameters and no COPY FROM:
COPY into compressed chunks is tested only where KILOWATCH_DATABASE_URL names a community server.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from storage.database import Connection, Level
from storage.migrate import available_migrations, migrate

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
NODE = PROJECT / "scripts" / "with-node"


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder in the cache with the packages of ``package-lock.json``."""
    folder = Path(os.environ.get("KILOWATCH_CACHE", PROJECT / ".cache")) / "community"
    folder.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = folder / ".complete"
    if not stamp.exists() or stamp.read_bytes() != lock:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, folder / name)
        subprocess.run([NODE, "npm", "ci"], cwd=folder, check=True)  # noqa: S603 - our own script
        stamp.write_bytes(lock)
    return folder


@contextmanager
def _server(packages: Path, data: Path) -> Iterator[str]:
    """Serve the database in a folder, made if missing; yields its address."""
    server = subprocess.Popen(  # noqa: S603 - our own script
        [NODE, "node", HERE / "server.mjs", packages, data], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline())
        # It asks for a password and takes any.
        yield f"postgresql://postgres:unused@127.0.0.1:{port}/postgres?sslmode=disable"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def session(url: str) -> Connection:
    """Connect as this server wants it; nobody else may be connected then."""
    connection = psycopg.connect(
        url, autocommit=True, cursor_factory=psycopg.ClientCursor, prepare_threshold=None
    )
    # What the client before has set is still set: it is the same session.
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET search_path = public")
    return connection


@pytest.fixture(scope="session")
def _empty_data(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a database with nothing in it, to be copied: making one anew takes far longer."""
    data = tmp_path_factory.mktemp("community") / "empty"
    with _server(packages, data):
        pass
    return data


@pytest.fixture(scope="session")
def _migrated_data(packages: Path, _empty_data: Path) -> Path:
    """The same with our schema."""
    data = shutil.copytree(_empty_data, _empty_data.with_name("migrated"))
    with _server(packages, data) as url, closing(session(url)) as connection:
        # This build has the extension without preloading it, which no other server allows.
        connection.execute("CREATE EXTENSION timescaledb")
        report = migrate(connection)
        assert (report.level, len(report.applied)) == (Level.COMMUNITY, len(available_migrations()))
    return data


@pytest.fixture
def empty_community_url(packages: Path, _empty_data: Path, tmp_path: Path) -> Iterator[str]:
    """A fresh server with nothing in it, not even the extension."""
    with _server(packages, shutil.copytree(_empty_data, tmp_path / "empty")) as url:
        yield url


@pytest.fixture
def community_url(packages: Path, _migrated_data: Path, tmp_path: Path) -> Iterator[str]:
    """A fresh TimescaleDB with the community licence, migrated; nobody is connected."""
    with _server(packages, shutil.copytree(_migrated_data, tmp_path / "migrated")) as url:
        with closing(session(url)) as connection:
            connection.execute("LOAD 'timescaledb'")  # as above: nothing preloads it
        yield url


@pytest.fixture
def community(community_url: str) -> Iterator[Connection]:
    """The one connection to a fresh migrated TimescaleDB with the community licence."""
    with closing(session(community_url)) as connection:
        yield connection
