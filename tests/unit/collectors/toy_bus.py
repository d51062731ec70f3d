"""A bus in memory with toy meters on it, read slot by slot in simulated time."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from collectors.bus import BusOwner
from collectors.targets import MeterRead, Target
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Schedule
from tests.unit.collectors.toy import (
    START,
    MemoryLine,
    Respond,
    ToyDriver,
    simulated_now,
    toy_reply,
)

WANTED = frozenset({Quantity.VOLTAGE_A, Quantity.CURRENT_A, Quantity.ACTIVE_ENERGY_IMPORT})
EVERY_MINUTE = (Schedule(group="electrical", every_s=60), Schedule(group="register", every_s=60))

Cycle: TypeAlias = tuple[dict[int, MeterRead], float]


def target(number: int, driver: ToyDriver | None = None) -> Target:
    return Target(
        meter=MeterId(f"M{number:02}"),
        address=f"{number:02}",
        driver=driver or ToyDriver(),
        quantities=WANTED,
        schedules=EVERY_MINUTE,
    )


def owner_of(
    line: MemoryLine,
    tmp_path: Path,
    timeout_s: float = 1.0,
    pause_s: float = 0.0,
    addresses: Sequence[str] = (),
) -> BusOwner:
    bus = Bus(id="b1", url="memory", timeout_s=timeout_s, pause_s=pause_s)
    return BusOwner(
        bus, now=simulated_now, lock_dir=tmp_path, make_line=lambda _url: line, addresses=addresses
    )


async def keep(_read: MeterRead) -> None:
    pass


async def slot(owner: BusOwner, targets: Sequence[Target], minute: int = 0) -> Cycle:
    """Read one slot; return the reads by meter number and how long it took."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    reads = await owner.read_slot(targets, START + timedelta(minutes=minute), keep)
    return {int(read.meter[1:]): read for read in reads}, loop.time() - started


def except_for(silent: set[int]) -> Respond:
    """Answer as healthy meters do, but not for the silent ones; the set may change meanwhile."""
    return lambda question: [] if int(question[1:3]) in silent else toy_reply(question)
