"""Joins the archive to the drivers: which meter is asked how, on which bus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from collectors.bus import BusOwner
from collectors.bus_claim import NO_LEASE, Lease
from collectors.scheduler import BusPlan
from collectors.spool_files import open_spool
from collectors.targets import Target
from pipeline.errors import ConfigError
from pipeline.registry import DEFAULT_ZONE, Installation, Meter, Registry, Schedule, Wiring
from pipeline.shown_ratings import as_shown
from protocols.modbus.driver import framing_of, with_framing
from protocols.profile import Profile, Side, parse_profile
from protocols.session import Driver, drivers
from services.bus_reading import Station
from services.entry import OnStored
from services.landing import Landing
from services.last_known import LastKnown
from services.own_buses import is_meant
from services.settings import Settings
from services.store import Store
from storage.database import describe_url, require_compiled_driver


@cache
def load_profiles(extra: Path | None = None) -> Mapping[str, Profile]:
    """Return every meter profile by name: the package's own and those in the folder ``extra``.

    Raises:
        ConfigError: If a profile is wrong, two share a name, or the folder cannot be read.
    """
    try:
        return _read_profiles(extra)
    except OSError as error:
        raise ConfigError(
            f"KILOWATCH_PROFILE_DIR={extra}: {error.strerror}; name a folder of profiles"
        ) from error


def _read_profiles(extra: Path | None) -> Mapping[str, Profile]:
    found: dict[str, Profile] = {}
    folders = [files("protocols") / "profiles", *([extra] if extra is not None else [])]
    for folder in folders:
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            name = entry.name.removesuffix(".toml")
            if name == entry.name:
                continue
            if name in found:
                raise ConfigError(f"two profiles are called {name!r}: rename {entry}")
            found[name] = parse_profile(entry.read_text(encoding="utf-8"), name)
    return found


def profile_of(installation: Installation, profiles: Mapping[str, Profile]) -> Profile:
    """Return the profile of an installed meter.

    Raises:
        ConfigError: If the archive names none, or one that does not exist.
    """
    profile = profiles.get(installation.profile or "")
    if profile is None:
        raise ConfigError(
            f"meter {installation.meter}: profile {installation.profile!r} is not known; "
            f"there are: {', '.join(sorted(profiles))}"
        )
    return profile


def driver_of(meter: Meter, profile: Profile) -> Driver:
    """Return the driver that speaks to this meter; meters alike share one, and what it has worked out."""
    return _driver(profile, meter.wiring, meter.zone)


@lru_cache(maxsize=256)
def _driver(profile: Profile, wiring: Wiring, zone: ZoneInfo) -> Driver:
    return drivers.get(profile.protocol)(profile, wiring, zone)


def bus_plans(
    registry: Registry,
    settings: Settings,
    now: datetime,
    lease: Lease = NO_LEASE,
    only: str | None = None,
) -> list[BusPlan]:
    """Return the buses of the archive with their meters at ``now``; nothing is opened yet.

    ``lease`` tells which of them another host's process owns; ``only`` has patterns of the buses wanted.

    Raises:
        ConfigError: If a meter names an unknown profile or bus, a bus's URL names no line, or none is wanted.
    """
    profiles = load_profiles(settings.profile_dir)
    targets = _targets_by_bus(registry, profiles, now)
    known = {bus.id for bus in registry.buses}
    for bus in sorted(targets.keys() - known):
        raise ConfigError(f"meter {targets[bus][0].meter}: its bus {bus!r} is not in the archive")
    meant = [bus for bus in registry.buses if is_meant(bus.id, only)]
    if registry.buses and not meant:
        raise ConfigError(
            f"KILOWATCH_BUSES={only}: fits none of the {len(registry.buses)} buses of the archive, of which "
            f"{registry.buses[0].id!r} is the first; write patterns such as north-*,east-1?"
        )
    return [
        BusPlan(
            owner=BusOwner(
                bus,
                now=utc_now,
                lock_dir=settings.lock_dir,
                lease=lease,
                addresses=[target.address for target in targets.get(bus.id, [])],
            ),
            targets=targets.get(bus.id, []),
        )
        for bus in meant
    ]


def landing_of(settings: Settings, on_stored: OnStored | None = None) -> Landing:
    """Return where a collector's readings are kept; what its last run left in the spool goes first.

    Raises:
        ConfigError: If no database is named, or its driver is the slow one.
        StorageError: If the spool cannot be used.
    """
    require_compiled_driver()
    url = settings.require_database_url()
    most_bytes = settings.spool_max_mb * 1_000_000
    spool = open_spool(settings.spool_dir, describe_url(url), most_bytes) if most_bytes else None
    return Landing(url, on_stored, spool=spool, keeps_raw=settings.keep_raw_frames)


def last_known_of(settings: Settings) -> LastKnown:
    """Return what this host remembers of the database, beside its spool.

    Raises:
        ConfigError: If no database is named.
    """
    return LastKnown(settings.spool_dir, describe_url(settings.require_database_url()))


def station_of(settings: Settings, registry: Registry, landing: Landing | None = None) -> Station:
    """Return what reading needs beside the buses; the writer is not yet running.

    Raises:
        ConfigError: If a meter that is installed now has an unknown profile.
    """
    profiles = load_profiles(settings.profile_dir)
    url = settings.require_database_url()
    return Station(
        database_url=url,
        profiles={i.meter: profile_of(i, profiles) for i in registry.installed_at(utc_now()) if i.profile},
        store=Store(url, as_shown(registry, primary_profiles(settings)), landing=landing),
    )


def zone_of(plan: BusPlan, registry: Registry) -> ZoneInfo:
    """Return the clock zone of a bus: that of its meters, which stand in one place."""
    meters = [registry.meter_by_id[target.meter] for target in plan.targets]
    return meters[0].zone if meters else DEFAULT_ZONE


def utc_now() -> datetime:
    """Return the server's time: the clock that is handed to the collectors."""
    return datetime.now(UTC)


