"""The spool in the collector as it runs: killed while the database is away, nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.fix_mosquitto import Broker, BrokerProcess
from tests.integration.collector_process import archive, collector, counters, publish, stored, until
from tests.integration.test_collect_database_away import database_proxy


def spooled(folder: Path) -> int:
    """Return how many readings wait in the spools of a folder."""
    total = 0
    for path in (folder / "spool").glob("*.sqlite"):
        spool = sqlite3.connect(path)
        total += spool.execute("SELECT coalesce(sum(readings), 0) FROM record").fetchone()[0]
        spool.close()
    return total


@pytest.mark.asyncio
async def test_a_collector_killed_while_its_database_is_away_loses_nothing(
    database_url: str, own_mosquitto: BrokerProcess, tmp_path: Path
) -> None:
    broker, topic = own_mosquitto.broker, "kw/spool"
    archive(database_url, topic)

    async def say(first: int, beyond: int) -> None:
        await asyncio.to_thread(publish, broker, topic, range(first, beyond))

    async with database_proxy(database_url) as proxy:
        port = proxy.server.sockets[0].getsockname()[1]
        with collector(proxy.url, broker, tmp_path, {"MQTT_CLIENT_ID": "spool"}) as process:
            while not await asyncio.to_thread(stored, database_url):
                await say(0, 1)
                await asyncio.sleep(0.2)
            await say(1, 100)
            await asyncio.to_thread(until, lambda: len(stored(database_url)) == 100)
            proxy.server.close()
            proxy.cut()
            await say(100, 400)
            await asyncio.to_thread(until, lambda: spooled(tmp_path) == 300)
            assert stored(database_url) == list(range(100))
            process.kill()
            await asyncio.to_thread(process.wait)
    await say(400, 500)
    async with database_proxy(database_url, port) as proxy:
        with collector(proxy.url, broker, tmp_path, {"MQTT_CLIENT_ID": "spool"}) as process:
            await asyncio.to_thread(until, lambda: len(stored(database_url)) >= 500)
            await asyncio.to_thread(until, lambda: spooled(tmp_path) == 0)
            process.terminate()  # here, for the way to its database ends with this loop
            assert await asyncio.to_thread(process.wait) == 0
    assert stored(database_url) == list(range(500))


def test_two_processes_divide_the_messages_of_a_shared_subscription(
    database_url: str, mosquitto: Broker, tmp_path: Path
) -> None:
    topic = "kw/shared"
    archive(database_url, topic)
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    settings = [{"MQTT_SHARE": "test", "MQTT_CLIENT_ID": f"shared-{folder.name}"} for folder in folders]
    with collector(database_url, mosquitto, folders[0], settings[0]):
        with collector(database_url, mosquitto, folders[1], settings[1]):
            for folder in folders:
                until(lambda: "mqtt.connected" in (folder / "collector.log").read_text())  # noqa: B023 - called at once
            publish(mosquitto, topic, range(1_000))
            until(lambda: len(stored(database_url)) >= 1_000)
        divided = counters(folders[1], "mqtt.counters")["handled"]
        # The share of one that is away waits for it: its session stands for it at the broker.
        publish(mosquitto, topic, range(1_000, 1_200))
        with collector(database_url, mosquitto, folders[1], settings[1]):
            until(lambda: len(stored(database_url)) >= 1_200)
    assert stored(database_url) == list(range(1_200))
    first, second = (counters(folder, "mqtt.counters") for folder in folders)
    assert first["handled"] + divided + second["handled"] == 1_200
    assert 250 <= divided <= 750
