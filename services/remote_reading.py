"""Remote reading (远程抄表): a slot now and backfill, by us or by the collector that owns the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from collectors.scheduler import BusPlan
from pipeline.errors import BusBusyError, ConfigError
from pipeline.registry import Registry
from pipeline.timegrid import slot_start
from services.bus_reading import BusReading, backfill, read_slots
from services.gaps import gaps_of
from services.read_requests import ask_owner
from services.settings import Settings, load_settings
from services.store import Store
from services.wiring import bus_groups, bus_plans
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
    now = datetime.now(UTC)
    plans = [plan for plan in bus_plans(registry, settings, now) if plan.owner.bus.id in set(buses)]
    store = Store(settings.require_database_url(), registry)
    writing = asyncio.create_task(store.run())
    try:
        readings = await asyncio.gather(*(_read_bus(plan, backfill_days, settings, store) for plan in plans))
        await store.drain()
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    return readings


async def _read_bus(plan: BusPlan, backfill_days: float, settings: Settings, store: Store) -> BusReading:
    now = datetime.now(UTC)
    since = now - timedelta(days=backfill_days)
    try:
        plan.owner.acquire()
    except BusBusyError:
        return await ask_owner(settings, plan.owner.bus.id, since, now)
    try:
        return await read_and_backfill(plan, since, now, settings, store)
    finally:
        await plan.owner.close()


async def read_and_backfill(
    plan: BusPlan, since: datetime, now: datetime, settings: Settings, store: Store
) -> BusReading:
    """Read the present slot of every period on a bus that we own, then fetch the gaps since ``since``."""
    slots = {period_s: slot_start(now, period_s) for period_s in plan.periods_s}
    reading = await read_slots(plan.owner, plan.targets, slots, store.put)
    return reading + await fetch_gaps(plan, since, now, settings, store)


async def fetch_gaps(
    plan: BusPlan, since: datetime, until: datetime, settings: Settings, store: Store
) -> BusReading:
    """Fetch what the database misses of ``[since, until)`` and the meters of a bus hold."""
    meters = [target.meter for target in plan.targets]
    gaps = await asyncio.to_thread(gaps_of, settings.require_database_url(), meters, since, until)
    return await backfill(plan.owner, plan.targets, gaps, store.put)


def _registry(settings: Settings) -> Registry:
    with connect(settings.require_database_url()) as connection:
        return load_registry(connection)
