"""Reads some meters at once because somebody asks (随抄): by us, or by the owners of their buses."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from collectors.bus import BusOwner
from collectors.targets import Target
from pipeline.errors import BusBusyError, ConfigError, KilowatchError
from pipeline.model import MeterId
from services.bus_groups import BusGroup, grouped
from services.bus_leases import leased
from services.bus_reading import Station, read_now
from services.flow_settings import load_flow_settings
from services.present_reading import PresentReading, as_json, present_reading
from services.read_requests import ask_owner_to_read
from services.remote_reading import archive, owned, while_stored
from services.settings import Settings, load_settings
from services.wiring import bus_plans, station_of, utc_now
from storage.asked_readings import add_results
from storage.database import connect

NO_BUS = "it has no bus: it tells its values by itself (MQTT)"


def groups_of_meters(meters: Sequence[str], buses_per_task: int) -> list[BusGroup]:
    """Return the buses that these meters are on, in groups.

    Raises:
        ConfigError: If a meter is not in the archive.
        StorageError: If the database is away.
    """
    registry = archive(load_settings())
    unknown = sorted(set(meters) - {str(meter) for meter in registry.meter_by_id})
    if unknown:
        raise ConfigError(f"no meter is called {', '.join(unknown)}; `kilowatch registry export` lists them")
    wanted = set(meters)
    buses = {i.bus for i in registry.installed_at(utc_now()) if i.meter in wanted and i.bus is not None}
    return grouped(sorted(buses), load_flow_settings().bus_groups, buses_per_task)


def read_meters(buses: Sequence[str], meters: Sequence[str]) -> list[PresentReading]:
    """Read those of the meters that are on these buses; a meter that is silent costs no other one.

    Raises:
        StorageError: If the database is away.
    """
    return asyncio.run(_read_meters(set(buses), set(meters), load_settings()))


def keep_results(asked_id: int, meters: Sequence[str], readings: Sequence[PresentReading]) -> None:
    """Keep what meters said beside the wish for it; of a meter without a bus, that it has none.

    Raises:
        StorageError: If the database is away.
    """
    told = {str(reading.meter): as_json(reading) for reading in readings}
    lacking = {meter: as_json(_silent(MeterId(meter), NO_BUS)) for meter in meters if meter not in told}
    with connect(load_settings().require_database_url()) as connection:
        add_results(connection, asked_id, lacking | told)


def as_table(readings: Sequence[PresentReading]) -> list[dict[str, object]]:
    """Return a line a meter for people."""
    return [
        {
            "meter": str(reading.meter),
            "taken at": None if reading.snapshot is None else reading.snapshot.taken_at.isoformat(),
            "values": 0 if reading.snapshot is None else len(reading.snapshot.values),
            "missing": reading.failure,
        }
        for reading in readings
    ]


async def _read_meters(buses: set[str], meters: set[str], settings: Settings) -> list[PresentReading]:
    registry = await asyncio.to_thread(archive, settings)
    wanted: dict[str, list[Target]] = defaultdict(list)
    owners: dict[str, BusOwner] = {}
    for plan in bus_plans(registry, settings, utc_now()):
        bus = plan.owner.bus.id
        if bus in buses:
            owners[bus] = plan.owner
            wanted[bus] = [target for target in plan.targets if target.meter in meters]
    station = station_of(settings, registry)

    async def read() -> list[PresentReading]:
        by_bus = await asyncio.gather(
            *(_read_bus(owners[bus], targets, station) for bus, targets in wanted.items())
        )
        await station.store.drain()
        return [reading for of_bus in by_bus for reading in of_bus]

    return await while_stored(station, read())


async def _read_bus(owner: BusOwner, targets: Sequence[Target], station: Station) -> list[PresentReading]:
    try:
        async with leased([owner.bus.id]), owned(owner):
            return [present_reading(read) for read in await read_now(owner, targets, station.store.put)]
    except BusBusyError:
        return await asyncio.gather(*(_ask(owner, target, station) for target in targets))
    except KilowatchError as error:
        return [_silent(target.meter, str(error)) for target in targets]


async def _ask(owner: BusOwner, target: Target, station: Station) -> PresentReading:
    try:
        return await ask_owner_to_read(station.database_url, owner.bus.id, target.meter, ())
    except BusBusyError as error:
        return _silent(target.meter, str(error))


def _silent(meter: MeterId, why: str) -> PresentReading:
    return PresentReading(meter=meter, snapshot=None, failure=why, deviations=())
