"""Backs the whole database up into one file and restores it into an empty one, every table compared."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError

from pipeline.errors import ConfigError, DataError, StorageError
from services.postgresql_programs import libpq_environment, program_for
from services.wiring import utc_now
from storage import backup_questions
from storage.area_scope import prepare_scoped_role
from storage.backup_questions import TableSum
from storage.database import Connection, connect
from storage.migrate import available_migrations, status

MANIFEST: Final = ".json"
"""What stands behind the dump's name in the name of what it held."""
DUMP_OPTIONS: Final = ("--format=custom", "--no-owner", "--no-privileges")
RESTORE_OPTIONS: Final = ("--no-owner", "--no-privileges", "--exit-on-error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds."""

    made_at: datetime
    schema_version: int
    level: str
    postgresql: int
    """Major version of the server."""
    timescaledb: str | None
    dump_sha256: str
    tables: Mapping[str, TableSum]


_MANIFESTS = TypeAdapter(Manifest)


def back_up(url: str, file: Path, programs: Path | None = None) -> Manifest:
    """Write ``file`` (pg_dump's custom format) and ``file.json``, both for their owner alone.

    Other services may go on: dump and sums are of one state of the database.

    Raises:
        ConfigError: If there is no pg_dump that fits, or a file is there already.
        StorageError: If the database is away, or pg_dump fails.
    """
    for path in (file, _manifest_path(file)):
        if path.exists():
            raise ConfigError(f"{path} is there already; name another file, or remove it")
    with connect(url) as connection:
        program = program_for("pg_dump", _major(connection), programs)
        with backup_questions.one_snapshot(connection) as snapshot:
            schema = status(connection)
            sums = backup_questions.table_sums(connection)
            extension = backup_questions.extension_version(connection)
            _private(file)
            try:
                _run([str(program), *DUMP_OPTIONS, f"--snapshot={snapshot}", f"--file={file}"], url)
            except StorageError:
                file.unlink(missing_ok=True)
                raise
        manifest = Manifest(
            made_at=utc_now(),
            schema_version=schema.version,
            level=schema.level.value,
            postgresql=_major(connection),
            timescaledb=extension,
            dump_sha256=_sha256(file),
            tables=sums,
        )
    _private(_manifest_path(file))
    _manifest_path(file).write_bytes(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
    return manifest


def restore(url: str, file: Path, programs: Path | None = None) -> Manifest:
    """Fill an empty database from a backup and hold every table against what was written down.

    Raises:
        ConfigError: If the backup does not fit this program or this server, or the database is not empty.
        DataError: If the file is damaged, or a table differs afterwards.
        StorageError: If the database is away, or pg_restore fails.
    """
    manifest = _read_manifest(file)
    if _sha256(file) != manifest.dump_sha256:
        raise DataError(f"{file} is damaged: it is not what {_manifest_path(file)} was written for")
    with connect(url) as connection:
        program = program_for("pg_restore", _major(connection), programs)
        _refuse_misfits(connection, manifest)
        with _held_back(connection, manifest.timescaledb):
            dbname = libpq_environment(url).get("PGDATABASE", "postgres")
            with _contents(program, file, url) as contents:
                _run(
                    [
                        str(program),
                        *RESTORE_OPTIONS,
                        f"--use-list={contents}",
                        f"--dbname={dbname}",
                        str(file),
                    ],
                    url,
                )
        # Backups hold no owners and no privileges, for another server may have other users.
        prepare_scoped_role(connection)
        backup_questions.hand_over(connection)
        sums = backup_questions.table_sums(connection)
    differing = sorted(name for name in manifest.tables if sums.get(name) != manifest.tables[name])
    if differing:
        raise DataError(f"restored, but these tables differ from the backup: {', '.join(differing)}")
    return manifest


def _refuse_misfits(connection: Connection, manifest: Manifest) -> None:
    newest = max(migration.version for migration in available_migrations())
    if manifest.schema_version > newest:
        raise ConfigError(
            f"the backup has schema {manifest.schema_version}, this program knows {newest}: upgrade it first"
        )
    if _major(connection) < manifest.postgresql:
        raise ConfigError(
            f"the backup is of PostgreSQL {manifest.postgresql}, this server is {_major(connection)}: "
            "restore on the same or a newer one"
        )
    if not backup_questions.is_empty(connection):
        raise ConfigError("the database is not empty: create a new one and name it in KILOWATCH_DATABASE_URL")
    wanted = manifest.timescaledb
    if wanted is not None and not backup_questions.offered_extension_version(connection, wanted):
        raise ConfigError(
            f"the backup needs TimescaleDB {wanted}, which this server does not offer: install that version "
            "first, and upgrade the extension after the restore"
        )


@contextmanager
def _held_back(connection: Connection, extension: str | None) -> Iterator[None]:
    """Keep TimescaleDB from working on tables that are not whole yet."""
    if extension is None:
        yield
        return
    backup_questions.begin_restore(connection, extension)
    try:
        yield
    finally:
        backup_questions.end_restore(connection)


@contextmanager
def _contents(program: Path, file: Path, url: str) -> Iterator[Path]:
    """Give a list of what is to be restored: all but the comment on an extension, whose owner writes it."""
    lines = _run([str(program), "--list", str(file)], url).splitlines(keepends=True)
    with NamedTemporaryFile("w", encoding="utf-8", suffix=".list") as contents:
        contents.writelines(line for line in lines if " COMMENT - EXTENSION " not in line)
        contents.flush()
        yield Path(contents.name)


def _major(connection: Connection) -> int:
    return connection.info.server_version // 10_000


def _run(command: list[str], url: str) -> str:
    environment = {**os.environ, **libpq_environment(url)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - PostgreSQL's own
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-600:]
        raise StorageError(f"{Path(command[0]).name} failed: {said}")
    return done.stdout


def _private(path: Path) -> None:
    """Make an empty file that only its owner reads, before anything stands in it."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _manifest_path(file: Path) -> Path:
    return file.with_name(file.name + MANIFEST)


def _read_manifest(file: Path) -> Manifest:
    path = _manifest_path(file)
    try:
        return _MANIFESTS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{path} cannot be read; it belongs to the backup beside it: {error}") from error


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
