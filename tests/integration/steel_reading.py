"""The meters of the steel plants on simulated lines, read as the product does it, in simulated time."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from collectors.scheduler import Scheduler
from pipeline.quantities import Quantity
from pipeline.registry import Registry
from services.bus_reading import keep_reads
from services.settings import Settings
from services.wiring import bus_plans, load_profiles, station_of
from simulators.dlt645_meter import Dlt645Meter
from simulators.line import NO_FAULTS, LineFaults, LineServer, Slave, serve_line
from simulators.modbus_meter import ModbusMeter
from simulators.physics.model import MeterConfig, MeterModel, feeder_for
from tests.integration.steel_plants import CT, DAYS, QUARTER, RS485, SLOTS_A_DAY, WIRING, Plant

NOISE = LineFaults(
    drop=0.0006, corrupt=0.0006, truncate=0.0006, noise=0.02, split=0.02, echo=0.01, delay=0.0006,
    hang_up=0.001, duplicate=0.005, delay_s=0.2,
)  # fmt: skip
SHOWN_KWH = 41_253.17
"""What every meter shows at the start of the curve."""
READ_AFTER_S = (0.5, 2.5)
"""A scheduled read comes so long after its slot's beginning."""


class Clock:
    """The time of the simulated world, for its meters and for those who read them."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class Forgetful:
    """What a meter shows, but for the instants of which its memory has lost the records."""

    def __init__(self, model: MeterModel, plant: Plant) -> None:
        self._model, self._plant = model, plant

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        return {} if self._plant.is_unread(instant) else self._model.read(instant)


class Mute:
    """A meter on the wire that at times does not answer."""

    def __init__(self, slave: Slave, plant: Plant, clock: Clock) -> None:
        self._slave, self._plant, self._clock = slave, plant, clock

    def receive(self, data: bytes) -> bytes:
        answer = self._slave.receive(data)
        return b"" if self._plant.is_silent(self._clock()) else answer


@contextmanager
def served(plants: Sequence[Plant], clock: Clock) -> Iterator[dict[str, LineServer]]:
    """Serve the meters, each bus on a port of its own, from a thread beside those who read them."""
    opened: Future[dict[str, LineServer]] = Future()
    loop, done = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=[_serve(plants, clock, opened, done)], name="simulated lines"
    )
    thread.start()
    try:
        yield opened.result()
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


async def _serve(
    plants: Sequence[Plant], clock: Clock, opened: Future[dict[str, LineServer]], done: asyncio.Event
) -> None:
    slaves: dict[str, list[Slave]] = defaultdict(list)
    for plant in plants:
        slaves[plant.bus].append(_slave(plant, clock))
    lines: dict[str, LineServer] = {}
    try:
        for seed, bus in enumerate(slaves):
            faults = NOISE if bus == RS485 else NO_FAULTS
            lines[bus] = await serve_line(slaves[bus], host="127.0.0.1", faults=faults, seed=seed)
        opened.set_result(lines)
        await done.wait()
    except OSError as error:
        opened.set_exception(error)
    finally:
        for line in lines.values():
            await line.close()
        await asyncio.sleep(0)


def _slave(plant: Plant, clock: Clock) -> Slave:
    shown_kwh = SHOWN_KWH / (1.0 if plant.bus == RS485 else CT)
    config = MeterConfig(id=plant.meter, wiring=WIRING, ct=CT, base_kwh=shown_kwh)
    config = replace(config, feeder=feeder_for(plant.curve, config, drop_pu=0.02))
    model = MeterModel(config, plant.curve)
    if plant.bus != RS485:
        profile = load_profiles()[plant.profile]
        meter = ModbusMeter(int(plant.address), profile, model, clock, ct=CT)
        return Mute(meter, plant, clock)
    return Dlt645Meter(
        plant.address,
        Forgetful(model, plant),
        clock,
        wiring=WIRING,
        memory_from=plant.curve.starts_at,
    )


async def poll(registry: Registry, plants: Sequence[Plant], settings: Settings, clock: Clock) -> None:
    """Read the Modbus plants slot by slot; they have no memory, so a slot that is not polled is lost."""
    first, jitter = clock(), Random(20180301)  # noqa: S311 - a delay, no secret
    plans = {plan.owner.bus.id: plan for plan in bus_plans(registry, settings, first)}
    station = station_of(settings, registry)
    schedulers = [
        (plant, Scheduler([plans[plant.bus]], now=clock, on_result=keep_reads(station.store.put)))
        for plant in plants
    ]
    writing = asyncio.create_task(station.store.run())
    try:
        for number in range(DAYS * SLOTS_A_DAY + 1):
            slot_at = first + number * QUARTER
            clock.at = slot_at + timedelta(seconds=jitter.uniform(*READ_AFTER_S))
            polled = [scheduler for plant, scheduler in schedulers if not plant.is_unread(slot_at)]
            await asyncio.gather(*(scheduler.run_slot(slot_at) for scheduler in polled))
        await station.store.drain()
    finally:
        for _, scheduler in schedulers:
            await scheduler.close()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
