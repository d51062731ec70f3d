"""Tells whether the supply behind a meter may be taken away (保电), by the setting and by the archive."""

from __future__ import annotations

from protocols.dlt645.frame import padded_address
from services.control_settings import ControlSettings
from services.ordered_meter import OrderedMeter
from services.settings import PREFIX, load_settings
from services.shown_values import shown_time
from services.wiring import load_profiles, utc_now
from storage.database import connect
from storage.protected_supply import ProtectedMeter, protected_meters

FAMILY = "dlt645"
"""Of profiles whose addresses an order may name; those of others are numbers of their own."""


def protection_of(meter: OrderedMeter, settings: ControlSettings) -> str | None:
    """Return why the supply behind a meter stays on; None if it may be taken away.

    A meter of the archive is known by its address alone: one line has many URLs.

    Raises:
        StorageError: If a database is set, which says whose supply is protected, and is away.
    """
    if meter.address in settings.protected_meters:
        return f"{PREFIX}PROTECTED_METERS names it"
    site = load_settings()
    if site.database_url is None:
        return None
    with connect(site.require_database_url()) as connection:
        filed = protected_meters(connection, now=utc_now())
    found = next((each for each in filed if _is_at(each, meter.address)), None)
    if found is None:
        return None
    until = "" if found.ends_at is None else f" until {shown_time(found.ends_at, meter.zone)}"
    reason = f": {found.reason}" if found.reason else ""
    here, there = found.service_point, found.protects
    whose = f"its service point {here}" if here == there else f"{there}, which its service point {here} feeds"
    return f"the archive protects the supply of {whose}{until}{reason}"


def _is_at(filed: ProtectedMeter, address: str) -> bool:
    if filed.address is None or padded_address(filed.address) != address:
        return False
    profile = load_profiles(load_settings().profile_dir).get(filed.profile or "")
    return profile is None or profile.family == FAMILY
