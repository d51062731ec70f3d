"""What a SunSpec device can be asked: one question that finds its meter and reads it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.modbus.driver import unit_of
from protocols.modbus.framing import Framing
from protocols.modbus.sunspec.models import catalogue
from protocols.modbus.sunspec.session import QUESTION, SunSpecSession, meter_query
from protocols.modbus.sunspec.walk import BASES
from protocols.profile import Profile
from protocols.session import Query, drivers

METERS_MOST = 16
_OPTIONS: Mapping[str, object] = {
    "framing": Framing.SOCKET.value,
    "bases": list(BASES),
    "meter": 1,
    "reversed_power": False,
}


class SunSpecDriver:
    """The meter models of SunSpec; the device says which of them it has, and so its wiring."""

    def __init__(self, profile: Profile) -> None:
        """Check the profile.

        Raises:
            ConfigError: If it has an option that SunSpec does not know, or one out of its range.
        """
        self._options = _checked_options(profile)
        self._framing = Framing(self._options["framing"])
        unknown = sorted(profile.quantities - catalogue().quantities)
        if unknown:
            raise ConfigError(f"profile {profile.name}: no SunSpec meter model has {', '.join(unknown)}")
        self._quantities = profile.quantities
        self._query = meter_query(self._framing)

    def session(self, address: str) -> SunSpecSession:
        """Return a fresh conversation with the device at unit ``address``.

        Raises:
            ConfigError: If ``address`` is not a number from 1 to 247.
        """
        return SunSpecSession(
            unit_of(address),
            self._framing,
            bases=self._options["bases"],
            wanted=self._options["meter"],
            reversed_power=self._options["reversed_power"],
        )

    def plan(self, wanted: Collection[Quantity], refused: Collection[str] = ()) -> Sequence[Query]:
        """Return the one question that brings everything the meter has."""
        return () if QUESTION in refused or not self._quantities.intersection(wanted) else (self._query,)

    def backfill_plan(
        self,
        starts_at: datetime,  # noqa: ARG002 - the shape of every driver
        ends_at: datetime,  # noqa: ARG002 - the shape of every driver
        refused: Collection[str] = (),  # noqa: ARG002 - the shape of every driver
    ) -> Sequence[Query]:
        """Return nothing: the meter models hold present values only."""
        return ()


@drivers.register("modbus-sunspec")
def sunspec_driver(profile: Profile, wiring: Wiring, zone: ZoneInfo) -> SunSpecDriver:  # noqa: ARG001 - no clock is read, and the device tells its wiring
    """Make the driver of a profile with ``protocol = "modbus-sunspec"``.

    Raises:
        ConfigError: If the profile's options are wrong.
    """
    return SunSpecDriver(profile)


def _checked_options(profile: Profile) -> Mapping[str, Any]:  # Any: straight from TOML, checked here
    options = {**_OPTIONS, **profile.options}
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise ConfigError(f"profile {profile.name}: unknown options {unknown}")
    bases, meter = options["bases"], options["meter"]
    if not isinstance(bases, list) or not bases or not all(_is_whole(base, 0, 0xFFFE) for base in bases):
        raise ConfigError(
            f"profile {profile.name}: bases is a list of registers such as [40000], not {bases!r}"
        )
    if not _is_whole(meter, 1, METERS_MOST):
        raise ConfigError(f"profile {profile.name}: meter is 1 to {METERS_MOST}, not {meter!r}")
    if not isinstance(options["reversed_power"], bool):
        raise ConfigError(f"profile {profile.name}: reversed_power is true or false")
    if options["framing"] not in [framing.value for framing in Framing]:
        raise ConfigError(f"profile {profile.name}: framing is 'socket' or 'rtu', not {options['framing']!r}")
    return options


def _is_whole(number: object, low: int, high: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and low <= number <= high
