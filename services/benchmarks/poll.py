"""What a DL/T 645 request over TCP costs on a thousand connections, against streams and a fixed frame."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles
from time import process_time
from typing import Final, TypeAlias

from collectors.bus import BusOwner
from collectors.exchange import Timing, exchange
from collectors.transports import TcpLine
from pipeline.errors import NoAnswerError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Bus, Meter, Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import FROM_METER, address_bytes, build
from protocols.dlt645.functions import Function2007
from protocols.dlt645.questions import read_query
from protocols.dlt645.replay import read_answer
from protocols.dlt645.session import Dlt645Session
from protocols.session import Query
from services.benchmarks.rows import BenchRow, benchmarks
from services.open_files import allow_open_files
from services.wiring import load_profiles, target_of, utc_now

CONNECTIONS: Final = 1000
REQUESTS: Final = 5
"""By each connection in a round."""
ROUNDS: Final = 40
ROUNDS_OF_BUS: Final = 8
"""Its figure only informs."""
GOAL: Final = 1 / 1.3
TIMEOUT_S: Final = 30.0
"""Nobody is late here; it costs its timer all the same."""
ADDRESS: Final = "201908310042"
WIRE: Final = bytes.fromhex("00000100")
"""00010000, forward active energy."""
ANSWER: Final = build(
    address_bytes(ADDRESS), Function2007.READ | FROM_METER, WIRE + bytes.fromhex("78563412")
)
HEADER: Final = 10
LENGTH_AT: Final = 9
CLOSING: Final = 2

Ask: TypeAlias = Callable[[], Coroutine[None, None, None]]
"""Asks on one open connection, ``REQUESTS`` times."""
Way: TypeAlias = Callable[[int, int], AbstractAsyncContextManager[Sequence[Ask]]]
"""Opens so many connections to a port; they are closed with its context."""


@benchmarks.register("poll")
def poll(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure our CPU alone: the meters are another process."""
    allow_open_files(2 * CONNECTIONS)
    begin("starting the meters")
    with canned_meters() as port:
        begin(f"{CONNECTIONS} connections by streams and as many by exchanges, in turn {ROUNDS} times")
        streams_s, ours_s = asyncio.run(cpu_s_by((by_streams, by_exchange), port))
        begin(f"{CONNECTIONS} owners of a bus, {ROUNDS_OF_BUS} times")
        (bus_s,) = asyncio.run(cpu_s_by((by_bus,), port, rounds=ROUNDS_OF_BUS))
    return [
        BenchRow(
            what=f"request and decoded answer on {CONNECTIONS} connections, against streams (us CPU)",
            value=ours_s * 1e6,
            limit=streams_s * 1e6,
            goal=GOAL,
        ),
        BenchRow(
            what="a bus owner's whole read of it: turn, breaker, plan, snapshot (us CPU)", value=bus_s * 1e6
        ),
    ]


async def cpu_s_by(
    ways: Sequence[Way], port: int, connections: int = CONNECTIONS, rounds: int = ROUNDS
) -> Sequence[float]:
    """Return the CPU seconds of a request by each way: the lower quartile of its rounds.

    The ways take turns on connections that stay open, so that all meet the same minutes of this machine. What
    others do on its cores (cold caches, answers that come one by one) adds to a round; the very least of them
    is luck.
    """
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(way(port, connections)) for way in ways]
        turns = [[await _cpu_s(asks) / (connections * REQUESTS) for asks in opened] for _ in range(rounds)]
    return [quantiles(figures, n=4)[0] for figures in zip(*turns, strict=True)]


@asynccontextmanager
async def by_streams(port: int, connections: int) -> AsyncIterator[Sequence[Ask]]:
    """Ask with asyncio streams, a time-out, a fixed frame and the same decoding."""
    decoder = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
    question = Dlt645Session(ADDRESS, decoder).ask(_query())
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(REQUESTS):
            async with asyncio.timeout(TIMEOUT_S):
                writer.write(question)
                head = await reader.readexactly(HEADER)
                rest = await reader.readexactly(head[LENGTH_AT] + CLOSING)
            read_answer(head + rest, decoder)

    yield [partial(ask, *streams) for streams in opened]
    for _, writer in opened:
        writer.close()


@asynccontextmanager
async def by_exchange(port: int, connections: int) -> AsyncIterator[Sequence[Ask]]:
    """Ask through our line, session and exchange."""
    decoder = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
    query, timing = _query(), Timing(timeout_s=TIMEOUT_S)
    lines = [TcpLine("127.0.0.1", port) for _ in range(connections)]
    for line in lines:
        await line.open()

    async def ask(line: TcpLine, session: Dlt645Session) -> None:
        for _ in range(REQUESTS):
            outcome = await exchange(line, session, query, timing, now=utc_now)
            if outcome.event is None:
                raise NoAnswerError(f"{ADDRESS}: {outcome.cause}")

    yield [partial(ask, line, Dlt645Session(ADDRESS, decoder)) for line in lines]
    for line in lines:
        await line.close()


@asynccontextmanager
async def by_bus(port: int, connections: int) -> AsyncIterator[Sequence[Ask]]:
    """Read by the owner of a bus, from its turn to the snapshot."""
    url = f"tcp://127.0.0.1:{port}"
    meter = Meter(id=MeterId("M"), wiring=Wiring.THREE_PHASE_FOUR_WIRE)
    target = target_of(meter, ADDRESS, load_profiles()["dlt645_2007_three_phase"], url)
    wanted = [Quantity.ACTIVE_ENERGY_IMPORT]
    with tempfile.TemporaryDirectory() as locks:
        owners = [
            BusOwner(Bus(id=f"b{n}", url=url, timeout_s=TIMEOUT_S), now=utc_now, lock_dir=Path(locks))
            for n in range(connections)
        ]
        for owner in owners:
            await owner.read_meter(target, wanted, None)

        async def ask(owner: BusOwner) -> None:
            for _ in range(REQUESTS):
                read = await owner.read_meter(target, wanted, None)
                if read.snapshot is None:
                    raise NoAnswerError(f"{ADDRESS}: {read.failure}")

        yield [partial(ask, owner) for owner in owners]
        for owner in owners:
            await owner.close()


async def _cpu_s(asks: Sequence[Ask]) -> float:
    gc.collect()  # nobody pays for what the way before left behind
    began_s = process_time()
    async with asyncio.TaskGroup() as group:
        for ask in asks:
            group.create_task(ask())
    return process_time() - began_s


@contextmanager
def canned_meters() -> Iterator[int]:
    """Serve meters from a process of their own and give their port."""
    command = [sys.executable, "-m", "services.benchmarks.canned_meters", ANSWER.hex()]
    serving = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own
    assert serving.stdin is not None and serving.stdout is not None  # noqa: S101, PT018 - both are pipes
    try:
        yield int(serving.stdout.readline())
    finally:
        serving.stdin.close()
        serving.wait(10)
        serving.stdout.close()


def _query() -> Query:
    return read_query(WIRE, 4)
