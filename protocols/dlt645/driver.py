"""What a meter that speaks DL/T 645, of 2007 or 1997, can be asked, for the collectors."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.errors import ConfigError
from pipeline.model import Origin
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from pipeline.timegrid import local_day, local_days
from protocols.dlt645.catalogue import lookup
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.identifier_files import rows
from protocols.dlt645.memory_planner import (
    NEWEST_FREEZE,
    freeze_queries,
    load_record_queries,
    month_of_1997,
    month_queries,
    settlement_queries,
)
from protocols.dlt645.planner import combined_queries, parts_of, present_queries
from protocols.dlt645.records import CLASSES
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.settlement import Day, parse_day, settlements_between
from protocols.dlt645.values import Format, Kind, parse_format
from protocols.dlt645.version import VERSION_1997, VERSION_2007, Version
from protocols.kept_plans import KeptPlans
from protocols.profile import Profile
from protocols.session import Query, drivers

FREEZE_ITEMS = range(1, 0x0B)
"""II of a freeze identifier: energies 01 to 08, maximum demands 09 and 0A."""

_OPTIONS = {"load_record_classes", "daily_freeze_items", "settlement_items", "settlement_days", "formats"}
_SIX_HEX = re.compile("[0-9A-Fa-f]{6}")
_PRESENT_1997 = re.compile("[0-9A-Fa-f][0-3][0-9A-Fa-f]{2}")
"""DI1 DI0 of 1997 with no month in bits 3 and 2."""
REFUSALS_ENOUGH = 3
"""So many refused times, and a class of load records is not asked again."""


class Dlt645Driver:
    """One meter model on one wiring, its clock in one zone."""

    version: Version = VERSION_2007
    past_periods = staticmethod(settlement_queries)

    def __init__(self, profile: Profile, wiring: Wiring, zone: ZoneInfo) -> None:
        """Check the profile's options.

        Raises:
            ConfigError: If an option has an unknown name, or a class, item or format that does not exist, or
                the profile wants what meters of this edition do not keep.
        """
        unknown = set(profile.options) - _OPTIONS
        if unknown:
            raise ConfigError(f"profile {profile.name}: unknown options {sorted(unknown)}")
        self._profile = profile
        self.zone = zone
        """Of the meter's clock."""
        self._wiring = wiring
        self._decoder = Decoder(wiring, zone, _formats(profile, self.version))
        self._load_classes = _option(profile, "load_record_classes", (4, 1, 2), CLASSES)
        self._freeze_items = _option(profile, "daily_freeze_items", (1, 2), FREEZE_ITEMS)
        self._settlement_items = _settlement_items(profile, self.version)
        self._settlement_days = _settlement_days(profile)
        self._plans = KeptPlans(self._plan)

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
        return self._plans.plan(wanted, refused)

    def _plan(self, wanted: frozenset[Quantity], refused: frozenset[str]) -> Sequence[Query]:
        given = self._profile.quantities
        asked = [quantity for quantity in parts_of(wanted) if not given or quantity in given]
        questions = present_queries(asked, self._wiring, refused, self.version)
        return (*questions, *combined_queries(wanted, questions, refused, self.version))

    def backfill_plan(
        self, starts_at: datetime, ends_at: datetime, refused: Collection[str] = ()
    ) -> Sequence[Query]:
        """Return the questions that fetch freezes, load records and settlements of ``[starts_at, ends_at)``.

        A freeze at a local midnight closes the day before; it belongs to the gap that holds that instant.
        """
        profile = self._profile
        queries: list[Query] = []
        if profile.daily_freeze_days and NEWEST_FREEZE.what not in refused:
            queries += freeze_queries(
                starts_at, ends_at, self._freeze_items, self.zone, profile.daily_freeze_days
            )
        queries += self.past_periods(
            starts_at,
            ends_at,
            items=self._settlement_items,
            days=self._settlement_days,
            zone=self.zone,
            refused=refused,
        )
        for load_class in self._load_classes if profile.load_record_minutes else ():
            if not _is_given_up(load_class, refused):
                queries += load_record_queries(
                    starts_at,
                    ends_at,
                    minutes=profile.load_record_minutes or 0,
                    load_class=load_class,
                    zone=self.zone,
                )
        return [query for query in queries if query.what not in refused]

    def kept_instants(self, starts_at: datetime, ends_at: datetime) -> Mapping[Origin, Sequence[datetime]]:
        """Return the local midnights and settlement instants in ``[starts_at, ends_at)`` that are kept.

        The days of settlement are those that the profile expects; the meter's own may be others.
        """
        days = self._profile.daily_freeze_days
        begins = [local_day(day, self.zone)[0] for day in local_days(starts_at, ends_at, self.zone)]
        midnights = [begin for begin in begins if starts_at <= begin < ends_at]
        settled = self._settlement_days if self._settlement_items else ()
        return {
            Origin.DAILY_FREEZE: midnights[-days:] if days else (),
            Origin.SETTLEMENT_FREEZE: settlements_between(starts_at, ends_at, settled, self.zone)[::-1],
        }


