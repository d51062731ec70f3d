"""The line of an owned bus lent to a borrower: bytes both ways, one at a time, and never for ever."""

from __future__ import annotations

import asyncio
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from collectors.host_lock import HostLock
from collectors.lending import MODE, LentLine, LineLender, lending_place
from pipeline.errors import BusBusyError, TransportError
from pipeline.registry import Bus
from tests.unit.collectors.toy import MemoryLine, simulated_now

BUS = Bus(id="b1", url="memory", timeout_s=1.0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: those of sockets have about a hundred letters."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@asynccontextmanager
async def lending(folder: Path, line: MemoryLine, lent_most_s: float = 30.0) -> AsyncIterator[BusOwner]:
    owner = BusOwner(BUS, now=simulated_now, lock_dir=folder, make_line=lambda _url: line)
    serving = asyncio.create_task(LineLender(owner, folder, lent_most_s=lent_most_s).serve())
    while not lending_place("b1", folder).exists():  # noqa: ASYNC110 - a file
        await asyncio.sleep(0.01)
    try:
        yield owner
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await owner.close()


def echo(question: bytes) -> list[tuple[float, bytes]]:
    return [(0.0, b"heard " + question)]


async def asked(line: LentLine, question: bytes) -> bytes:
    line.write(question)
    return await line.read(asyncio.get_running_loop().time() + 5)


def test_bytes_go_both_ways_while_the_owner_asks_nothing(folder: Path) -> None:
    async def scenario() -> None:
        async with lending(folder, MemoryLine(echo)) as owner:
            assert stat.S_IMODE(lending_place("b1", folder).stat().st_mode) == MODE
            first, second = (LentLine("b1", folder, None) for _ in range(2))
            await first.open()
            assert await asked(first, b"07V") == b"heard 07V"
            waiting = asyncio.create_task(second.open())
            await asyncio.sleep(0.1)
            assert not waiting.done()
            await first.close()
            await waiting
            assert await asked(second, b"08V") == b"heard 08V"
            await second.close()
            async with asyncio.timeout(5), owner.lent():
                pass  # the turn was given back
        assert not lending_place("b1", folder).exists()

    asyncio.run(scenario())


def test_a_borrower_that_does_not_hang_up_loses_the_line(folder: Path) -> None:
    async def scenario() -> None:
        async with lending(folder, MemoryLine(echo), lent_most_s=0.1) as owner:
            line = LentLine("b1", folder, None)
            await line.open()
            with pytest.raises(TransportError, match="taken the line back"):
                await line.read(asyncio.get_running_loop().time() + 5)
            with pytest.raises(TransportError, match="taken the line back"):
                line.write(b"07V")
            async with asyncio.timeout(5), owner.lent():
                pass
            await line.close()

    asyncio.run(scenario())


def test_silence_is_a_time_out(folder: Path) -> None:
    async def scenario() -> None:
        async with lending(folder, MemoryLine(lambda _: [])):
            line = LentLine("b1", folder, 2400)
            await line.open()
            with pytest.raises(TimeoutError):
                await line.read(asyncio.get_running_loop().time() + 0.05)
            await line.close()

    asyncio.run(scenario())


def test_an_owner_without_its_line_lends_nothing(folder: Path) -> None:
    class Unreachable(MemoryLine):
        async def open(self) -> None:
            raise TransportError("the port is away")

    async def scenario() -> None:
        async with lending(folder, Unreachable(echo)):
            line = LentLine("b1", folder, None)
            with pytest.raises(TransportError, match="gave no turn; nothing was sent"):
                await line.open()

    asyncio.run(scenario())


def test_a_bus_that_nobody_lends_says_where_the_order_can_be_given(folder: Path) -> None:
    with pytest.raises(BusBusyError, match="on the host of the collector"):
        asyncio.run(LentLine("b1", folder, None).open())


def test_a_place_that_cannot_be_used_costs_the_owner_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    owner = BusOwner(BUS, now=simulated_now, lock_dir=folder, make_line=lambda _url: MemoryLine(echo))
    asyncio.run(LineLender(owner, folder / ("x" * 120)).serve())
    assert "not lent to orders" in caplog.text


def test_a_bus_of_another_process_is_not_lent_in_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.lending.LOOK_EVERY_S", 0.02)
    theirs = HostLock("b1", folder)
    theirs.acquire()

    async def scenario() -> None:
        owner = BusOwner(BUS, now=simulated_now, lock_dir=folder, make_line=lambda _url: MemoryLine(echo))
        serving = asyncio.create_task(LineLender(owner, folder).serve())
        await asyncio.sleep(0.1)
        assert not lending_place("b1", folder).exists()
        theirs.release()
        async with asyncio.timeout(5):
            while not lending_place("b1", folder).exists():  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.01)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await owner.close()

    asyncio.run(scenario())
