"""A site to be struck: meters on TCP buses, gateways, a broker, a database, collectors and ingesters."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from pipeline.model import MeterId
from pipeline.registry import Bus, Installation, Meter, MqttSource, Registry, Schedule, Wiring
from simulators.dlt645_meter import Dlt645Meter
from simulators.line import LineFaults, serve_line
from storage.database import connect
from storage.migrate import migrate
from storage.registry import save_registry
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import Ledger
from tests.chaos.link import Link
from tests.chaos.meters import HISTORY, NotingMeter, RisingModel
from tests.chaos.peers import Peer
from tests.e2e.command import PROGRAM

ROOT = Path(__file__).parents[2]
BUSES, METERS_ON_BUS = 4, 6
GATEWAYS, METERS_AT_GATEWAY = 3, 5
PERIOD_S = 2
"""Of the register slots."""
SLOW = LineFaults(delay=1.0, delay_s=0.05)
"""Every answer takes its time, so that a strike meets a bus amid an exchange as often as not."""
TIMEOUT_S = 2.0
"""Of a bus: the whole site shares one machine."""
MESSAGES_EVERY_S = 0.1
LEASE_S = 3.0
RECORD_MINUTES = 3
PROFILE = "chaos_meter"
PROFILE_TEXT = f"""
protocol = "dlt645-2007"
description = "The chaos run's meter: a register that tells the time"
side = "secondary"
source = "tests/chaos/meters.py"
load_record_minutes = {RECORD_MINUTES}
load_record_days = 1
quantities = ["active_energy_import", "voltage_a", "current_a"]

[options]
load_record_classes = [4]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that runs."""

    ledger: Ledger
    model: RisingModel
    database_url: str
    """Past every link."""
    folder: Path
    peers: Mapping[str, Peer]
    links: Mapping[str, Link]
    gateways: Sequence[Gateway]

    @property
    def victims(self) -> dict[str, list[str]]:
        """What may be struck, by its kind."""
        found: dict[str, list[str]] = {}
        parts: list[Peer | Link] = [*self.peers.values(), *self.links.values()]
        for part in parts:
            found.setdefault(part.peer, []).append(part.name)
        return found

    @property
    def programs(self) -> list[Peer]:
        """The product's own processes."""
        return [peer for peer in self.peers.values() if peer.peer in ("collector", "ingester")]


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Start everything in ``folder``, wait until all of it works, and end all of it."""
    ledger = Ledger()
    model = RisingModel(since=datetime.now(UTC) - 2 * HISTORY)
    async with AsyncExitStack() as stack:
        database, url = await _database(stack, folder)
        broker, broker_port = await _broker(stack, folder)
        links = {name: link async for name, link in _bus_links(stack, ledger, model)}
        gateways = [
            Gateway(
                f"gw-{number}",
                broker_port,
                [f"GW{number}-{place}" for place in range(1, METERS_AT_GATEWAY + 1)],
                MESSAGES_EVERY_S,
            )
            for number in range(1, GATEWAYS + 1)
        ]
        await asyncio.to_thread(_file_archive, url, links, gateways)
        (folder / "profiles").mkdir()
        (folder / "profiles" / f"{PROFILE}.toml").write_text(PROFILE_TEXT, encoding="utf-8")
        peers = {"database": database, "broker": broker}
        for kind, number in [(kind, n) for kind in ("collector", "ingester") for n in (1, 2)]:
            name = f"{kind}-{number}"
            to_database = await _opened(stack, Link(f"{name}: database", _port(url), "database link"))
            links[to_database.name] = to_database
            environment = _settings(folder, name, _through(url, to_database))
            if kind == "ingester":
                to_broker = await _opened(stack, Link(f"{name}: broker", broker_port, "broker link"))
                links[to_broker.name] = to_broker
                environment |= _listening(to_broker.port)
            peers[name] = await _program(stack, folder, name, kind, environment)
        for gateway in gateways:
            gateway.start(ledger.published.append)
            stack.push_async_callback(asyncio.to_thread, gateway.stop)
        yield Site(
            ledger=ledger,
            model=model,
            database_url=url,
            folder=folder,
            peers=peers,
            links=links,
            gateways=gateways,
        )


async def _opened(stack: AsyncExitStack, link: Link) -> Link:
    await link.open()
    stack.push_async_callback(link.close)
    return link


async def _database(stack: AsyncExitStack, folder: Path) -> tuple[Peer, str]:
    """Start a TimescaleDB of this run's own, which may be killed."""
    name, port, password = f"chaos-{secrets.token_hex(4)}", _free_port(), secrets.token_hex(12)
    script = str(ROOT / "scripts/timescaledb")
    environment = {"KILOWATCH_DATABASE_PASSWORD": password}
    command, log = [script, "serve", name, str(port)], folder / "database.log"
    # SIGTERM would wait for its clients to leave by themselves.
    peer = Peer("database", "database", command, environment, log, ends_by=signal.SIGINT)
    stack.callback(subprocess.run, [script, "discard", name], check=True)
    stack.push_async_callback(peer.close)
    peer.start()
    server = f"postgresql://kilowatch:{password}@127.0.0.1:{port}"
    await peer.ready(lambda: _answers_sql(f"{server}/postgres"))
    await asyncio.to_thread(_create_database, f"{server}/postgres")
    url = f"{server}/kilowatch"
    await asyncio.to_thread(_migrate, url)
    return peer, url