class Dlt645Driver1997(Dlt645Driver):
    """A meter of the edition of 1997: present values, the clock, two past months; no other memory."""

    version = VERSION_1997
    past_periods = staticmethod(month_queries)

    def __init__(self, profile: Profile, wiring: Wiring, zone: ZoneInfo) -> None:
        """Check the profile's options, and that it wants nothing out of a memory."""
        super().__init__(profile, wiring, zone)
        if profile.load_record_minutes or profile.daily_freeze_days:
            raise ConfigError(
                f"profile {profile.name}: a meter of 1997 is not asked for load records or daily freezes; "
                "leave them out"
            )


def _is_given_up(load_class: int, refused: Collection[str]) -> bool:
    """Tell whether a meter refuses a whole class.

    A conforming meter answers a time for which it stores nothing with an empty answer; some refuse it, so one
    refusal is not enough.
    """
    stem = f"06{load_class:02X}0001 "
    return sum(what.startswith(stem) for what in refused) >= REFUSALS_ENOUGH


def _option(profile: Profile, name: str, default: Sequence[int], allowed: Collection[int]) -> Sequence[int]:
    chosen = profile.options.get(name, default)
    if not isinstance(chosen, list | tuple) or not set(chosen) <= set(allowed):
        raise ConfigError(f"profile {profile.name}: {name} is {chosen!r}, allowed are {sorted(allowed)}")
    return tuple(chosen)


def _settlement_items(profile: Profile, version: Version) -> Sequence[bytes]:
    """Return which registers of past periods to fetch, in wire order: code 00, in 1997 the present ones."""
    of_1997 = version is VERSION_1997
    form = _PRESENT_1997 if of_1997 else _SIX_HEX
    wires = []
    for text in profile.options.get("settlement_items", ()):
        wire = bytes.fromhex(str(text))[::-1] if form.fullmatch(str(text)) else b""
        item = lookup(month_of_1997(wire, 1) if of_1997 else b"\x01" + wire) if wire else None
        if item is None or not item.period or not item.quantities:
            example = (
                "DI1 DI0 of present ones, such as '901F'" if of_1997 else "DI3 DI2 DI1, such as '0001FF'"
            )
            raise ConfigError(
                f"profile {profile.name}: settlement_items has {text!r}; write of registers that are kept by "
                f"settlement period {example}, forward active energy with its tariffs"
            )
        wires.append(wire if of_1997 else b"\x00" + wire)
    return tuple(wires)


def _formats(profile: Profile, version: Version) -> Mapping[str, Format]:
    """Return in what formats this model writes items otherwise than the standard, by their names."""
    given = profile.options.get("formats", {})
    try:
        found = {str(name): parse_format(str(notation)) for name, notation in given.items()}
    except (AttributeError, ValueError) as error:
        raise ConfigError(
            f"profile {profile.name}: formats has {given!r}: {error}; "
            'write for example { voltage = "XXX.X" }'
        ) from error
    wrong = sorted(name for name, form in found.items() if not _is_number(name, form, version))
    if wrong:
        raise ConfigError(
            f"profile {profile.name}: formats has {', '.join(wrong)}; only numbers are written otherwise, by "
            "their names in docs/reference"
        )
    return found


def _is_number(name: str, form: Format, version: Version) -> bool:
    """Tell whether all items of a name are one number each, and the format is one too."""
    named = [row.parts for row in rows(version.identifier_bytes) if row.name == name]
    return bool(named) and all(
        [part.form.kind for part in parts] == [form.kind] == [Kind.NUMBER] for parts in named
    )


def _settlement_days(profile: Profile) -> Sequence[Day]:
    days = []
    for text in profile.options.get("settlement_days", ()):
        day = parse_day(str(text))
        if day is None:
            raise ConfigError(
                f"profile {profile.name}: settlement_days has {text!r}; write DDhh, as '0100'; day 1 to 28"
            )
        days.append(day)
    return tuple(days)


drivers.register("dlt645-2007")(Dlt645Driver)
drivers.register("dlt645-1997")(Dlt645Driver1997)
