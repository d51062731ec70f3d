"""Remote reading (远程抄表): a slot now and backfill, by us or by the collector that owns the bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from collectors.bus import BusOwner
from collectors.scheduler import BusPlan
from pipeline.errors import BusBusyError, ConfigError
from pipeline.registry import Registry
from pipeline.timegrid import slot_start
from services.backfill import backfill
from services.bus_groups import BusGroup, grouped
from services.bus_leases import leased
from services.bus_reading import BusReading, Station, read_slots
from services.flow_settings import load_flow_settings
from services.read_requests import ask_owner
from services.settings import Settings, load_settings
from services.wiring import bus_plans, station_of, utc_now
from storage.database import connect
from storage.registry import load_registry

T = TypeVar("T")


def groups_of_buses(buses: Sequence[str] | None, size: int) -> list[BusGroup]:
    """Return the buses to read, in groups of at most ``size``; all of the archive's when none is named.

    Raises:
        ConfigError: If a named bus is not in the archive.
    """
    known = [bus.id for bus in archive(load_settings()).buses]
    unknown = sorted(set(buses or ()) - set(known))
    if unknown:
        raise ConfigError(f"no bus is called {', '.join(unknown)}; there are: {', '.join(known)}")
    return grouped(list(buses) if buses else known, load_flow_settings().bus_groups, size)


def read_buses(buses: Sequence[str], backfill_days: float) -> list[BusReading]:
    """Read what is due on these buses now, and fetch what is missing of the last ``backfill_days``.

    Raises:
        BusBusyError: If an owned bus is not served; what the other buses gave is stored before.
        StorageError: If the database is away at the start.
    """
    return asyncio.run(_read_buses(buses, backfill_days, load_settings()))


def totals(readings: Sequence[BusReading]) -> dict[str, int]:
    """Return the sums over all buses."""
    return {
        "buses": len(readings),
        "read": sum(reading.read for reading in readings),
        "missing": sum(reading.missing for reading in readings),
        "records": sum(reading.records for reading in readings),
        "failures": sum(reading.failures for reading in readings),
    }


async def _read_buses(buses: Sequence[str], backfill_days: float, settings: Settings) -> list[BusReading]:
    registry = await asyncio.to_thread(archive, settings)
    plans = [plan for plan in bus_plans(registry, settings, utc_now()) if plan.owner.bus.id in set(buses)]
    station = station_of(settings, registry)
    return await while_stored(station, _read_all(plans, backfill_days, station))


async def while_stored(station: Station, work: Coroutine[object, object, T]) -> T:
    """Do some reading while what it puts into the store is written.

    Raises:
        StorageError: If the writer ends first.
    """
    writing = asyncio.create_task(station.store.run())
    reading = asyncio.create_task(work)
    try:
        await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await writing  # it never ends by itself: this raises what ended it
        return reading.result()
    finally:
        reading.cancel()
        writing.cancel()
        await asyncio.gather(reading, writing, return_exceptions=True)


async def _read_all(plans: Sequence[BusPlan], backfill_days: float, station: Station) -> list[BusReading]:
    """Read every bus to its end and store what came before the first failure is told."""
    readings = await asyncio.gather(
        *(_read_bus(plan, backfill_days, station) for plan in plans), return_exceptions=True
    )
    await station.store.drain()
    for reading in readings:
        if isinstance(reading, BaseException):
            raise reading
    return [reading for reading in readings if not isinstance(reading, BaseException)]


async def _read_bus(plan: BusPlan, backfill_days: float, station: Station) -> BusReading:
    now = utc_now()
    since = now - timedelta(days=backfill_days)
    try:
        return await _read_ourselves(plan, since, now, station)
    except BusBusyError:
        return await ask_owner(station.database_url, plan.owner.bus.id, since, now)


async def _read_ourselves(plan: BusPlan, since: datetime, now: datetime, station: Station) -> BusReading:
    async with leased([plan.owner.bus.id]), owned(plan.owner):
        slots = {period_s: slot_start(now, period_s) for period_s in plan.periods_s}
        reading = await read_slots(plan.owner, plan.targets, slots, station.store.put)
        return reading + await backfill(plan, since, now, station)


@asynccontextmanager
async def owned(owner: BusOwner) -> AsyncIterator[None]:
    """Have the bus on this host while the block runs."""
    owner.acquire()
    try:
        yield
    finally:
        await owner.close()


def archive(settings: Settings) -> Registry:
    """Return the archive of meters.

    Raises:
        StorageError: If the database is away.
    """
    with connect(settings.require_database_url()) as connection:
        return load_registry(connection)
