"""Checks of the database: the driver, the server, the schema, what the server preloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Final

from pipeline.errors import StorageError
from services.doctor.finding import Check, Told, check, fault, ok, warning
from services.doctor.machine import Machine
from storage.area_scope import ROLE, RoleState, role_state
from storage.database import COMPILED, Connection, Level
from storage.doctor_questions import preloads_timescaledb, server_facts
from storage.migrate import status
from storage.notify_probe import notifications_arrive

OLDEST_POSTGRESQL: Final = 15
"""``NULLS NOT DISTINCT`` of the archive's keys came with it."""
DEFAULT_BUFFERS_BYTES: Final = 128 * 1024**2
"""What PostgreSQL is installed with."""
LARGE_ARCHIVE_BYTES: Final = 2 * 1024**3
"""About three days of ten thousand meters, quarter by quarter of an hour (docs/scaling.md)."""


@check
def postgresql_driver(machine: Machine) -> Iterator[Told]:
    """Look whether psycopg is compiled: a collector does not start with the slow one."""
    built = machine.postgres_driver
    if built in COMPILED:
        yield ok(f"psycopg is compiled ({built})")
    else:
        yield fault(f"psycopg runs as {built!r}", "pip install 'psycopg[binary]', and unset PSYCOPG_IMPL")


@check
def database(machine: Machine) -> Iterator[Told]:
    """Look whether the database lets us in."""
    found = machine.database
    if isinstance(found, StorageError):
        yield fault(str(found).partition(" Next step")[0], "start the server, or correct the address")
    elif found is not None:
        facts = server_facts(found)
        if facts.version < OLDEST_POSTGRESQL * 10_000:
            yield fault(
                f"PostgreSQL {facts.version // 10_000} is too old", f"use {OLDEST_POSTGRESQL} or newer"
            )
        else:
            yield ok(f"PostgreSQL {facts.version // 10_000}, {facts.size_bytes / 1e6:.0f} MB")


def _in_database(function: Callable[[Connection], Iterator[Told]]) -> Check:
    """File a check that needs a database and finds nothing without one."""

    @wraps(function)
    def made(machine: Machine) -> Iterator[Told]:
        found = machine.database
        if found is not None and not isinstance(found, StorageError):
            yield from function(found)

    return check(made)


@_in_database
def schema(connection: Connection) -> Iterator[Told]:
    """Look whether the schema is this program's."""
    found = status(connection)
    if found.pending:
        yield fault(
            f"{len(found.pending)} migrations are pending (schema {found.version})",
            "make a backup, then run 'kilowatch db migrate'",
        )
    else:
        yield ok(f"schema {found.version}, level {found.level}")


@_in_database
def area_scope(connection: Connection) -> Iterator[Told]:
    """Look whether the database itself keeps accounts with areas to them."""
    if status(connection).pending:
        return
    state = role_state(connection)
    if state is RoleState.READY:
        yield ok("row-level security holds for accounts with areas")
    elif state is RoleState.LOCKED_OUT:
        yield fault("accounts with areas may read nothing", "run 'kilowatch db migrate'")
    else:
        yield warning(
            f"row-level security is off: this user may not take the role {ROLE}",
            f"as a superuser, GRANT {ROLE} TO {connection.info.user} (CREATE ROLE {ROLE} NOLOGIN before, "
            "where it is missing), then run 'kilowatch db migrate'",
        )


@_in_database
def timescaledb(connection: Connection) -> Iterator[Told]:
    """Look whether readings get partitions and compression."""
    level = status(connection).level
    if level is Level.COMMUNITY:
        yield ok("community edition: partitions, compression, policies")
    elif level is Level.APACHE:
        yield warning(
            "Apache edition: partitions, but no compression",
            "use the community edition where years of readings shall be kept",
        )
    elif preloads_timescaledb(connection):
        yield fault("preloaded, but not used by this schema", "migrate into a new database")
    else:
        yield warning(
            "this PostgreSQL has no TimescaleDB: tables are ordinary ones",
            "install it and set shared_preload_libraries = 'timescaledb'; fine for a trial",
        )


@_in_database
def database_time(connection: Connection) -> Iterator[Told]:
    """Look whether the database's clock agrees with ours: leases and requests go by it."""
    facts = server_facts(connection)
    if abs(facts.clock_ahead_s) > 2:  # noqa: PLR2004 - seconds: a lease lasts thirty
        yield fault(
            f"the database's clock is {facts.clock_ahead_s:+.1f} s off ours", "synchronise both machines"
        )
    else:
        yield ok(f"its clock agrees with ours, its zone is {facts.zone}")


@_in_database
def notifications(connection: Connection) -> Iterator[Told]:
    """Look whether pages can be told of news."""
    if notifications_arrive(connection):
        yield ok("LISTEN and NOTIFY work")
    else:
        yield fault("LISTEN brings nothing", "connect to the server itself, or to a pool in session mode")


@_in_database
def database_memory(connection: Connection) -> Iterator[Told]:
    """Look whether a large archive still runs with the memory that PostgreSQL is installed with."""
    facts = server_facts(connection)
    told = f"shared_buffers is {facts.shared_buffers_bytes / 1024**2:.0f} MB"
    if facts.size_bytes >= LARGE_ARCHIVE_BYTES and facts.shared_buffers_bytes <= DEFAULT_BUFFERS_BYTES:
        yield warning(
            f"{told} for an archive of {facts.size_bytes / 1e9:.1f} GB",
            "give it a quarter of the machine's memory and look at the settings beside it "
            "(ops/postgresql/kilowatch.conf, docs/operating.md), then restart the server",
        )
    else:
        yield ok(told)


@_in_database
def database_text(connection: Connection) -> Iterator[Told]:
    """Look whether the database keeps characters: names are Chinese."""
    encoding = server_facts(connection).encoding
    if encoding == "UTF8":
        yield ok("it keeps text in UTF-8")
    else:
        yield fault(
            f"it keeps text as {encoding}",
            "make a new database ('kilowatch db user NAME --rights own' makes it in UTF-8) and restore there",
        )


@_in_database
def connections(connection: Connection) -> Iterator[Told]:
    """Look whether the server has room for our connections."""
    facts = server_facts(connection)
    free = facts.max_connections - facts.connections
    if free < 20:  # noqa: PLR2004 - a dashboard's pool, a collector and some flows
        yield warning(f"only {free} of {facts.max_connections} connections are free", "raise max_connections")
    else:
        yield ok(f"{free} of {facts.max_connections} connections are free")