def target_of(
    meter: Meter, address: str, profile: Profile, bus_url: str, schedules: Sequence[Schedule] = ()
) -> Target:
    """Return a meter as a bus owner sees it.

    Raises:
        ConfigError: If the bus's URL names a framing that does not exist.
    """
    framing = framing_of(bus_url) if profile.family == "modbus" else None
    if framing is not None:
        profile = with_framing(profile, framing)
    return Target(
        meter=meter.id,
        address=address,
        driver=driver_of(meter, profile),
        quantities=profile.quantities,
        schedules=tuple(schedules),
        linger=profile.options.get("framing") == "rtu",
        pauses=profile.pauses,
    )


def _targets_by_bus(
    registry: Registry, profiles: Mapping[str, Profile], now: datetime
) -> dict[str, list[Target]]:
    found: dict[str, list[Target]] = defaultdict(list)
    urls = {bus.id: bus.url for bus in registry.buses}
    for installation in registry.installed_at(now):
        if installation.bus is None or installation.address is None:
            continue
        meter = registry.meter_by_id[installation.meter]
        profile = profile_of(installation, profiles)
        given = {quantity.group.value for quantity in profile.quantities}
        schedules = [schedule for schedule in registry.bus_schedules if schedule.group in given]
        url = urls.get(installation.bus, "")
        found[installation.bus].append(target_of(meter, installation.address, profile, url, schedules))
    return dict(found)


def primary_profiles(settings: Settings) -> frozenset[str]:
    """Return the profiles whose values are primary ones already, so that no ratio is applied to them."""
    return frozenset(
        name for name, profile in load_profiles(settings.profile_dir).items() if profile.side is Side.PRIMARY
    )


def bus_groups(buses: Sequence[str], size: int) -> list[list[str]]:
    """Split bus ids into groups of at most ``size``: one task of a flow reads one group."""
    return [list(buses[start : start + size]) for start in range(0, len(buses), size)]
