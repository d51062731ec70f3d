"""Brings a fleet to life: opens its lines, starts its gateways, tells where they are, stops them cleanly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias
from zlib import crc32

from pipeline.registry import Registry
from simulators.fleet.archive import archive_of
from simulators.fleet.build import Fleet, SimulatedMeter
from simulators.fleet.plan import BusPlan, GatewayPlan
from simulators.line import LineServer, LineStats, Slave, serve_line

Clock: TypeAlias = Callable[[], datetime]


class Gateway(Protocol):
    """A simulated MQTT gateway with threads of its own."""

    def start(self) -> None:
        """Connect and begin to publish."""
        ...

    def wait_stored(self, timeout_s: float) -> bool:
        """Return whether what it had stored was confirmed by the broker within ``timeout_s``."""
        ...

    def stop(self) -> None:
        """Stop publishing and disconnect."""
        ...


SlaveMaker: TypeAlias = Callable[[BusPlan, SimulatedMeter], Slave]
GatewayMaker: TypeAlias = Callable[[GatewayPlan, Sequence[SimulatedMeter]], Gateway]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFleet:
    """A fleet that runs; :meth:`close` ends it."""

    fleet: Fleet
    lines: Mapping[str, LineServer]
    """By bus id."""
    gateways: dict[str, Gateway] = field(default_factory=dict)
    """Those that were started, by gateway id."""
    _stack: AsyncExitStack

    @property
    def urls(self) -> dict[str, str]:
        """Where each bus listens, ``tcp://host:port``, as a collector must be told."""
        framings = {bus.id: f"?framing={bus.framing}" if bus.framing else "" for bus in self.fleet.plan.buses}
        return {bus: f"tcp://{line.host}:{line.port}{framings[bus]}" for bus, line in self.lines.items()}

    @property
    def registry(self) -> Registry:
        """The archive of the fleet, with the addresses it is served on."""
        return archive_of(self.fleet, self.urls)

    @property
    def stats(self) -> dict[str, LineStats]:
        """Exchanges and injected faults so far, by bus."""
        return {bus: line.stats for bus, line in self.lines.items()}

    @property
    def fault_share(self) -> float:
        """The share of all exchanges that a line fault hit; 0 before the first one."""
        exchanges = sum(stats.exchanges for stats in self.stats.values())
        return sum(stats.faults.total() for stats in self.stats.values()) / max(exchanges, 1)

    @property
    def gateways_told(self) -> bool:
        """Whether every gateway was started, and the broker has all that it had stored then."""
        started = len(self.gateways) == len(self.fleet.plan.gateways)
        return started and all(gateway.wait_stored(0) for gateway in self.gateways.values())

    async def start_gateways(self, make_gateway: GatewayMaker) -> None:
        """Let the gateways speak; :meth:`close` stops them.

        A broker keeps nothing for a collector that it does not know yet: what they tell before it subscribes
        for the first time is lost.
        """
        for plan in self.fleet.plan.gateways:
            gateway = make_gateway(plan, self.fleet.on(plan.id))
            # Connecting and disconnecting wait for the broker: not on the loop that serves the lines.
            await asyncio.to_thread(gateway.start)
            self._stack.push_async_callback(asyncio.to_thread, gateway.stop)
            self.gateways[plan.id] = gateway

    async def close(self) -> None:
        """Stop the gateways and close every line; a second call does nothing."""
        await self._stack.aclose()


async def serve_fleet(
    fleet: Fleet,
    *,
    host: str,
    make_slave: SlaveMaker,
) -> ServedFleet:
    """Open every line of a fleet on ``host``; its gateways wait for :meth:`ServedFleet.start_gateways`.

    Args:
        fleet: The fleet, placed in time.
        host: The address to listen on.
        make_slave: Makes the wire side of a meter on a bus.

    Raises:
        OSError: If a port is taken.
    """
    async with AsyncExitStack() as stack:
        lines: dict[str, LineServer] = {}
        for bus in fleet.plan.buses:
            slaves = [make_slave(bus, meter) for meter in fleet.on(bus.id)]
            seed = crc32(f"{fleet.plan.seed}/{bus.id}".encode())
            line = await serve_line(slaves, host=host, port=bus.port, faults=bus.faults, seed=seed)
            stack.push_async_callback(line.close)
            lines[bus.id] = line
        return ServedFleet(fleet=fleet, lines=lines, _stack=stack.pop_all())
