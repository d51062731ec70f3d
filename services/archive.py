"""Brings the archive (档案) from files into the database and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError, Problem, RegistryError
from pipeline.registry import Area, Registry
from protocols.mqtt.dialects import dialects
from services.filed_numbers import number_problems
from services.settings import load_settings
from services.wiring import load_profiles
from storage.database import Connection, connect
from storage.registry import load_registry, save_registry
from storage.registry_entries import read_entries
from storage.registry_filed import NOTHING_FILED, Filed, load_filed
from storage.registry_files import export_registry, read_registry
from storage.registry_resets import Reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, or would do."""

    counts: Mapping[str, int]
    """Entries of the file, by table."""
    removed: Mapping[str, int]
    """Entries of histories that the file has without them, by table."""
    resets: Sequence[Reset] = ()
    """Keys of filed entries that go back to their default, since the file leaves them out."""
    areas_made: Sequence[Area] = ()
    """New areas that the file only names."""


def check_file(file: Path) -> Imported:
    """Read a registry file as an import would, and return what that would do; nothing is kept.

    Without a database in the settings the file is checked as a whole archive.

    Raises:
        RegistryError: With every problem found.
        StorageError: If there is a database in the settings and it does not answer.
    """
    url = load_settings().database_url
    if url is None:
        return Imported(counts=counts(_read(file, NOTHING_FILED)), removed={})
    with connect(url.get_secret_value()) as connection, connection.transaction(force_rollback=True):
        return _save(connection, file)


def import_file(file: Path) -> Imported:
    """Store a registry file in the database, all of it or nothing; it may name what the archive has already.

    Raises:
        RegistryError: With every problem found.
    """
    with connect(load_settings().require_database_url()) as connection, connection.transaction():
        return _save(connection, file)


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


def _save(connection: Connection, file: Path) -> Imported:
    filed = load_filed(connection)
    registry = _read(file, filed)
    saved = save_registry(connection, registry)
    known = {entry.values.get("id") for entry in read_entries(file, []) if entry.kind == "area"}
    return Imported(
        counts=counts(registry),
        removed=saved.removed,
        resets=tuple(saved.resets),
        areas_made=tuple(a for a in registry.areas if a.id not in known | filed.area_zones.keys()),
    )


def _read(file: Path, filed: Filed) -> Registry:
    registry = read_registry(file, filed)
    if strangers := [*_strangers(file), *number_problems(read_entries(file, []))]:
        raise RegistryError(strangers)
    return registry


def _strangers(file: Path) -> list[Problem]:
    """Return the profiles and dialects that nobody here speaks: a collector could not begin with them."""
    profiles = ("profile", sorted(load_profiles(load_settings().profile_dir)))
    known = {
        "meter": profiles,
        "installation": profiles,
        "mqtt_source": ("dialect", sorted(dialects.all())),
    }
    problems: list[Problem] = []
    for entry in read_entries(file, problems):
        key, names = known.get(entry.kind, ("", []))
        named = entry.values.get(key)
        if named and named not in names:
            problems.append(
                entry.problem(key, f"no {key} is called {named!r}; there are: {', '.join(names)}")
            )
    return problems
