"""A simulated fleet on an event loop of its own, with its archive, for flows that run in this process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event, Thread

from services.simulate import archive_text
from services.wiring import utc_now
from simulators.fleet.build import build_fleet
from simulators.fleet.plan import FleetPlan
from simulators.fleet.serving import serve_fleet
from simulators.fleet.wire import slave_maker
from storage.database import connect
from storage.registry import save_registry
from storage.registry_files import read_registry

START_S = 120.0


class ServedArea:
    """Serves a plan's meters and files their archive as long as the context lasts."""

    def __init__(self, database_url: str, plan: FleetPlan, folder: Path) -> None:
        """Serve nothing yet; the archive file goes into ``folder``."""
        self._url, self._plan, self._archive = database_url, plan, folder / "archive.toml"
        self._ready, self._over = Event(), Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        fleet = build_fleet(self._plan, utc_now())
        served = await serve_fleet(fleet, host="127.0.0.1", make_slave=slave_maker(fleet))
        self._archive.write_text(archive_text(fleet, served.registry), encoding="utf-8")
        with connect(self._url) as connection:
            save_registry(connection, read_registry(self._archive))
        self._ready.set()
        await asyncio.to_thread(self._over.wait)
        await served.close()

    def __enter__(self) -> None:
        """Return when the meters answer."""
        self._thread.start()
        assert self._ready.wait(START_S)

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._over.set()
        self._thread.join(30)
