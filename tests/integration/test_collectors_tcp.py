"""Collectors over real TCP connections: many buses, silent meters, dirty and broken lines, rival owners."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from collectors.exchange import Timing, exchange
from collectors.receiver import CHUNK_BYTES
from collectors.scheduler import BusPlan, Scheduler
from collectors.targets import MeterRead, Target, coverage_entries
from collectors.transports import line_for
from pipeline.coverage import Cause, CoverageStatus
from pipeline.errors import BusBusyError, TransportError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Schedule
from protocols.session import Answer, DropReason
from tests.integration.toy_line import toy_server
from tests.unit.collectors.toy import (
    START,
    VALUES,
    Reply,
    ToyDriver,
    ToySession,
    answer,
    toy_query,
    toy_reply,
)

QUANTITIES = frozenset({Quantity.VOLTAGE_A, Quantity.CURRENT_A, Quantity.ACTIVE_ENERGY_IMPORT})
SCHEDULES = (Schedule(group="electrical", every_s=60), Schedule(group="register", every_s=60))
QUICK = 0.002


def now() -> datetime:
    return datetime.now(UTC)


def quick_reply(question: bytes) -> Reply:
    return toy_reply(question, QUICK)


def target(number: int, bus: str = "b1") -> Target:
    return Target(
        meter=MeterId(f"{bus}-{number:02}"),
        address=f"{number:02}",
        driver=ToyDriver(),
        quantities=QUANTITIES,
        schedules=SCHEDULES,
    )


def owner_of(
    url: str, tmp_path: Path, *, bus: str = "b1", timeout_s: float = 1.0, retries: int = 2
) -> BusOwner:
    return BusOwner(Bus(id=bus, url=url, timeout_s=timeout_s, retries=retries), now=now, lock_dir=tmp_path)


async def keep(_read: MeterRead) -> None:
    pass


def test_200_buses_are_read_side_by_side_in_one_process(tmp_path: Path) -> None:
    async def main() -> tuple[list[MeterRead], list[MeterRead]]:
        async with AsyncExitStack() as stack:
            plans = []
            for number in range(200):
                server = await stack.enter_async_context(toy_server(lambda q: toy_reply(q, 0.05)))
                name = f"b{number}"
                owner = owner_of(server.url, tmp_path, bus=name)
                plans.append(BusPlan(owner=owner, targets=[target(n, name) for n in range(1, 5)]))
            scheduler = Scheduler(plans, now=now, on_result=keep)
            slots = [await scheduler.run_slot(START + timedelta(minutes=minute)) for minute in range(2)]
            await scheduler.close()
            assert all(counters.exchanges == 16 for counters in scheduler.counters())
            return slots[0], slots[1]

    for reads in asyncio.run(main()):
        assert len(reads) == 800
        entries = [entry for read in reads for entry in coverage_entries(read)]
        assert len(entries) == 1600
        missing = [entry for entry in entries if entry.status is CoverageStatus.MISSING]
        assert not missing


def test_silent_meters_are_only_probed_once_known_and_cost_their_neighbours_no_read(tmp_path: Path) -> None:
    # How little they lengthen the cycle is proven in simulated time: tests/unit/collectors/test_bus.py.
    silent = set(range(25, 33))
    healthy: list[MeterRead] = []
    asked_in_vain = 0

    def respond(question: bytes) -> Reply:
        nonlocal asked_in_vain
        if int(question[1:3]) in silent:
            asked_in_vain += 1
            return []
        return toy_reply(question, 0.005)

    async def cycle(owner: BusOwner, targets: list[Target]) -> None:
        reads = await owner.read_slot(targets, START, keep)
        healthy.extend(read for read in reads if read.meter < "b1-25")

    async def main() -> int:
        targets = [target(number) for number in range(1, 33)]
        async with toy_server(respond) as server:
            owner = owner_of(server.url, tmp_path, timeout_s=0.1, retries=0)
            for _ in range(3):
                await cycle(owner, targets)
            assert sum(health.silent for health in owner.health()) == 8
            before = asked_in_vain
            for _ in range(5):
                await cycle(owner, targets)
            await owner.close()
        return asked_in_vain - before

    # Never more than one question a silent meter and cycle.
    assert asyncio.run(main()) <= 5 * len(silent)
    # A machine busy with other work may answer one question later than the 0.1 s of this line.
    assert sum(read.snapshot is None for read in healthy) < 0.01 * len(healthy)


def test_noise_echo_and_half_frames_cost_attempts_but_no_data(tmp_path: Path) -> None:
    dirt = [b"\xfe\xfe\x68\n", answer("07", "P", *VALUES["P"])[:9], b"!99V1.0*00\n", b"\x00" * 300 + b"\n"]
    asked = 0

    def respond(question: bytes) -> Reply:
        nonlocal asked
        asked += 1
        good = quick_reply(question)[0][1]
        match asked % 3:
            case 0:
                return [(QUICK, dirt[asked % len(dirt)])]
            case 1:
                return [(QUICK, question + dirt[0] + good)]
            case _:
                return [(QUICK, good[:5]), (3 * QUICK, good[5:])]

    async def main() -> list[MeterRead]:
        async with toy_server(respond) as server:
            owner = owner_of(server.url, tmp_path, timeout_s=0.1)
            reads = [await owner.read_meter(target(7), QUANTITIES, START) for _ in range(12)]
            assert owner.counters.dropped[DropReason.ECHO] > 0
            assert owner.counters.retries > 0
            await owner.close()
        return reads

    for read in asyncio.run(main()):
        assert read.snapshot is not None
        assert read.snapshot.values == {
            Quantity.VOLTAGE_A: 230.0,
            Quantity.CURRENT_A: 5.0,
            Quantity.ACTIVE_ENERGY_IMPORT: 1234.5,
        }


def test_an_answer_that_comes_after_its_time_is_not_taken_for_the_next_question_s() -> None:
    def respond(question: bytes) -> Reply:
        return toy_reply(question, 0.25 if question == b"?07V\n" else 0.15)

    async def main() -> None:
        timing = Timing(timeout_s=0.2, retries=0)
        async with toy_server(respond) as server:
            line, session = line_for(server.url), ToySession("07")
            await line.open()
            first = await exchange(line, session, toy_query("V"), timing, now=now)
            second = await exchange(line, session, toy_query("C"), timing, now=now)
            await line.close()
        assert first.cause is Cause.NO_ANSWER
        assert isinstance(second.event, Answer)
        assert second.event.values == {Quantity.CURRENT_A: 5.0}
        assert second.dropped == {DropReason.LATE: 1}

    asyncio.run(main())


def test_a_line_that_is_cut_and_comes_back_loses_no_read(tmp_path: Path) -> None:
    async def main() -> None:
        async with toy_server(quick_reply) as server:

            def hang_up(_question: bytes) -> Reply:
                server.cut()
                return []

            owner = owner_of(server.url, tmp_path)
            await owner.read_meter(target(1), QUANTITIES, START)
            server.cut()
            idle_cut = await owner.read_meter(target(1), QUANTITIES, START)
            server.respond = hang_up
            cut = await owner.read_meter(target(1), QUANTITIES, START)
            server.respond = quick_reply
            back = await owner.read_meter(target(1), QUANTITIES, START)
            await owner.close()
        assert idle_cut.cause is None
        assert cut.cause is Cause.LINK
        assert back.cause is None

    asyncio.run(main())


def test_a_server_that_is_restarted_is_found_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with toy_server(quick_reply) as server:
            owner = owner_of(server.url, tmp_path)
            assert (await owner.read_meter(target(1), QUANTITIES, START)).cause is None
        gone = await owner.read_meter(target(1), QUANTITIES, START)
        async with toy_server(quick_reply, port=server.port):
            back = await owner.read_meter(target(1), QUANTITIES, START)
        await owner.close()
        assert gone.cause is Cause.LINK
        assert str(server.port) in gone.failure
        assert back.cause is None

    asyncio.run(main())


def test_more_bytes_than_one_chunk_come_in_order() -> None:
    sent = bytes(range(256)) * (3 * CHUNK_BYTES // 256)

    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(pour, "127.0.0.1", 0)
        async with server:
            line = line_for(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            await line.open()
            came = bytearray()
            while len(came) < len(sent):
                came += await line.read(asyncio.get_running_loop().time() + 5.0)
            await line.close()
        assert came == sent

    asyncio.run(main())


def test_nobody_listening_is_a_transport_error_that_names_the_peer() -> None:
    async def main() -> None:
        async with toy_server() as server:
            url = server.url
        with pytest.raises(TransportError, match=f"{url}.*check that the peer listens"):
            await line_for(url).open()

    asyncio.run(main())


HOLD_THE_LOCK = """
import sys
from pathlib import Path
from collectors.host_lock import HostLock
HostLock("b1", Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_bus_that_another_process_owns_is_refused_by_its_number_until_that_dies(tmp_path: Path) -> None:
    owner = owner_of("tcp://127.0.0.1:9", tmp_path)
    command = [sys.executable, "-c", HOLD_THE_LOCK, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # noqa: S603 - our own code
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(BusBusyError, match=f"process {other.pid} "):
            owner.acquire()
        other.kill()
        other.wait()
        owner.acquire()
    asyncio.run(owner.close())
