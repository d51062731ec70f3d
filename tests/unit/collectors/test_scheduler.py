import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from collectors.bus_claim import NO_LEASE, Lease
from collectors.counters import BusCounters
from collectors.scheduler import BusPlan, Scheduler
from collectors.targets import MeterRead, Target
from pipeline.coverage import Cause
from pipeline.errors import BusBusyError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Schedule
from tests.unit.collectors.toy import (
    START,
    MemoryLine,
    Reply,
    Respond,
    ToyDriver,
    run_simulated,
    simulated_now,
    toy_reply,
)

MINUTE = Schedule(group="electrical", every_s=60)
QUARTER = Schedule(group="register", every_s=900)


def plan(  # noqa: PLR0913 - each names what a test is about
    name: str,
    tmp_path: Path,
    *,
    respond: Respond = toy_reply,
    schedules: tuple[Schedule, ...] = (MINUTE,),
    meters: Sequence[int] = (1, 2),
    timeout_s: float = 1.0,
    lease: Lease = NO_LEASE,
) -> BusPlan:
    owner = BusOwner(
        Bus(id=name, url="memory", timeout_s=timeout_s),
        now=simulated_now,
        lock_dir=tmp_path,
        make_line=lambda _url: MemoryLine(respond),
        lease=lease,
    )
    targets = [
        Target(
            meter=MeterId(f"{name}-{number}"),
            address=f"{number:02}",
            driver=ToyDriver(),
            quantities=frozenset({Quantity.VOLTAGE_A, Quantity.ACTIVE_ENERGY_IMPORT}),
            schedules=schedules,
        )
        for number in meters
    ]
    return BusPlan(owner=owner, targets=targets)


