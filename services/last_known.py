"""What this host knew of the archive when the database answered last: a collector can start without it."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

import orjson

from collectors.spool_files import database_mark
from pipeline.errors import ConfigError, RegistryError
from pipeline.registry import Registry
from storage.registry_files import export_registry, read_registry

_log: Final = logging.getLogger("kilowatch.collect")


class LastKnown:
    """Files beside the spool, one set a database; what cannot be written or read is told and done without."""

    def __init__(self, folder: Path, database: str) -> None:
        """Name the files; ``database`` holds no secret."""
        mark = database_mark(database)
        self._archive = folder / f"{mark}-archive.toml"
        self._buses = folder / f"{mark}-buses.json"

    def keep_archive(self, registry: Registry) -> None:
        """Remember the archive."""
        _write(self._archive, export_registry(registry).encode())

    def archive(self) -> Registry | None:
        """Return the archive as it was; None if none was kept, or what was kept does not read."""
        if not self._archive.exists():
            return None
        try:
            return read_registry(self._archive)
        except (RegistryError, ConfigError) as error:
            _log.warning("archive.unreadable: %s is passed over: %s", self._archive, error)
            return None

    def keep_buses(self, held: Collection[str], lost: Collection[str]) -> None:
        """Remember which buses this host owned, and forget those that it did not get."""
        known = self.buses()
        now = (known | set(held)) - set(lost)
        if now != known:
            _write(self._buses, orjson.dumps(sorted(now)))

    def buses(self) -> set[str]:
        """Return the buses that this host owned."""
        try:
            return set(orjson.loads(self._buses.read_bytes()))
        except (OSError, ValueError, TypeError):
            return set()


def _write(path: Path, content: bytes) -> None:
    """Put a file in place as a whole: a kill leaves the old one or the new one."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        _log.warning("cannot remember %s for a start without the database: %s", path, error.strerror)