async def _broker(stack: AsyncExitStack, folder: Path) -> tuple[Peer, int]:
    """Start a Mosquitto that writes its messages down each second."""
    port = _free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        f"listener {port} 127.0.0.1\n"
        "allow_anonymous true\n"
        "max_inflight_messages 2000\n"
        "max_queued_messages 100000\n"
        "persistence true\n"
        f"persistence_location {folder}/\n"
        "autosave_interval 1\n"
        # Started by root it would become a user that cannot enter the run's folder.
        "user root\n",
        encoding="utf-8",
    )
    program = ["/usr/sbin/mosquitto", "-c", str(configuration)]
    peer = Peer("broker", "broker", program, {}, folder / "broker.log")
    stack.push_async_callback(peer.close)
    peer.start()
    await peer.ready(lambda: _listens(port))
    return peer, port


async def _bus_links(
    stack: AsyncExitStack, ledger: Ledger, model: RisingModel
) -> AsyncIterator[tuple[str, Link]]:
    """Open every bus and the link that leads to it."""

    def now() -> datetime:
        return datetime.now(UTC)

    for number in range(1, BUSES + 1):
        bus = f"bus-{number}"
        slaves = []
        for meter, address in _on_bus(number):
            slave = Dlt645Meter(
                address,
                model,
                now,
                wiring=Wiring.ONE_PHASE,
                load_record_minutes=RECORD_MINUTES,
                memory_from=now() - HISTORY,
            )
            slaves.append(NotingMeter(bus, meter, slave, ledger, now))
        line = await serve_line(slaves, host="127.0.0.1", faults=SLOW)
        stack.push_async_callback(line.close)
        yield bus, await _opened(stack, Link(bus, line.port, "bus link"))


async def _program(
    stack: AsyncExitStack, folder: Path, name: str, kind: str, environment: Mapping[str, str]
) -> Peer:
    """Start one of the product's processes and wait until it is at work."""
    command = [*PROGRAM, "collect", "--backfill-days", "0.02"]
    peer = Peer(name, kind, command, environment, folder / f"{name}.log")
    stack.push_async_callback(peer.close)
    peer.start()
    works = "mqtt.connected" if kind == "ingester" else "collecting from"
    await peer.ready(lambda: works in peer.log.read_text(encoding="utf-8"))
    return peer


def _settings(folder: Path, name: str, database_url: str) -> dict[str, str]:
    """Return the settings of a process as if it had a host of its own."""
    return {
        "KILOWATCH_DATABASE_URL": database_url,
        "KILOWATCH_LOCK_DIR": str(folder / name / "locks"),
        "KILOWATCH_SPOOL_DIR": str(folder / name / "spool"),
        "KILOWATCH_PROFILE_DIR": str(folder / "profiles"),
        "KILOWATCH_BUS_LEASE_S": str(LEASE_S),
    }


def _listening(port: int) -> dict[str, str]:
    return {
        "KILOWATCH_POLL_BUSES": "false",
        "KILOWATCH_MQTT_HOST": "127.0.0.1",
        "KILOWATCH_MQTT_PORT": str(port),
        "KILOWATCH_MQTT_SHARE": "chaos",
    }


def _file_archive(url: str, links: Mapping[str, Link], gateways: Sequence[Gateway]) -> None:
    on_buses = [(bus, *pair) for number, bus in enumerate(links, start=1) for pair in _on_bus(number)]
    behind = [meter for gateway in gateways for meter in gateway.meters]
    registry = Registry(
        meters=[
            Meter(id=MeterId(meter), wiring=Wiring.ONE_PHASE)
            for meter in [*(meter for _, meter, _ in on_buses), *behind]
        ],
        installations=[
            Installation(meter=MeterId(meter), bus=bus, address=address, profile=PROFILE)
            for bus, meter, address in on_buses
        ],
        buses=[
            Bus(id=bus, url=f"tcp://127.0.0.1:{link.port}", timeout_s=TIMEOUT_S)
            for bus, link in links.items()
        ],
        schedules=[Schedule(group="register", every_s=PERIOD_S)],
        mqtt_sources=[MqttSource(id=gateway.name, topic=gateway.topic) for gateway in gateways],
    )
    with connect(url) as connection:
        save_registry(connection, registry)


def _on_bus(number: int) -> list[tuple[str, str]]:
    """Return the meters of a bus with their addresses."""
    return [(f"BUS{number}-{place}", f"{number:06d}{place:06d}") for place in range(1, METERS_ON_BUS + 1)]


def _port(url: str) -> int:
    return int(urlsplit(url).port or 0)


def _through(url: str, link: Link) -> str:
    return url.replace(f":{_port(url)}/", f":{link.port}/")


def _answers_sql(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE kilowatch")


def _migrate(url: str) -> None:
    with connect(url) as connection:
        migrate(connection)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
