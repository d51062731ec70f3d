"""Remote reading (远程抄表): a slot now and backfill, by us or by the collector that owns the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from collectors.scheduler import BusPlan
from pipeline.errors import BusBusyError, ConfigError
from pipeline.registry import Registry
from pipeline.timegrid import slot_start
from services.backfill import backfill
from services.bus_reading import BusReading, Station, read_slots
from services.read_requests import ask_owner
from services.settings import Settings, load_settings
from services.wiring import bus_groups, bus_plans, station_of, utc_now
from storage.database import connect
from storage.registry import load_registry


def groups_of_buses(buses: Sequence[str] | None, size: int) -> list[list[str]]:
    """Return the buses to read, in groups; all of the archive's when none is named.

    Raises:
        ConfigError: If a named bus is not in the archive.
    """
    known = [bus.id for bus in _registry(load_settings()).buses]
    unknown = sorted(set(buses or ()) - set(known))
    if unknown:
        raise ConfigError(f"no bus is called {', '.join(unknown)}; there are: {', '.join(known)}")
    return bus_groups(list(buses) if buses else known, size)


def read_buses(buses: Sequence[str], backfill_days: float) -> list[BusReading]:
    """Read what is due on these buses now, and fetch what is missing of the last ``backfill_days``."""
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
    registry = await asyncio.to_thread(_registry, settings)
    plans = [plan for plan in bus_plans(registry, settings, utc_now()) if plan.owner.bus.id in set(buses)]
    station = station_of(settings, registry)
    writing = asyncio.create_task(station.store.run())
    try:
        readings = await asyncio.gather(*(_read_bus(plan, backfill_days, station) for plan in plans))
        await station.store.drain()
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    return readings


async def _read_bus(plan: BusPlan, backfill_days: float, station: Station) -> BusReading:
    now = utc_now()
    since = now - timedelta(days=backfill_days)
    try:
        plan.owner.acquire()
    except BusBusyError:
        return await ask_owner(station.database_url, plan.owner.bus.id, since, now)
    try:
        slots = {period_s: slot_start(now, period_s) for period_s in plan.periods_s}
        reading = await read_slots(plan.owner, plan.targets, slots, station.store.put)
        return reading + await backfill(plan, since, now, station)
    finally:
        await plan.owner.close()


def _registry(settings: Settings) -> Registry:
    with connect(settings.require_database_url()) as connection:
        return load_registry(connection)
