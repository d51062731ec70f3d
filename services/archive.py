"""Brings the archive (档案) from files into the database and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.registry import Registry
from services.settings import load_settings
from storage.database import connect
from storage.registry import load_registry, save_registry
from storage.registry_files import export_registry, read_registry


def check_file(file: Path) -> Mapping[str, int]:
    """Read a registry file and return how many entries each table has.

    Raises:
        RegistryError: With every problem found.
    """
    return counts(read_registry(file))


def import_file(file: Path) -> Mapping[str, int]:
    """Store a registry file in the database, all of it or nothing.

    Raises:
        RegistryError: With every problem found.
    """
    registry = read_registry(file)
    with connect(load_settings().require_database_url()) as connection:
        save_registry(connection, registry)
    return counts(registry)


def export_file(file: Path) -> Mapping[str, int]:
    """Write the database's archive to ``file``.

    Raises:
        ConfigError: If the file cannot be written.
    """
    with connect(load_settings().require_database_url()) as connection:
        registry = load_registry(connection)
    try:
        file.write_text(export_registry(registry), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}") from error
    return counts(registry)


def counts(registry: Registry) -> dict[str, int]:
    """Return the number of entries of each table that has any."""
    tables = {name: getattr(registry, name) for name in registry.__dataclass_fields__}
    return {name: len(entries) for name, entries in tables.items() if entries}
