"""What collecting costs as the fleet grows: one collector process, its CPU and memory measured alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pipeline.errors import NoAnswerError
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import Bus, Installation, Meter, Registry, Schedule
from pipeline.timegrid import slot_start
from services.benchmarks.collector_process import running_collector
from services.benchmarks.process_cost import process_cpu_s, resident_bytes
from services.benchmarks.rows import BenchRow, benchmarks, growing
from services.benchmarks.scale_mqtt import shared_ingest
from services.benchmarks.servers import bench_database
from services.wiring import utc_now
from storage.benchmark_questions import SlotArrival, slot_arrival
from storage.database import connect
from storage.registry import save_registry

SIZES: Final = (100, 1_000, 10_000)
METERS_OF_BUS: Final = 32
PROFILE: Final = "dlt645_2007_three_phase"
GROUPS: Final = (Group.REGISTER, Group.ELECTRICAL)
PERIODS_S: Final = (10, 20, 60, 120, 300, 900)
METER_ALLOWED_S: Final = 0.01
"""The first period that leaves so much to each meter is taken: a slot must be over before the next one."""
LOOK_S: Final = 0.5
EARLY: Final = timedelta(seconds=1)
"""A slot counts as over so long before the next one begins, also when it is not complete."""
GOAL: Final = 0.5
"""A meter may cost at most twice of what it costs in the smallest fleet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetCost:
    """What one collector needed for a fleet."""

    meters: int
    import_s: float
    start_s: float
    """From the start of the process until it collects."""
    resident: int
    cycle_cpu_s: float
    idle_cpu_share: float
    """Share of a core between two slots."""
    cycle_s: float
    """From the slot's instant until its last reading is stored, or until the slot is over."""
    arrival: SlotArrival

    @property
    def read_cpu_s(self) -> float:
        """CPU of one meter's read, with what storing it takes."""
        return self.cycle_cpu_s * len(GROUPS) / self.arrival.readings


