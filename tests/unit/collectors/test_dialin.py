import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from collectors.dialin import PADDING, DialInLine, unknown_terminals
from collectors.targets import MeterRead
from pipeline.coverage import Cause
from pipeline.errors import TransportError
from pipeline.quantities import Quantity
from pipeline.registry import Bus
from tests.unit.collectors.toy import START, simulated_now, toy_reply
from tests.unit.collectors.toy_bus import target

WANTED = frozenset({Quantity.VOLTAGE_A, Quantity.ACTIVE_ENERGY_IMPORT})


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.dialin.WAIT_S", 0.3)
    monkeypatch.setattr("collectors.dialin.REGISTER_WITHIN_S", 0.3)


@asynccontextmanager
async def listening(*names: str, heartbeat: bytes = b"") -> AsyncIterator[list[DialInLine]]:
    """Listen for these terminals on one port; nobody is there yet."""
    port = free_port()
    lines = [DialInLine("127.0.0.1", port, name.encode(), heartbeat=heartbeat) for name in names]
    for line in lines:
        with pytest.raises(TransportError, match="has not dialled in"):
            await line.open()
    try:
        yield lines
    finally:
        for line in lines:
            await line.stop_listening()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dial(line: DialInLine, *packets: bytes) -> Streams:
    reader, writer = await asyncio.open_connection(*line._place)
    for packet in packets:
        writer.write(packet)
        await writer.drain()
        await asyncio.sleep(0.03)
    return reader, writer


async def heard(line: DialInLine) -> bytes:
    try:
        return await line.read(asyncio.get_running_loop().time() + 0.2)
    except TimeoutError:
        return b""


def test_two_terminals_share_a_port_and_each_has_its_own_line() -> None:
    async def main() -> None:
        async with listening("T1", "T2") as (first, second):
            _, two = await dial(second, b"T2\r\n")
            reader, one = await dial(first, b"T", b"1")  # in two chunks
            for line in (first, second):
                await line.open()
            first.write(b"?")
            assert await reader.readexactly(1) == b"?"
            one.write(b"from one")
            two.write(b"from two")
            assert (await heard(first), await heard(second)) == (b"from one", b"from two")
            one.close()
            two.close()

    asyncio.run(main())


def test_heartbeats_and_repeated_registrations_are_no_answers() -> None:
    async def main() -> None:
        async with listening("T1", heartbeat=b"\xfe\x01") as (line,):
            _, terminal = await dial(line, b"T1", b"\xfe\x01", b"T1\r\n", b"data")
            await line.open()
            assert await heard(line) == b"data"
            assert line.drain_input() == b""
            terminal.close()

    asyncio.run(main())


def test_what_comes_with_the_registration_in_one_packet_is_kept() -> None:
    async def main() -> None:
        async with listening("T1") as (line,):
            _, terminal = await dial(line, b"T1\r\ndata")
            await line.open()
            assert await heard(line) == b"data"
            terminal.close()

    asyncio.run(main())


@pytest.mark.parametrize("says", [b"", b"who?", bytes(range(256)) * 4])
def test_a_stranger_is_cut(says: bytes) -> None:
    async def main() -> None:
        async with listening("T1") as (line,):
            reader, stranger = await dial(line, says)
            with pytest.raises(TransportError, match="has not dialled in"):
                await line.open()
            async with asyncio.timeout(5):
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
            stranger.close()
            host, port = line._place
            told = [(said.source, said.key[:4], said.payload[:4]) for said in unknown_terminals(START)]
            shown = says.strip(PADDING)[:4].decode("ascii")
            assert told == [(f"listen://{host}:{port}", shown, says[:4])] * bool(says)

    asyncio.run(main())


def test_a_terminal_that_dials_in_again_replaces_its_dead_connection() -> None:
    async def main() -> None:
        async with listening("T1") as (line,):
            _, old = await dial(line, b"T1")
            await line.open()
            reader, new = await dial(line, b"T1")
            line.write(b"?")
            assert await reader.readexactly(1) == b"?"
            old.close()
            new.close()

    asyncio.run(main())


def test_a_terminal_that_hangs_up_is_told_as_a_lost_line() -> None:
    async def main() -> None:
        async with listening("T1") as (line,):
            _, terminal = await dial(line, b"T1")
            await line.open()
            terminal.close()
            with pytest.raises(TransportError, match="closed the connection"):
                await line.read(asyncio.get_running_loop().time() + 5)
            with pytest.raises(TransportError, match="hung up"):
                line.write(b"?")

    asyncio.run(main())


def test_registrations_that_cannot_be_told_apart_are_refused() -> None:
    async def main() -> None:
        async with listening("T1") as (line,):
            with pytest.raises(TransportError, match="cannot be told from"):
                await DialInLine(*line._place, b"T12").open()

    asyncio.run(main())


def test_a_port_that_is_taken_is_named() -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        line = DialInLine("127.0.0.1", server.sockets[0].getsockname()[1], b"T1")
        with pytest.raises(TransportError, match="name a free port"):
            await line.open()
        await line.stop_listening()
        server.close()
        await server.wait_closed()

    asyncio.run(main())


def test_a_bus_behind_a_terminal_is_read_before_and_after_it_redials(tmp_path: Path) -> None:
    async def main() -> list[MeterRead]:
        bus = Bus(id="b1", url=f"listen://127.0.0.1:{free_port()}/GPRS-7", timeout_s=0.5)
        owner = BusOwner(bus, now=simulated_now, lock_dir=tmp_path)
        reads = [await owner.read_meter(target(7), WANTED, None)]
        for _ in range(2):
            async with terminal(bus):
                await asyncio.sleep(0.6)  # the back-off of a line that nobody was on
                reads.append(await owner.read_meter(target(7), WANTED, None))
        await owner.close()
        return reads

    away, first, again = asyncio.run(main())
    assert (away.cause, away.snapshot) == (Cause.LINK, None)
    assert first.snapshot is not None
    assert again.snapshot is not None


@asynccontextmanager
async def terminal(bus: Bus) -> AsyncIterator[None]:
    """Be the terminal of a bus: dial in, register, and pass questions to the toy meters."""
    place, _, name = bus.url.removeprefix("listen://").partition("/")
    host, _, port = place.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(name.encode())

    async def serve() -> None:
        while question := await reader.readline():
            for _, answer in toy_reply(question):
                writer.write(answer)

    serving = asyncio.create_task(serve())
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        writer.close()
