"""What a DL/T 645 request over TCP costs on a thousand connections, against streams and a fixed frame."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final

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
from services.wiring import load_profiles, target_of

CONNECTIONS: Final = 1000
REQUESTS: Final = 20
"""By each connection in a round."""
ROUNDS: Final = 5
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


@benchmarks.register("poll")
def poll(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure our CPU alone: the meters are another process."""
    begin("starting the meters")
    with canned_meters() as port:
        begin(f"{CONNECTIONS} connections, {ROUNDS} rounds")
        rounds = [
            (asyncio.run(by_streams(port)), asyncio.run(by_exchange(port)), asyncio.run(by_bus(port)))
            for _ in range(ROUNDS)
        ]
    streams_us, ours_us, bus_us = (median(figures) * 1e6 for figures in zip(*rounds, strict=True))
    return [
        BenchRow(
            what=f"request and decoded answer on {CONNECTIONS} connections, against streams (us CPU)",
            value=ours_us,
            limit=streams_us,
            goal=GOAL,
        ),
        BenchRow(what="a bus owner's whole read of it: turn, breaker, plan, snapshot (us CPU)", value=bus_us),
    ]


async def by_streams(port: int, connections: int = CONNECTIONS) -> float:
    """Return CPU seconds a request with asyncio streams, a time-out, a fixed frame and the same decoding."""
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

    used_s = await _cpu_s([ask(*streams) for streams in opened])
    for _, writer in opened:
        writer.close()
    return used_s / (connections * REQUESTS)


async def by_exchange(port: int, connections: int = CONNECTIONS) -> float:
    """Return CPU seconds a request through our line, session and exchange."""
    decoder = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
    query, timing = _query(), Timing(timeout_s=TIMEOUT_S)
    lines = [TcpLine("127.0.0.1", port) for _ in range(connections)]
    for line in lines:
        await line.open()

    async def ask(line: TcpLine) -> None:
        session = Dlt645Session(ADDRESS, decoder)
        for _ in range(REQUESTS):
            outcome = await exchange(line, session, query, timing, now=_now)
            if outcome.event is None:
                raise NoAnswerError(f"{ADDRESS}: {outcome.cause}")

    used_s = await _cpu_s([ask(line) for line in lines])
    for line in lines:
        await line.close()
    return used_s / (connections * REQUESTS)


async def by_bus(port: int, connections: int = CONNECTIONS) -> float:
    """Return CPU seconds a read by the owner of a bus, from its turn to the snapshot."""
    url = f"tcp://127.0.0.1:{port}"
    meter = Meter(id=MeterId("M"), wiring=Wiring.THREE_PHASE_FOUR_WIRE)
    target = target_of(meter, ADDRESS, load_profiles()["dlt645_2007_three_phase"], url)
    wanted = [Quantity.ACTIVE_ENERGY_IMPORT]
    with tempfile.TemporaryDirectory() as locks:
        owners = [
            BusOwner(Bus(id=f"b{n}", url=url, timeout_s=TIMEOUT_S), now=_now, lock_dir=Path(locks))
            for n in range(connections)
        ]
        for owner in owners:
            await owner.read_meter(target, wanted, None)

        async def ask(owner: BusOwner) -> None:
            for _ in range(REQUESTS):
                read = await owner.read_meter(target, wanted, None)
                if read.snapshot is None:
                    raise NoAnswerError(f"{ADDRESS}: {read.failure}")

        used_s = await _cpu_s([ask(owner) for owner in owners])
        for owner in owners:
            await owner.close()
    return used_s / (connections * REQUESTS)


async def _cpu_s(works: Sequence[Coroutine[None, None, None]]) -> float:
    gc.collect()  # nobody pays for what the way before left behind
    began_s = process_time()
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)
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


def _now() -> datetime:
    return datetime.now(UTC)