@benchmarks.register("scale")
def scale(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure the usual sizes; see :func:`scale_of`."""
    return scale_of(begin, SIZES)


@growing.register("scale")
def scale_of(begin: Callable[[str], None], sizes: Sequence[int]) -> Sequence[BenchRow]:
    """Measure with fleets of so many meters, then MQTT; a meter's CPU is held against the first size's.

    Raises:
        MissingPartError: If there is no server or no Mosquitto.
        NoAnswerError: If a collector does not come up or reads nothing.
    """
    begin("an empty collector")
    with copied_meters() as port:
        empty_bytes, empty_s = _empty_cost()
        costs = []
        for meters in sizes:
            begin(f"{meters} meters")
            costs.append(_fleet_cost(port, meters))
    begin("MQTT")
    rows = [
        BenchRow(what="empty collector: start (s)", value=empty_s),
        BenchRow(what="empty collector: resident memory (MB)", value=empty_bytes / 1e6),
    ]
    for cost in costs:
        rows += _rows(cost, costs[0], empty_bytes)
    return [*rows, *shared_ingest()]


def _rows(cost: FleetCost, first: FleetCost, empty_bytes: int) -> list[BenchRow]:
    n, arrival = cost.meters, cost.arrival
    who = f"{n} meters"

    def a_meter(what: str, value: float, limit: float) -> BenchRow:
        return BenchRow(what=f"{who}: {what}", value=value, limit=limit, goal=GOAL)

    return [
        a_meter(
            "CPU of a meter's read, register and electrical (ms)",
            cost.read_cpu_s * 1e3,
            first.read_cpu_s * 1e3,
        ),
        BenchRow(
            what=f"{who}: resident memory of a meter (kB)", value=(cost.resident - empty_bytes) / n / 1e3
        ),
        BenchRow(what=f"{who}: CPU between slots (% of a core)", value=100 * cost.idle_cpu_share),
        BenchRow(what=f"{who}: import of the archive (s)", value=cost.import_s),
        BenchRow(what=f"{who}: start until it collects (s)", value=cost.start_s),
        BenchRow(what=f"{who}: slot until all is stored (s)", value=cost.cycle_s),
        BenchRow(what=f"{who}: lateness in the slot, p50 (s)", value=arrival.late_p50_s),
        BenchRow(what=f"{who}: lateness in the slot, p95 (s)", value=arrival.late_p95_s),
        BenchRow(what=f"{who}: rows stored, ledger included (1/s)", value=arrival.rows / cost.cycle_s),
        BenchRow(
            what=f"{who}: reads that brought nothing (%)",
            value=100 * (1 - arrival.readings / (len(GROUPS) * n)),
        ),
    ]


def _empty_cost() -> tuple[int, float]:
    """Return resident bytes and seconds of start of a collector that has nothing to do."""
    with bench_database() as url, running_collector(url, {}) as collector:
        time.sleep(LOOK_S)
        return resident_bytes(collector.pid), collector.start_s


def _fleet_cost(port: int, meters: int) -> FleetCost:
    """Let one collector read a fleet and measure its second whole slot: lines are open then, meters known."""
    period_s = next((p for p in PERIODS_S if meters * METER_ALLOWED_S <= p), PERIODS_S[-1])
    with bench_database() as url:
        began_s = time.monotonic()
        with connect(url) as connection:
            save_registry(connection, fleet_registry(meters, port, period_s))
        import_s = time.monotonic() - began_s
        with running_collector(url, {}) as collector, connect(url) as connection:
            pid = collector.pid
            slot_at = slot_start(utc_now(), period_s) + timedelta(seconds=2 * period_s)
            over_at = slot_at + timedelta(seconds=period_s) - EARLY
            _sleep_until(slot_at)
            began_cpu_s = process_cpu_s(pid)
            arrival = slot_arrival(connection, slot_at)
            while arrival.readings < len(GROUPS) * meters and utc_now() < over_at:
                time.sleep(LOOK_S)
                arrival = slot_arrival(connection, slot_at)
            stored_at, stored_cpu_s = utc_now(), process_cpu_s(pid)
            _sleep_until(over_at)
            idle_s = max(LOOK_S, (utc_now() - stored_at).total_seconds())
            idle_cpu_s = process_cpu_s(pid) - stored_cpu_s
            if not arrival.readings:
                raise NoAnswerError(f"{meters} meters: nothing was read in the slot of {slot_at:%H:%M:%S}")
            return FleetCost(
                meters=meters,
                import_s=import_s,
                start_s=collector.start_s,
                resident=resident_bytes(pid),
                cycle_cpu_s=stored_cpu_s - began_cpu_s,
                idle_cpu_share=idle_cpu_s / idle_s,
                cycle_s=(stored_at - slot_at).total_seconds(),
                arrival=arrival,
            )


def fleet_registry(meters: int, port: int, period_s: int) -> Registry:
    """Return an archive of so many meters, 32 a bus, each bus a connection of its own to ``port``."""
    ids = [MeterId(f"M{n:07d}") for n in range(meters)]
    return Registry(
        buses=[
            Bus(id=f"b{n:05d}", url=f"tcp://127.0.0.1:{port}") for n in range(-(-meters // METERS_OF_BUS))
        ],
        meters=[Meter(id=meter) for meter in ids],
        installations=[
            Installation(
                meter=meter, bus=f"b{n // METERS_OF_BUS:05d}", address=f"{n + 1:012d}", profile=PROFILE
            )
            for n, meter in enumerate(ids)
        ],
        schedules=[Schedule(group=group.value, every_s=period_s) for group in GROUPS],
    )


@contextmanager
def copied_meters() -> Iterator[int]:
    """Serve meters from a process of their own and give their port."""
    command = [sys.executable, "-m", "services.benchmarks.copied_meters"]
    serving = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own
    assert serving.stdin is not None and serving.stdout is not None  # noqa: S101, PT018 - both are pipes
    try:
        yield int(serving.stdout.readline())
    finally:
        serving.stdin.close()
        serving.wait(10)
        serving.stdout.close()


def _sleep_until(instant: datetime) -> None:
    time.sleep(max(0.0, (instant - utc_now()).total_seconds()))
