"""The collector while its database is away: nothing is lost, and it goes on by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.fix_mosquitto import Broker
from tests.integration.collecting import collecting, lab_site
from tests.integration.test_collect import METERS, SLOTS_WITHOUT_READING, everything_arrives, run

SLOTS = """
SELECT m.id, extract(epoch FROM c.slot_at)::bigint, c.status::text FROM coverage c
JOIN meter m USING (meter_id) WHERE c.quantity_group = 'register' AND c.slot_at > %s ORDER BY 1, 2
"""


@dataclass
class Proxy:
    """A TCP way to the database that a test can cut."""

    url: str
    server: asyncio.Server
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Cut every connection; new ones are refused until :func:`database_proxy` is left."""
        for writer in self.writers:
            writer.transport.abort()


@asynccontextmanager
async def database_proxy(database_url: str, port: int = 0) -> AsyncIterator[Proxy]:
    """Forward to the database until left; then every connection breaks and the port is closed."""
    parts = urlsplit(database_url)
    tasks: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(parts.hostname, parts.port)
        writers.update((writer, back))
        await asyncio.gather(pump(reader, back), pump(there, writer))

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    user = f"{parts.username}:{parts.password}@" if parts.password else f"{parts.username}@"
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    proxy = Proxy(urlunsplit(parts._replace(netloc=user + host)), server, writers)
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def test_a_database_that_is_away_for_some_seconds_costs_nothing(
    database_url: str, mosquitto: Broker, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with lab_site(database_url, mosquitto, tmp_path) as site:
            async with database_proxy(database_url) as proxy:
                port = proxy.server.sockets[0].getsockname()[1]
                async with collecting(site, proxy.url):
                    await everything_arrives(site)
                    proxy.cut()
                    since = datetime.now(UTC)
                    await asyncio.sleep(1.2)
                    proxy.server.close()
                    proxy.cut()
                    await asyncio.sleep(2.2)
                    async with database_proxy(database_url, port):
                        later = "SELECT count(*) FROM coverage WHERE slot_at > %s"
                        back = since + timedelta(seconds=4)
                        await site.until(later, lambda rows: rows[0] >= (12,), back)
            rows = site.rows(SLOTS, since + timedelta(seconds=1))
            assert "missing" not in {status for _, _, status in rows}
            newest = min(max(slot for meter, slot, _ in rows if meter == name) for name in METERS)
            for name in METERS:
                slots = {slot for meter, slot, _ in rows if meter == name}
                assert set(range(min(slots), newest + 1)) <= slots, name
            assert site.rows(SLOTS_WITHOUT_READING) == []

    run(scenario())
