"""How well a 2 400-baud bus of 32 meters is used, and what eight silent ones cost the other 24."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from collectors.bus import BusOwner
from collectors.targets import MeterRead, Target, coverage_entries
from pipeline.coverage import CoverageEntry, CoverageStatus
from pipeline.model import MeterId
from pipeline.quantities import Kind, Quantity
from pipeline.registry import Bus, Meter, Schedule, Wiring
from services.benchmarks.rows import BenchRow, benchmarks
from services.benchmarks.skipped_waits import run_skipping
from services.benchmarks.slow_line import SlowLine
from services.wiring import load_profiles, target_of
from simulators.dlt645_meter import Dlt645Meter
from simulators.line import FaultMachine, LineFaults

METERS: Final = 32
SILENT: Final = 8
BAUDRATE: Final = 2400
DELAY_S: Final = 0.05
"""A meter's own delay; the standard allows 20 to 500 ms (DL/T 645-2007 clause 5.3)."""
CYCLES: Final = 12
"""In each run; a silent meter is found out in the first three."""
SETTLED: Final = 4
"""Cycles before these are told apart: who is silent is learned in them."""
ROUNDS: Final = 5
USE_GOAL: Final = 0.9
READS_GOAL: Final = 0.99
LONGER_MOST: Final = 1.2
DAMAGED_GOAL: Final = 0.995
FAULTS: Final = LineFaults(drop=0.03, corrupt=0.03, truncate=0.02, noise=0.02)
"""A tenth of the answers: lost, one bit flipped, cut short, or behind noise."""
HOUR_SLOTS: Final = 4
URL: Final = f"serial:///bench?baudrate={BAUDRATE}"
SCHEDULES: Final = (Schedule(group="register", every_s=900), Schedule(group="electrical", every_s=900))
START: Final = datetime(2026, 3, 1, tzinfo=UTC)


class SteadyModel:
    """A meter under constant load; what it measures costs the benchmark nothing."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return one value for each quantity."""
        del instant
        return _VALUES


_VALUES: Final[Mapping[Quantity, float]] = {
    quantity: 1.0 for quantity in Quantity if quantity.kind in {Kind.REAL, Kind.COUNTER}
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One slot of the bus."""

    took_s: float
    least_s: float
    """What its bytes and the meters' delays take."""
    reads: Sequence[MeterRead]


@benchmarks.register("bus")
def bus(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure; waits are skipped, bytes, delays and our own work are counted."""
    begin("32 meters that all answer")
    whole = [run_skipping(cycles(METERS)) for _ in range(ROUNDS)]
    begin("24 meters alone")
    alone = [run_skipping(cycles(METERS - SILENT)) for _ in range(ROUNDS)]
    begin("24 meters beside 8 silent ones")
    silent = range(0, METERS, METERS // SILENT)
    beside = [run_skipping(cycles(METERS, silent)) for _ in range(ROUNDS)]
    begin("an hour with 10 % of the answers damaged")
    damaged = [run_skipping(cycles(METERS, damage=FaultMachine(FAULTS, seed))) for seed in range(ROUNDS)]
    lines = [line for run in damaged for line in _first_hour(run)]
    return [
        BenchRow(
            what="full plan of 32 meters at 2 400 baud, against bytes and meters' delays (s a cycle)",
            value=median(_mean_s(run) for run in whole),
            limit=median(_mean_least_s(run) for run in whole),
            goal=USE_GOAL,
        ),
        BenchRow(
            what="24 meters beside 8 silent ones, against the 24 alone (s a cycle)",
            value=median(_mean_s(run[SETTLED:]) for run in beside),
            limit=median(_mean_s(run[SETTLED:]) for run in alone),
            goal=1 / LONGER_MOST,
        ),
        BenchRow(
            what="the same while it is learned who is silent: the first four cycles (s a cycle)",
            value=median(_mean_s(run[:SETTLED]) for run in beside),
            limit=median(_mean_s(run[:SETTLED]) for run in alone),
        ),
        BenchRow(
            what="reads of the 24 that were due, against those that came",
            value=float(ROUNDS * CYCLES * (METERS - SILENT)),
            limit=float(sum(_got(run, silent) for run in beside)),
            goal=READS_GOAL,
        ),
        BenchRow(
            what="slots of an hour with 10 % of the answers damaged, against those that came",
            value=float(len(lines)),
            limit=float(sum(line.status is not CoverageStatus.MISSING for line in lines)),
            goal=DAMAGED_GOAL,
        ),
    ]


async def cycles(count: int, silent: Collection[int] = (), damage: FaultMachine | None = None) -> list[Cycle]:
    """Read ``CYCLES`` slots of a bus with ``count`` meters in the archive, of which some never answer."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    def now() -> datetime:
        return START + timedelta(seconds=loop.time() - began_s)

    meters = [Dlt645Meter(_address(n), SteadyModel(), now) for n in range(count) if n not in silent]
    line = SlowLine(meters, baudrate=BAUDRATE, delay_s=DELAY_S, damage=damage)
    with tempfile.TemporaryDirectory() as locks:
        owner = BusOwner(Bus(id="bench", url=URL), now=now, lock_dir=Path(locks), make_line=lambda _url: line)
        found = []
        for number in range(CYCLES):
            started_s, least_s = loop.time(), line.least_s
            reads = await owner.read_slot(_targets(count), START + number * timedelta(minutes=15), _forget)
            found.append(Cycle(took_s=loop.time() - started_s, least_s=line.least_s - least_s, reads=reads))
        await owner.close()
    return found


def _targets(count: int) -> list[Target]:
    profile = load_profiles()["dlt645_2007_three_phase"]
    return [
        target_of(
            Meter(id=MeterId(f"M{n}"), wiring=Wiring.THREE_PHASE_FOUR_WIRE),
            _address(n),
            profile,
            URL,
            SCHEDULES,
        )
        for n in range(count)
    ]


def _address(number: int) -> str:
    return f"{number + 1:012}"


async def _forget(read: MeterRead) -> None:
    """Keep nothing: what storing costs is another benchmark."""


def _first_hour(run: Sequence[Cycle]) -> list[CoverageEntry]:
    return [line for cycle in run[:HOUR_SLOTS] for read in cycle.reads for line in coverage_entries(read)]


def _mean_s(run: Sequence[Cycle]) -> float:
    return sum(cycle.took_s for cycle in run) / len(run)


def _mean_least_s(run: Sequence[Cycle]) -> float:
    return sum(cycle.least_s for cycle in run) / len(run)


def _got(run: Sequence[Cycle], silent: Collection[int]) -> int:
    away = {f"M{n}" for n in silent}
    return sum(
        read.snapshot is not None and read.cause is None and read.meter not in away
        for cycle in run
        for read in cycle.reads
    )
