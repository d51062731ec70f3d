"""Brings a database to the newest schema: numbered SQL files, one lock, and checksums of what was applied."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

import psycopg

from pipeline.errors import StorageError
from storage.area_scope import RoleState, prepare_scoped_role, role_state
from storage.database import Connection, Level, install_extension, server_level
from storage.superseded_migrations import SUPERSEDED

log = logging.getLogger("kilowatch.storage")

LOCK = 0x6B696C6F
"""The advisory lock that keeps two migrations apart ("kilo")."""

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_SECTION = re.compile(r"--\s*level:\s*(.+?)\s*$")
_NO_TRANSACTION = re.compile(r"^--\s*transaction:\s*none\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of the text; line ends do not count."""
        return hashlib.sha256(self.text.replace("\r\n", "\n").encode()).hexdigest()

    @property
    def transactional(self) -> bool:
        """False when the file says ``-- transaction: none``: its statements commit one by one."""
        return _NO_TRANSACTION.search(self.text) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReport:
    """What a migration found and did."""

    level: Level
    applied: tuple[str, ...]
    """Names of the files applied in this run."""
    version: int
    """The newest version in the database; 0 when it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """Where a database stands."""

    level: Level
    version: int
    pending: tuple[str, ...]


def available_migrations() -> tuple[Migration, ...]:
    """Return the migrations that come with the program, in order."""
    found = sorted((f for f in files("storage").joinpath("migrations").iterdir()), key=lambda f: f.name)
    return tuple(
        Migration(version=int(match[1]), name=f.name, text=f.read_text("utf-8"))
        for f in found
        if (match := _NAME.fullmatch(f.name))
    )


def migrate(connection: Connection, migrations: Sequence[Migration] | None = None) -> MigrationReport:
    """Apply what is missing. Safe to run at every start and from several processes at once.

    Raises:
        StorageError: If a file that was applied has changed, or a statement fails; names file and statement.
    """
    wanted = available_migrations() if migrations is None else tuple(migrations)
    connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    try:
        level = _prepare(connection)
        done = _applied(connection)
        _refuse_changes(wanted, done)
        missing = [m for m in wanted if m.version not in done]
        for migration in missing:
            _apply(connection, migration, level)
        version = max([*done, *(m.version for m in missing)], default=0)
        if migrations is None and (missing or role_state(connection) is not RoleState.READY):
            prepare_scoped_role(connection, told=not missing)
        return MigrationReport(level=level, applied=tuple(m.name for m in missing), version=version)
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))


def status(connection: Connection) -> SchemaStatus:
    """Tell level, version and pending files without changing anything."""
    level = recorded_level(connection)
    done = _applied(connection) if level is not None else {}
    pending = tuple(m.name for m in available_migrations() if m.version not in done)
    return SchemaStatus(
        level=level or server_level(connection), version=max(done, default=0), pending=pending
    )


def recorded_level(connection: Connection) -> Level | None:
    """Return the level this database's schema was built for; None before its first migration."""
    there = connection.execute("SELECT to_regclass('schema_level') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        return None
    row = connection.execute("SELECT level FROM schema_level").fetchone()
    return Level(row[0]) if row is not None else None


def statements(text: str, level: Level) -> Iterator[str]:
    """Yield the statements of a migration that belong to ``level``.

    A line ``-- level: community, apache`` begins a section; ``-- level: all`` ends it. A statement ends with
    a semicolon at the end of a line, outside of ``$$``.
    """
    belongs, quoted = True, False
    lines: list[str] = []
    for line in text.splitlines():
        section = _SECTION.match(line)
        if section and not quoted:
            names = {name.strip() for name in section[1].split(",")}
            belongs = "all" in names or level.value in names
            continue
        if not belongs or (not lines and (not line.strip() or line.startswith("--"))):
            continue
        lines.append(line)
        quoted ^= line.count("$$") % 2 == 1
        if not quoted and line.rstrip().endswith(";"):
            yield "\n".join(lines)
            lines = []
    if lines:
        raise StorageError(f"a statement lacks its semicolon: {lines[0]}")


def _prepare(connection: Connection) -> Level:
    recorded = recorded_level(connection)
    if recorded is not None:
        return recorded
    level = install_extension(connection)
    if level is Level.PLAIN:
        log.warning(
            "this PostgreSQL has no TimescaleDB, or does not preload it (shared_preload_libraries): "
            "tables stay ordinary ones, without partitions or compression"
        )
    with connection.transaction():
        connection.execute("CREATE TABLE schema_level (level text NOT NULL)")
        connection.execute("INSERT INTO schema_level VALUES (%s)", (level.value,))
        connection.execute(
            "CREATE TABLE schema_migration (version integer PRIMARY KEY, name text NOT NULL, "
            "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
    return level


def _applied(connection: Connection) -> dict[int, str]:
    rows = connection.execute("SELECT version, checksum FROM schema_migration ORDER BY version").fetchall()
    return dict(rows)


def _refuse_changes(wanted: Sequence[Migration], done: dict[int, str]) -> None:
    for migration in wanted:
        applied = done.get(migration.version, migration.checksum)
        if applied != migration.checksum and applied not in SUPERSEDED:
            raise StorageError(
                f"migration {migration.name} was changed after it had been applied to this database. "
                "Next step: restore the file and put the change into a new migration"
            )
    unknown = sorted(set(done) - {m.version for m in wanted})
    if unknown:
        raise StorageError(
            f"the database has migration {unknown[-1]:04d}, which this program does not know: "
            "it was made by a newer version. Next step: upgrade this program"
        )


def _apply(connection: Connection, migration: Migration, level: Level) -> None:
    if migration.transactional:
        with connection.transaction():
            _run(connection, migration, level)
            _record(connection, migration)
    else:
        _run(connection, migration, level)
        _record(connection, migration)
    log.info("migration applied", extra={"migration": migration.name, "level": level.value})


def _run(connection: Connection, migration: Migration, level: Level) -> None:
    for statement in statements(migration.text, level):
        try:
            # A migration's text is ours, holds no parameters and may hold a percent sign.
            connection.execute(statement.encode())
        except psycopg.Error as error:
            first = statement.splitlines()[0]
            raise StorageError(
                f"migration {migration.name} failed at {first!r}: {' '.join(str(error).split())}"
            ) from error


def _record(connection: Connection, migration: Migration) -> None:
    connection.execute(
        "INSERT INTO schema_migration (version, name, checksum) VALUES (%s, %s, %s)",
        (migration.version, migration.name, migration.checksum),
    )
