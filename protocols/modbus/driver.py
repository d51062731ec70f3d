"""What a meter with a Modbus register map can be asked: its profile's points that its wiring gives sense."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.kept_plans import KeptPlans
from protocols.modbus.conversation import span_query
from protocols.modbus.framing import READ_FUNCTIONS, Framing
from protocols.modbus.planner import plan_spans, point_span
from protocols.modbus.register_map import RegisterMap
from protocols.modbus.registers import TYPES, WORD_ORDERS
from protocols.modbus.session import ModbusSession
from protocols.profile import Profile, Register
from protocols.session import Query, drivers

MOST_REGISTERS = 125
"""Of one answer (MODBUS Application Protocol V1.1b3, section 6.3)."""
DEFAULT_GAP = 16
UNITS = range(1, 248)
"""Individual addresses (MODBUS over serial line V1.02, section 2.2)."""

_OPTIONS = frozenset({"framing", "max_registers", "max_gap"})


class ModbusDriver:
    """The register map of one model, for one wiring."""

    def __init__(self, profile: Profile, wiring: Wiring) -> None:
        """Check the profile.

        Raises:
            ConfigError: If an option or a point is not one that Modbus knows.
        """
        options = _checked_options(profile)
        for point in profile.points:
            _check_register(f"profile {profile.name}, point {point.quantity}", point)
            unknown = set(point.wiring) - set(Wiring)
            if unknown:
                raise ConfigError(
                    f"profile {profile.name}, point {point.quantity}: unknown wiring {sorted(unknown)}"
                )
        for name, register in {**profile.ratios, **profile.identity}.items():
            _check_register(f"profile {profile.name}, register {name}", register)
        self._framing = Framing(options["framing"])
        self._max_registers = int(options["max_registers"])
        self._max_gap = int(options["max_gap"])
        self._map = RegisterMap(profile, wiring)
        self._plans = KeptPlans(self._plan)

    def session(self, address: str) -> ModbusSession:
        """Return a fresh conversation with the unit ``address``.

        Raises:
            ConfigError: If ``address`` is not a number from 1 to 247.
        """
        return ModbusSession(unit_of(address), self._map, self._framing)

    def plan(self, wanted: Collection[Quantity], refused: Collection[str] = ()) -> Sequence[Query]:
        """Return the fewest requests that bring ``wanted``, avoiding registers this meter has refused.

        Where nothing is wanted but the probe, as in a scan, what tells the model apart is asked first.
        """
        return self._plans.plan(wanted, refused)

    def _plan(self, wanted: frozenset[Quantity], refused: frozenset[str]) -> Sequence[Query]:
        if not self._map.wanted(wanted):
            return ()
        spans = plan_spans(
            self._map.wanted(wanted | self._map.probe.keys()),
            max_registers=self._max_registers,
            max_gap=self._max_gap,
            refused=refused,
        )
        first = [point_span(register) for register in self._map.wanted(frozenset(self._map.probe))]
        first += [point_span(register) for register in self._map.ratios.values()]
        # What tells the model and its ratios comes before what they decide on.
        ordered = sorted(spans, key=lambda span: not any(span.holds(place) for place in first))
        if wanted <= self._map.probe.keys():
            # Each alone: what lies between such registers is the maker's.
            identity = plan_spans(
                self._map.identity.values(), max_registers=self._max_registers, max_gap=0, refused=refused
            )
            ordered = [*identity, *ordered]
        return tuple(span_query(span, self._framing) for span in ordered)

    def backfill_plan(
        self,
        starts_at: datetime,  # noqa: ARG002 - the shape of every driver
        ends_at: datetime,  # noqa: ARG002 - the shape of every driver
        refused: Collection[str] = (),  # noqa: ARG002 - the shape of every driver
    ) -> Sequence[Query]:
        """Return nothing: register maps hold present values only."""
        return ()


@drivers.register("modbus")
def modbus_driver(profile: Profile, wiring: Wiring, zone: ZoneInfo) -> ModbusDriver:  # noqa: ARG001 - no clock is read
    """Make the driver of a profile with ``protocol = "modbus"``.

    Raises:
        ConfigError: If the profile's options or points are wrong.
    """
    return ModbusDriver(profile, wiring)


def unit_of(address: str) -> int:
    """Return the unit identifier that an address names.

    Raises:
        ConfigError: If ``address`` is not a number from 1 to 247.
    """
    if not address.isascii() or not address.isdecimal() or int(address) not in UNITS:
        raise ConfigError(f"a Modbus address is a number from 1 to 247, not {address!r}")
    return int(address)


def with_framing(profile: Profile, framing: Framing) -> Profile:
    """Return the profile for a line that frames otherwise: the same meter behind another gateway."""
    return replace(profile, options={**profile.options, "framing": framing.value})


def framing_of(bus_url: str) -> Framing | None:
    """Return how a bus's URL says that its line frames; None where it leaves that to the profile.

    Serial lines frame as RTU; a TCP peer that passes serial frames on says ``?framing=rtu``.

    Raises:
        ConfigError: If it names a framing that does not exist.
    """
    parts = urlsplit(bus_url)
    named = dict(parse_qsl(parts.query)).get("framing")
    if named is None:
        return Framing.RTU if parts.scheme == "serial" else None
    try:
        return Framing(named)
    except ValueError:
        known = ", ".join(framing.value for framing in Framing)
        raise ConfigError(f"bus URL {bus_url!r}: framing is one of {known}, not {named!r}") from None


def _checked_options(profile: Profile) -> Mapping[str, Any]:  # Any: straight from TOML, checked here
    options = {
        "framing": Framing.SOCKET.value,
        "max_registers": MOST_REGISTERS,
        "max_gap": DEFAULT_GAP,
        **profile.options,
    }
    unknown = set(options) - _OPTIONS
    if unknown:
        raise ConfigError(f"profile {profile.name}: unknown options {sorted(unknown)}")
    if options["framing"] not in [framing.value for framing in Framing]:
        raise ConfigError(f"profile {profile.name}: framing is 'socket' or 'rtu', not {options['framing']!r}")
    for key, low, high in (("max_registers", 4, MOST_REGISTERS), ("max_gap", 0, MOST_REGISTERS)):
        number = options[key]
        if not isinstance(number, int) or not low <= number <= high:
            raise ConfigError(f"profile {profile.name}: {key} is {low} to {high}, not {number!r}")
    return options


def _check_register(where: str, register: Register) -> None:
    if register.function not in READ_FUNCTIONS:
        raise ConfigError(f"{where}: function is 3 or 4, not {register.function}")
    if register.type not in TYPES:
        raise ConfigError(f"{where}: type is one of {sorted(TYPES)}, not {register.type!r}")
    if register.word_order not in WORD_ORDERS:
        raise ConfigError(f"{where}: word_order is one of {sorted(WORD_ORDERS)}, not {register.word_order!r}")
