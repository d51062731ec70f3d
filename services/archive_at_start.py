"""The archive that a collector starts with: the database's, or while that is away the one known last."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from pipeline.errors import SchemaMissingError, StorageError
from pipeline.registry import Registry
from services.last_known import LastKnown
from storage.database import connect
from storage.registry import load_registry
from storage.registry_files import export_registry

RETRY_FIRST_S: Final = 1.0
RETRY_MOST_S: Final = 30.0

_log = logging.getLogger("kilowatch.collect")


class ArchiveAtStart:
    """Loads the archive, remembers it, and tells when the one in use turns out to be another one."""

    def __init__(self, database_url: str, last_known: LastKnown) -> None:
        """Load nothing yet."""
        self._url = database_url
        self._last_known = last_known
        self._is_fresh = False

    async def first(self) -> Registry:
        """Return the archive to start with; without any it is waited for.

        Raises:
            SchemaMissingError: If the database was never migrated.
        """
        try:
            return await self._load()
        except SchemaMissingError:
            raise
        except StorageError as away:
            known = await asyncio.to_thread(self._last_known.archive)
            if known is None:
                return await self._awaited(away)
            _log.warning(
                "starting without the database, with the archive of the last start (%d meters); "
                "readings go to the spool: %s",
                len(known.meters),
                away,
            )
            return known

    async def newer(self, used: Registry) -> Registry:
        """Return the database's archive once it answers and is another than the one in use; else never."""
        if not self._is_fresh:
            loaded = await self._retried()
            if export_registry(loaded) != export_registry(used):
                _log.warning("the archive was changed meanwhile: starting again with it")
                return loaded
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def _awaited(self, away: StorageError) -> Registry:
        _log.error(
            "waiting for the database: no archive is known yet on this host, so there is nothing to read: %s",
            away,
        )
        return await self._retried()

    async def _retried(self) -> Registry:
        pause_s = RETRY_FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(RETRY_MOST_S, 2 * pause_s)
            try:
                return await self._load()
            except StorageError as away:
                _log.warning("archive.away: will ask again in %.0f s: %s", pause_s, away)

    async def _load(self) -> Registry:
        registry = await asyncio.to_thread(self._loaded)
        self._is_fresh = True
        return registry

    def _loaded(self) -> Registry:
        with connect(self._url) as connection:
            registry = load_registry(connection)
        self._last_known.keep_archive(registry)
        return registry
