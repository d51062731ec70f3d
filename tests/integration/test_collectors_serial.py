"""Collectors over a serial port: a pseudo-terminal stands for the RS-485 adapter."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from collectors.targets import MeterRead, Target
from collectors.transports import line_for
from pipeline.coverage import Cause
from pipeline.errors import TransportError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus
from tests.unit.collectors.toy import START, ToyDriver, toy_reply

WANTED = frozenset({Quantity.VOLTAGE_A, Quantity.ACTIVE_ENERGY_IMPORT})
TARGET = Target(meter=MeterId("M1"), address="07", driver=ToyDriver())


@dataclass
class Terminal:
    """Both ends of a pseudo-terminal: we hold the meters' end."""

    meters: int
    path: str

    @property
    def url(self) -> str:
        return f"serial://{self.path}?baudrate=9600&parity=N"

    def serve(self) -> None:
        """Answer questions from now on, a byte at a time."""
        buffer = bytearray()

        def readable() -> None:
            buffer.extend(os.read(self.meters, 100))
            while b"\n" in buffer:
                question, _, rest = buffer.partition(b"\n")
                buffer[:] = rest
                for byte in toy_reply(bytes(question))[0][1]:
                    os.write(self.meters, bytes([byte]))

        asyncio.get_running_loop().add_reader(self.meters, readable)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    meters, port = pty.openpty()
    tty.setraw(port)
    opened = Terminal(meters, os.ttyname(port))
    os.close(port)
    yield opened
    os.close(meters)


def owner_of(terminal: Terminal, tmp_path: Path) -> BusOwner:
    return BusOwner(
        Bus(id="b1", url=terminal.url, timeout_s=0.5, retries=0),
        now=lambda: datetime.now(UTC),
        lock_dir=tmp_path,
    )


def test_a_meter_on_a_serial_port_is_read(terminal: Terminal, tmp_path: Path) -> None:
    async def main() -> MeterRead:
        terminal.serve()
        owner = owner_of(terminal, tmp_path)
        read = await owner.read_meter(TARGET, WANTED, START)
        await owner.close()
        asyncio.get_running_loop().remove_reader(terminal.meters)
        return read

    read = asyncio.run(main())
    assert read.snapshot is not None
    assert read.snapshot.values[Quantity.VOLTAGE_A] == 230.0


def test_a_silent_serial_line_gives_no_answer(terminal: Terminal, tmp_path: Path) -> None:
    async def main() -> MeterRead:
        owner = owner_of(terminal, tmp_path)
        read = await owner.read_meter(TARGET, WANTED, START)
        await owner.close()
        return read

    assert asyncio.run(main()).cause is Cause.NO_ANSWER


def test_a_port_that_is_not_there_is_named_with_the_next_step() -> None:
    with pytest.raises(
        TransportError, match=r"/dev/no-such-port.*check the port's name, rights and parity E"
    ):
        asyncio.run(line_for("serial:///dev/no-such-port").open())


def test_an_adapter_that_is_unplugged_is_a_broken_line(tmp_path: Path) -> None:
    meters, port = pty.openpty()
    tty.setraw(port)
    terminal = Terminal(meters, os.ttyname(port))
    os.close(port)

    async def main() -> MeterRead:
        owner = owner_of(terminal, tmp_path)
        asyncio.get_running_loop().call_later(0.1, os.close, meters)
        read = await owner.read_meter(TARGET, WANTED, START)
        await owner.close()
        return read

    assert asyncio.run(main()).cause is Cause.LINK


def test_two_lines_never_share_one_port(terminal: Terminal) -> None:
    async def main() -> None:
        first, second = line_for(terminal.url), line_for(terminal.url)
        await first.open()
        with pytest.raises(TransportError):
            await second.open()
        await first.close()
        await second.open()
        await second.close()

    asyncio.run(main())
