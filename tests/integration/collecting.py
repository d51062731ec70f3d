"""A collector at work on a served fleet, a real broker and a real database, for tests."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from pydantic import SecretStr

from pipeline.registry import Registry
from services.collect import collect
from services.settings import Settings
from simulators.fleet.build import build_fleet
from simulators.fleet.serving import serve_fleet
from simulators.fleet.wire import gateway_maker, slave_maker
from simulators.line import LineFaults
from storage.database import connect
from storage.registry import save_registry
from tests.fix_mosquitto import Broker
from tests.small_lab import small_lab

PERIOD_S = 1
TIMEOUT_S = 30.0
Row: TypeAlias = tuple[Any, ...]  # Any: whatever a test asks for
_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a test knows of the site that is collected from."""

    database_url: str
    settings: Settings
    registry: Registry

    def rows(self, statement: str, *parameters: object) -> list[Row]:
        """Ask the database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def change(self, statement: str, *parameters: object) -> None:
        """Change the database behind the collector's back."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(statement.encode(), parameters)

    async def until(
        self,
        statement: str,
        enough: Callable[[list[Row]], bool],
        *parameters: object,
        within_s: float = TIMEOUT_S,
    ) -> None:
        """Wait until the database's answer is ``enough``."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + within_s
        while True:
            rows = await asyncio.to_thread(self.rows, statement, *parameters)
            if enough(rows):
                return
            assert loop.time() < limit, rows
            await asyncio.sleep(0.1)


@asynccontextmanager
async def lab_site(
    database_url: str, broker: Broker, folder: Path, faults: LineFaults | None = None, every_s: int = PERIOD_S
) -> AsyncIterator[Site]:
    """Serve the lab fleet, read each ``every_s`` and with other line faults if so asked; file its archive."""
    plan = replace(small_lab(), live_every_s=every_s)
    if faults is not None:
        plan = replace(plan, buses=tuple(replace(bus, faults=faults) for bus in plan.buses))
    name = f"{folder.name}-{next(_numbers)}"
    topic = f"{name}/kilowatch/v1/lab-gw/readings"
    plan = replace(plan, gateways=tuple(replace(g, topic=topic) for g in plan.gateways))
    fleet = build_fleet(plan, datetime.now(UTC))
    served = await serve_fleet(fleet, host="127.0.0.1", make_slave=slave_maker(fleet))
    try:
        await served.start_gateways(gateway_maker(fleet, (broker.host, broker.port)))
        with connect(database_url) as connection:
            save_registry(connection, served.registry)
        settings = Settings(
            database_url=SecretStr(database_url),
            mqtt_host=broker.host,
            mqtt_port=broker.port,
            mqtt_client_id=f"kilowatch-{name}",
            lock_dir=folder / "locks",
        )
        yield Site(database_url=database_url, settings=settings, registry=served.registry)
    finally:
        await served.close()


@asynccontextmanager
async def collecting(site: Site, database_url: str | None = None) -> AsyncIterator[None]:
    """Run the collector while the block runs, and stop it as Ctrl-C does."""
    url = SecretStr(database_url or site.database_url)
    settings = site.settings.model_copy(update={"database_url": url})
    running = asyncio.create_task(collect(settings, site.registry))
    try:
        yield
        assert not running.done(), running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
