"""What a meter that speaks DL/T 645, of 2007 or 1997, can be asked, for the collectors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.planner import (
    NEWEST_FREEZE,
    freeze_queries,
    load_record_queries,
    parts_of,
    present_queries,
)
from protocols.dlt645.records import CLASSES
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.version import VERSION_1997, VERSION_2007, Version
from protocols.profile import Profile
from protocols.session import Query, drivers

FREEZE_ITEMS = range(1, 0x0B)
"""II of a freeze identifier: energies 01 to 08, maximum demands 09 and 0A."""

REFUSALS_ENOUGH = 3
"""So many refused times, and a class of load records is not asked again."""


class Dlt645Driver:
    """One meter model on one wiring, its clock in one zone."""

    version: Version = VERSION_2007

    def __init__(self, profile: Profile, wiring: Wiring, zone: ZoneInfo) -> None:
        """Check the profile's options.

        Raises:
            ConfigError: If an option has an unknown name or a class or item that does not exist.
        """
        self._profile = profile
        self._zone = zone
        self._wiring = wiring
        self._decoder = Decoder(wiring, zone)
        self._load_classes = _option(profile, "load_record_classes", (4, 1, 2), CLASSES)
        self._freeze_items = _option(profile, "daily_freeze_items", (1, 2), FREEZE_ITEMS)

    def session(self, address: str) -> Dlt645Session:
        """Return a fresh conversation with the meter at ``address``.

        Raises:
            ConfigError: If ``address`` is not up to twelve digits (AA pairs stand for any).
        """
        try:
            return Dlt645Session(address, self._decoder, self.version)
        except ValueError as error:
            raise ConfigError(f"{error}; write what is printed on the meter") from error

    def plan(self, wanted: Collection[Quantity], refused: Collection[str] = ()) -> Sequence[Query]:
        """Return the fewest questions that bring ``wanted``, avoiding those this meter has refused."""
        given = self._profile.quantities
        asked = [quantity for quantity in parts_of(wanted) if not given or quantity in given]
        return present_queries(asked, self._wiring, refused, self.version)

    def backfill_plan(
        self, starts_at: datetime, ends_at: datetime, refused: Collection[str] = ()
    ) -> Sequence[Query]:
        """Return the questions that fetch daily freezes and load records stored in ``[starts_at, ends_at)``.

        A freeze at a local midnight closes the day before; it belongs to the gap that holds that instant.
        """
        profile = self._profile
        queries: list[Query] = []
        if profile.daily_freeze_days and NEWEST_FREEZE.what not in refused:
            queries += freeze_queries(
                starts_at, ends_at, self._freeze_items, self._zone, profile.daily_freeze_days
            )
        for load_class in self._load_classes if profile.load_record_minutes else ():
            if not _is_given_up(load_class, refused):
                queries += load_record_queries(
                    starts_at,
                    ends_at,
                    minutes=profile.load_record_minutes or 0,
                    load_class=load_class,
                    zone=self._zone,
                )
        return [query for query in queries if query.what not in refused]


class Dlt645Driver1997(Dlt645Driver):
    """A meter of the edition of 1997: present values and the clock; it keeps no load records or freezes."""

    version = VERSION_1997


def _is_given_up(load_class: int, refused: Collection[str]) -> bool:
    """Tell whether a meter refuses a whole class.

    A conforming meter answers a time for which it stores nothing with an empty answer; some refuse it, so one
    refusal is not enough.
    """
    stem = f"06{load_class:02X}0001 "
    return sum(what.startswith(stem) for what in refused) >= REFUSALS_ENOUGH


def _option(profile: Profile, name: str, default: Sequence[int], allowed: Collection[int]) -> Sequence[int]:
    unknown = set(profile.options) - {"load_record_classes", "daily_freeze_items"}
    if unknown:
        raise ConfigError(f"profile {profile.name}: unknown options {sorted(unknown)}")
    chosen = profile.options.get(name, default)
    if not isinstance(chosen, list | tuple) or not set(chosen) <= set(allowed):
        raise ConfigError(f"profile {profile.name}: {name} is {chosen!r}, allowed are {sorted(allowed)}")
    return tuple(chosen)


drivers.register("dlt645-2007")(Dlt645Driver)
drivers.register("dlt645-1997")(Dlt645Driver1997)
