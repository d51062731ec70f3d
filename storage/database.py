"""Connections to the database: always UTC, always with an error that says what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from pipeline.errors import ConfigError, ContentRefusedError, SchemaMissingError, StorageError

Connection: TypeAlias = psycopg.Connection[TupleRow]
"""What every function of this folder takes."""

CONNECT_TIMEOUT_S = 10
SILENT_MS = 30_000
"""A server that acknowledges nothing for so long is gone: the link was cut without a word."""
_CONTENT = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)
"""What the driver raises for a value or a row that does not fit."""


COMPILED = ("binary", "c")
_SESSION = "-c TimeZone=UTC -c jit=off"
"""How every session is set.

Compiling (JIT) costs our queries more than it saves: a look at 3 000 meters for monitoring, estimated at far
more rows than it reads, took 1.4 s with it and 1.1 s without, with 40 days of the ledger 3.3 to 7.7 s and 0.8
to 1.0 s.
"""


class Level(StrEnum):
    """How much of TimescaleDB the server offers. Tables and views have the same names on each level."""

    COMMUNITY = "community"
    """TimescaleDB under the Timescale licence: compression, policies, continuous aggregates."""
    APACHE = "apache"
    """TimescaleDB under the Apache licence: hypertables only."""
    PLAIN = "plain"
    """PostgreSQL without the extension: ordinary tables."""


def connect(url: str) -> Connection:
    """Open a connection in UTC that commits each statement unless a ``transaction()`` block is open.

    Raises:
        StorageError: If the server is away or refuses; names the server, never the password.
    """
    try:
        return psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            tcp_user_timeout=SILENT_MS,
            application_name="kilowatch",
            options=_SESSION,
        )
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise StorageError(
            f"no connection to the database at {describe_url(url)}: {reason}. Next step: {_next_step(reason)}"
        ) from error


def _next_step(reason: str) -> str:
    """Return what to do about a connection that did not come about."""
    if "certificate" in reason or "SSL" in reason:
        return (
            "check TLS: sslrootcert in KILOWATCH_DATABASE_URL must be the authority that signed the server's "
            "certificate, which must not have run out, and the host a name in it (sslmode=verify-full)"
        )
    return (
        "check that the server runs and that KILOWATCH_DATABASE_URL names it; "
        "'scripts/timescaledb start' starts one"
    )


def require_compiled_driver() -> None:
    """Make sure that psycopg's compiled part is there: what storing costs is measured with it.

    Raises:
        ConfigError: If it is not.
    """
    if psycopg.pq.__impl__ not in COMPILED:
        raise ConfigError(
            f"psycopg runs as {psycopg.pq.__impl__!r}, which is too slow to store readings. Next step: "
            "pip install 'psycopg[binary]' into this environment, and unset PSYCOPG_IMPL"
        )


def describe_url(url: str) -> str:
    """Return host, port and database of ``url`` for people, without user or password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return urlsplit(url).hostname or "an unreadable address"
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Turn the driver's errors inside the block into a :class:`StorageError` that says what failed."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise SchemaMissingError(
            f"{doing}: the database has no such table ({error.diag.message_primary}). "
            "Next step: run 'kilowatch db migrate'"
        ) from error
    except _CONTENT as error:
        raise ContentRefusedError(
            f"{doing}: the database refused the content ({' '.join(str(error).split())})"
        ) from error
    except psycopg.errors.DiskFull as error:
        raise StorageError(
            f"{doing}: the disk of the database is full ({error.diag.message_primary}). Next step: make room "
            "there, or enlarge it ('kilowatch db retention' keeps less); what was not confirmed is not stored"
        ) from error
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise StorageError(
            f"{doing}: the database went away ({reason}). Next step: check the server, then repeat; "
            "what was not confirmed is not stored"
        ) from error
    except psycopg.Error as error:
        raise StorageError(f"{doing}: the database refused ({' '.join(str(error).split())})") from error


def server_level(connection: Connection) -> Level:
    """Return what the server can offer, whether or not the extension is installed in this database yet."""
    if _licence(connection) is None and not _can_install(connection):
        return Level.PLAIN
    licence = _licence(connection) or _setting(connection, "timescaledb.license")
    # Until the extension's library is loaded its licence is unknown: the migration installs it, then asks.
    return Level.COMMUNITY if licence == "timescale" else Level.APACHE


def install_extension(connection: Connection) -> Level:
    """Install TimescaleDB in this database where the server has it, and return the level reached."""
    if _licence(connection) is None and _can_install(connection):
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    return server_level(connection)


def _licence(connection: Connection) -> str | None:
    installed = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    return (_setting(connection, "timescaledb.license") or "apache") if installed else None


def _can_install(connection: Connection) -> bool:
    row = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    # Installing an extension that was not preloaded ends the connection, so look for the loader's setting.
    return row is not None and _setting(connection, "timescaledb.disable_load") is not None


def _setting(connection: Connection, name: str) -> str | None:
    row = connection.execute("SELECT current_setting(%s, true)", (name,)).fetchone()
    return row[0] if row is not None else None
