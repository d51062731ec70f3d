"""Our two ends of Modbus, each against an independent one: pymodbus's client and server."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.modbus.driver import ModbusDriver, with_framing
from protocols.modbus.framing import Framing
from protocols.profile import Profile, parse_profile
from protocols.session import NEED_DATA, Answer, Event, Refused
from simulators.modbus_meter import ModbusMeter

TIMEOUT_S = 10.0
FRAMERS = {Framing.SOCKET: FramerType.SOCKET, Framing.RTU: FramerType.RTU}


def sdm630() -> Profile:
    """Return the register map without its probe, for meters that show little."""
    text = (files("protocols") / "profiles" / "eastron_sdm630.toml").read_text("utf-8")
    return replace(parse_profile(text, "eastron_sdm630"), probe={})


class Steady:
    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return {Quantity.VOLTAGE_A: 230.5, Quantity.ACTIVE_POWER: 1.5}


@contextmanager
def served(meters: list[ModbusMeter]) -> Iterator[int]:
    """Serve simulated meters to one connection, from a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                while data := line.recv(4096):
                    line.sendall(b"".join(meter.receive(data) for meter in meters))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(TIMEOUT_S)


@pytest.mark.parametrize("framing", list(Framing))
def test_pymodbus_reads_our_simulated_meters(framing: Framing) -> None:
    meters = [
        ModbusMeter(unit, sdm630(), Steady(), lambda: datetime(2026, 1, 1, tzinfo=UTC), framing=framing)
        for unit in (1, 2)
    ]
    with served(meters) as port:
        client = ModbusTcpClient("127.0.0.1", port=port, framer=FRAMERS[framing], timeout=TIMEOUT_S)
        assert client.connect()  # type: ignore[no-untyped-call] # pymodbus leaves it bare
        answer = client.read_input_registers(0, count=80, device_id=2)
        refused = client.read_input_registers(0x2000, count=2, device_id=1)
        client.close()  # type: ignore[no-untyped-call] # pymodbus leaves it bare
    voltage = client.convert_from_registers(answer.registers[:2], client.DATATYPE.FLOAT32)
    power = client.convert_from_registers(answer.registers[0x34:0x36], client.DATATYPE.FLOAT32)
    assert (voltage, power) == (230.5, 1500.0)
    assert refused.exception_code == 2


@pytest.mark.parametrize("framing", list(Framing))
def test_we_read_pymodbus_server(framing: Framing) -> None:
    events = asyncio.run(_read_from_pymodbus(framing))
    values = {quantity: v for e in events if isinstance(e, Answer) for quantity, v in e.values.items()}
    assert values == {Quantity.VOLTAGE_A: 230.5, Quantity.VOLTAGE_B: 231.5}
    assert [event.error.meanings for event in events if isinstance(event, Refused)] == [
        ("illegal data address",)
    ]


async def _read_from_pymodbus(framing: Framing) -> list[Event]:
    registers = SimData(0, values=[230.5, 231.5], datatype=DataType.FLOAT32, readonly=True)
    server = ModbusTcpServer(
        SimDevice(5, simdata=[registers]), address=("127.0.0.1", 0), framer=FRAMERS[framing]
    )
    await server.serve_forever(background=True)
    assert isinstance(server.transport, asyncio.Server)
    port = server.transport.sockets[0].getsockname()[1]
    driver = ModbusDriver(with_framing(sdm630(), framing), Wiring.THREE_PHASE_FOUR_WIRE)
    session = driver.session("5")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    events: list[Event] = []
    for query in driver.plan([Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_AB]):
        writer.write(session.ask(query))
        while (event := session.next_event()) is NEED_DATA:
            session.receive_data(await asyncio.wait_for(reader.read(4096), TIMEOUT_S))
        events.append(event)
    writer.close()
    await writer.wait_closed()
    await server.shutdown()  # type: ignore[no-untyped-call] # pymodbus leaves it bare
    return events