def run_for(
    seconds: float,
    plans: Sequence[BusPlan],
    start_after: float = 0.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> tuple[list[MeterRead], tuple[BusCounters, ...]]:
    """Run a scheduler for simulated seconds; return every read."""
    reads: list[MeterRead] = []

    async def keep(read: MeterRead) -> None:
        reads.append(read)

    async def main() -> tuple[BusCounters, ...]:
        await asyncio.sleep(start_after)
        scheduler = Scheduler(plans, now=simulated_now, on_result=keep, sleep=sleep)
        task = asyncio.create_task(scheduler.run())
        await asyncio.sleep(seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return scheduler.counters()

    counters = run_simulated(main())
    return reads, counters


def slots_of(reads: Sequence[MeterRead], meter: str) -> list[int]:
    mine = [read.slot_at for read in reads if read.meter == meter and read.slot_at is not None]
    return [int((slot_at - START).total_seconds()) for slot_at in mine]


def late_by(read: MeterRead) -> timedelta:
    assert read.snapshot is not None
    assert read.slot_at is not None
    return read.snapshot.taken_at - read.slot_at


def test_one_slot_reads_every_bus_once_side_by_side(tmp_path: Path) -> None:
    async def keep(_read: MeterRead) -> None:
        pass

    async def main() -> tuple[list[MeterRead], float]:
        plans = [plan(f"b{number}", tmp_path) for number in range(200)]
        scheduler = Scheduler(plans, now=simulated_now, on_result=keep)
        reads = await scheduler.run_slot(START)
        took_s = asyncio.get_running_loop().time()
        await scheduler.close()
        return reads, took_s

    reads, took_s = run_simulated(main())
    assert len(reads) == 400
    assert all(read.snapshot is not None for read in reads)
    assert took_s == pytest.approx(0.4)


def test_every_slot_is_read_on_time(tmp_path: Path) -> None:
    reads, _ = run_for(300, [plan("b1", tmp_path)])
    assert slots_of(reads, "b1-1") == [0, 60, 120, 180, 240]
    assert all(late_by(read) < timedelta(seconds=2) for read in reads)


def test_each_group_follows_its_own_period(tmp_path: Path) -> None:
    reads, _ = run_for(1800, [plan("b1", tmp_path, schedules=(MINUTE, QUARTER), meters=(1,))])
    assert slots_of([read for read in reads if QUARTER in read.schedules], "b1-1") == [0, 900]


def test_a_start_late_in_a_slot_waits_for_the_next(tmp_path: Path) -> None:
    reads, _ = run_for(60, [plan("b1", tmp_path)], start_after=45)
    assert slots_of(reads, "b1-1") == [60]


def test_a_start_early_in_a_slot_still_reads_it(tmp_path: Path) -> None:
    reads, _ = run_for(30, [plan("b1", tmp_path)], start_after=5)
    assert slots_of(reads, "b1-1") == [0]


def test_a_bus_slower_than_its_period_skips_slots_and_says_bus_busy(tmp_path: Path) -> None:
    slow = plan(
        "b1", tmp_path, respond=lambda question: toy_reply(question, 40.0), meters=(1, 2), timeout_s=50.0
    )
    reads, _ = run_for(3600, [slow])
    missed = [read for read in reads if read.cause is Cause.BUS_BUSY]
    read_slots = slots_of([read for read in reads if read.snapshot is not None], "b1-1")
    assert missed
    assert all(read.snapshot is None and read.attempts == 0 for read in missed)
    every_slot = slots_of(reads, "b1-1")
    assert sorted(every_slot) == list(range(0, every_slot[-1] + 60, 60))
    assert len(read_slots) == len(set(read_slots))


def test_a_slow_bus_does_not_delay_another(tmp_path: Path) -> None:
    slow = plan("slow", tmp_path, respond=lambda _question: [], timeout_s=20.0)
    reads, _ = run_for(300, [slow, plan("fast", tmp_path)])
    assert slots_of(reads, "fast-1") == [0, 60, 120, 180, 240]


def test_slots_in_which_the_collector_did_not_run_are_not_asked(tmp_path: Path) -> None:
    async def oversleep(seconds: float) -> None:
        # The machine stood still for ten minutes in the first pause.
        await asyncio.sleep(seconds if asyncio.get_running_loop().time() > 600 else 600)

    reads, _ = run_for(700, [plan("b1", tmp_path, meters=(1,))], sleep=oversleep)
    missed = [read for read in reads if read.cause is Cause.NOT_ASKED]
    assert slots_of(missed, "b1-1") == list(range(60, 600, 60))
    assert 600 in slots_of([read for read in reads if read.snapshot is not None], "b1-1")


def test_a_register_slot_is_still_read_when_a_shorter_one_has_begun_meanwhile(tmp_path: Path) -> None:
    # At 900 s the bus is still busy with the minute before; it comes free after 960 s.
    def respond(question: bytes) -> Reply:
        loop = asyncio.get_running_loop()
        return toy_reply(question, 70.0 if 840 <= loop.time() < 850 else 0.1)

    bus = plan("b1", tmp_path, respond=respond, schedules=(MINUTE, QUARTER), meters=(1,), timeout_s=80.0)
    reads, _ = run_for(1100, [bus])
    registers = [read for read in reads if QUARTER in read.schedules and read.snapshot is not None]
    assert slots_of(registers, "b1-1") == [0, 900]


def test_after_a_stop_the_locks_are_free_and_the_lines_closed(tmp_path: Path) -> None:
    first = plan("b1", tmp_path)
    run_for(10, [first])
    second = plan("b1", tmp_path)
    second.owner.acquire()
    asyncio.run(second.owner.close())


def test_counters_tell_what_each_bus_did(tmp_path: Path) -> None:
    _, counters = run_for(119, [plan("b1", tmp_path), plan("b2", tmp_path)])
    assert [counter.bus for counter in counters] == ["b1", "b2"]
    assert all(counter.exchanges == counter.answered == 8 for counter in counters)


class TakenOver:
    """A lease that another host holds until a time of the event loop."""

    def __init__(self, until_s: float) -> None:
        self.until_s = until_s

    def is_elsewhere(self, bus: str) -> bool:  # noqa: ARG002 - the shape of every lease
        return asyncio.get_running_loop().time() < self.until_s

    def require(self, bus: str) -> None:
        if self.is_elsewhere(bus):
            raise BusBusyError("elsewhere")


def test_a_slot_of_a_bus_elsewhere_is_the_other_host_s_until_it_dies(tmp_path: Path) -> None:
    bus = plan("b1", tmp_path, meters=(1,), lease=TakenOver(until_s=605.0))
    reads, _ = run_for(700, [bus])
    seen = [((read.slot_at - START).total_seconds(), read.cause) for read in reads if read.slot_at]
    # What the dead owner may have missed is named once; all before was its own to report.
    assert seen == [(540, Cause.NOT_ASKED), (600, None), (660, None)]


def test_what_a_dead_owner_left_is_named_before_its_bus_is_read(tmp_path: Path) -> None:
    told: list[str] = []

    async def take_over(taken: BusPlan, now: datetime) -> None:
        told.append(f"{taken.owner.bus.id} at {(now - START).total_seconds():g}")

    async def keep(read: MeterRead) -> None:
        told.append(read.meter)

    async def main() -> None:
        plans = [
            plan("ours", tmp_path, meters=(1,)),
            plan("theirs", tmp_path, meters=(1,), lease=TakenOver(until_s=59.5)),
        ]
        scheduler = Scheduler(plans, now=simulated_now, on_result=keep, on_take_over=take_over)
        task = asyncio.create_task(scheduler.run())
        await asyncio.sleep(119)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_simulated(main())
    assert told.count("theirs at 60") == 1
    assert told.index("theirs at 60") < told.index("theirs-1")
    assert not any(word.startswith("ours at") for word in told)
