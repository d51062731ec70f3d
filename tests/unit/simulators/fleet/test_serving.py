import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from simulators.fleet.build import Fleet, SimulatedMeter, build_fleet
from simulators.fleet.plan import BusPlan, GatewayPlan
from simulators.fleet.serving import ServedFleet, serve_fleet
from tests.small_lab import small_lab

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)


class Named:
    """A meter that answers to its id."""

    def __init__(self, meter: SimulatedMeter) -> None:
        self._name = meter.id.encode()

    def receive(self, data: bytes) -> bytes:
        return self._name if data.strip() == self._name else b""


class Switch:
    """A gateway that only remembers whether it runs."""

    def __init__(self, meters: Sequence[SimulatedMeter]) -> None:
        self.meters = [meter.id for meter in meters]
        self.running = self.told = False

    def start(self) -> None:
        self.running = True

    def wait_stored(self, timeout_s: float) -> bool:  # noqa: ARG002 - as the protocol names it
        return self.told

    def stop(self) -> None:
        self.running = False


def make_slave(_bus: BusPlan, meter: SimulatedMeter) -> Named:
    return Named(meter)


def make_gateway(_plan: GatewayPlan, meters: Sequence[SimulatedMeter]) -> Switch:
    return Switch(meters)


@pytest.fixture(scope="module")
def lab() -> Fleet:
    return build_fleet(small_lab(), NOW)


async def served(fleet: Fleet) -> ServedFleet:
    return await serve_fleet(fleet, host="127.0.0.1", make_slave=make_slave)


def test_each_line_carries_its_own_meters_and_the_archive_says_where(lab: Fleet) -> None:
    async def run() -> None:
        running = await served(lab)
        try:
            for bus in running.registry.buses:
                host, port = bus.url.removeprefix("tcp://").split(":")
                reader, writer = await asyncio.open_connection(host, int(port))
                for meter in lab.on(bus.id):
                    writer.write(meter.id.encode())
                    async with asyncio.timeout(5):
                        heard = await reader.read(100)
                    assert heard, bus.id
                writer.close()
            assert {bus: stats.exchanges for bus, stats in running.stats.items()} == {
                "lab-rs485": 3,
                "lab-modbus": 1,
            }
            assert 0 <= running.fault_share <= 1
        finally:
            await running.close()

    asyncio.run(run())


def test_closing_stops_gateways_and_lines_and_may_be_repeated(lab: Fleet) -> None:
    async def run() -> None:
        running = await served(lab)
        assert not running.gateways_told
        await running.start_gateways(make_gateway)
        gateway = running.gateways["lab-gw"]
        assert isinstance(gateway, Switch)
        assert gateway.running
        assert gateway.meters == ["LAB-Q1", "LAB-Q2"]
        assert not running.gateways_told
        gateway.told = True
        assert running.gateways_told
        line = running.lines["lab-rs485"]
        reader, writer = await asyncio.open_connection(line.host, line.port)
        await running.close()
        await running.close()
        assert not gateway.running
        # The cut connection ends with a reset or an empty read, never with a wait.
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                assert not await reader.read()
        writer.close()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(line.host, line.port)

    asyncio.run(run())
