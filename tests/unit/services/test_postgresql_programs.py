"""The oldest program that is not older than the server is used; no secret is on a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from services import postgresql_programs
from services.postgresql_programs import libpq_environment, program_for


def program(folder: Path, major: int) -> Path:
    folder.mkdir(parents=True)
    path = folder / "pg_dump"
    path.write_text(f'#!/bin/sh\necho "pg_dump (PostgreSQL) {major}.2 (Debian)"\n')
    path.chmod(0o755)
    return path


def test_the_oldest_that_fits_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = {major: program(tmp_path / str(major), major) for major in (15, 17, 18)}
    monkeypatch.setattr(postgresql_programs, "_folders", lambda: [p.parent for p in programs.values()])
    assert program_for("pg_dump", 16) == programs[17]
    assert program_for("pg_dump", 15) == programs[15]
    with pytest.raises(ConfigError, match="postgresql-client-19"):
        program_for("pg_dump", 19)


def test_a_folder_that_is_named_is_looked_into_alone(tmp_path: Path) -> None:
    old = program(tmp_path / "bin", 12)
    assert program_for("pg_dump", 12, old.parent) == old
    with pytest.raises(ConfigError, match=r"found: .*pg_dump \(12\)"):
        program_for("pg_dump", 17, old.parent)


def test_an_address_becomes_variables() -> None:
    found = libpq_environment("postgresql://kw:s3cret@db:5433/site?sslmode=verify-full&sslrootcert=/ca.pem")
    assert found == {
        "PGUSER": "kw",
        "PGPASSWORD": "s3cret",
        "PGHOST": "db",
        "PGPORT": "5433",
        "PGDATABASE": "site",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
    }
