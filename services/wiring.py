"""Joins the archive to the drivers: which meter is asked how, on which bus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from collectors.targets import Target
from pipeline.errors import ConfigError
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import Installation, Meter, Registry
from protocols.profile import Profile, Side, parse_profile
from protocols.session import Driver, drivers


@cache
def load_profiles(extra: Path | None = None) -> Mapping[str, Profile]:
    """Return every meter profile by name: the package's own and those in the folder ``extra``.

    Raises:
        ConfigError: If a profile is wrong or two share a name.
    """
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
    """Return the driver that speaks to this meter."""
    return drivers.get(profile.protocol)(profile, meter.wiring, meter.zone)


def targets_by_bus(
    registry: Registry, profiles: Mapping[str, Profile], groups: frozenset[Group], now: datetime
) -> dict[str, list[Target]]:
    """Return what each bus has to ask at ``now``: every installed meter that has a bus and an address.

    Raises:
        ConfigError: If a meter names an unknown profile.
    """
    found: dict[str, list[Target]] = defaultdict(list)
    for installation in registry.installed_at(now):
        if installation.bus is None or installation.address is None:
            continue
        meter = registry.meter_by_id[installation.meter]
        profile = profile_of(installation, profiles)
        found[installation.bus].append(
            Target(
                meter=meter.id,
                address=installation.address,
                driver=driver_of(meter, profile),
                wanted=frozenset(q for q in profile.quantities if q.group in groups),
            )
        )
    return dict(found)


def primary_side_meters(registry: Registry, profiles: Mapping[str, Profile]) -> frozenset[MeterId]:
    """Return the meters that already report primary values, so that no ratio is applied to them."""
    return frozenset(
        i.meter
        for i in registry.installations
        if i.profile in profiles and profiles[i.profile].side is Side.PRIMARY
    )


def bus_groups(buses: Sequence[str], size: int) -> list[list[str]]:
    """Split bus ids into groups of at most ``size``: one task of a flow reads one group."""
    return [list(buses[start : start + size]) for start in range(0, len(buses), size)]
