"""Reads fleet files: every complaint names the fleet, the table, its entry and the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.errors import ConfigError
from pipeline.registry import Wiring
from simulators.dlt645.traits import STANDARD, Traits
from simulators.faults import Deed
from simulators.fleet_plan import (
    AreaPlan,
    BusPlan,
    FaultPlan,
    FleetPlan,
    GatewayPlan,
    MeterPlan,
    Moment,
    SuspensionPlan,
)
from simulators.gateway_messages import GatewayFaults
from simulators.line import FaultKind, LineFaults
from simulators.shapes import SHAPES, LoadPlan
from simulators.toml_entry import TomlEntry

MINUTES_PER_HOUR = 60
PROTOCOLS = ("dlt645", "modbus")
_ANY_ADDRESS = re.compile(".*")
_ADDRESSES = {
    "dlt645": (re.compile(r"\d{1,12}"), "1 to 12 digits"),
    "modbus": (re.compile(r"[1-9]\d?|1\d\d|2[0-3]\d|24[0-7]"), "a unit number, 1 to 247"),
}
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def parse_fleet(text: str, name: str) -> FleetPlan:
    """Read a fleet file.

    Args:
        text: The TOML text.
        name: What to call the fleet in errors.

    Raises:
        ConfigError: Naming the fleet, table, entry and key that is wrong.
    """
    try:
        root = TomlEntry(f"fleet {name}", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"fleet {name}: no TOML: {error}") from error
    head = root.table("fleet")
    zone = _zone(head)
    areas = tuple(_area(entry) for entry in root.entries("area"))
    buses = tuple(_bus(entry) for entry in root.entries("bus"))
    gateways = tuple(_gateway(entry) for entry in root.entries("gateway"))
    _refuse_twice(name, "lines", [*(bus.id for bus in buses), *(gateway.id for gateway in gateways)])
    known = _Known(
        areas={area.id for area in areas},
        buses={bus.id: bus.protocol for bus in buses},
        gateways={gateway.id for gateway in gateways},
    )
    meters = tuple(m for entry in root.entries("meters") for m in _meters(entry, known, zone))
    if not meters:
        raise ConfigError(f"fleet {name}: key 'meters' is missing: a fleet needs at least one [[meters]]")
    _refuse_twice(name, "meters", [meter.id for meter in meters])
    _refuse_twice(name, "addresses", [f"{m.address} on {m.line}" for m in meters if m.address is not None])
    ids = {meter.id for meter in meters}
    fleet = FleetPlan(
        name=name,
        seed=head.get("seed", int, 1),
        zone=zone,
        history_days=_count(head, "history_days", 30),
        ahead_days=_count(head, "ahead_days", 2),
        live_every_s=_count(head, "live_every_s", 10),
        curve_minutes=_curve_minutes(head),
        areas=areas,
        buses=buses,
        gateways=gateways,
        meters=meters,
        suspensions=tuple(_suspension(entry, ids) for entry in root.entries("suspension")),
        faults=tuple(_fault(entry, ids) for entry in root.entries("fault")),
    )
    head.done()
    root.done()
    return fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    areas: set[str]
    buses: dict[str, str]
    """The protocol of each bus."""
    gateways: set[str]


def _zone(head: TomlEntry) -> ZoneInfo:
    name = head.get("zone", str, "Asia/Shanghai")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise head.wrong("zone", f"has no time zone {name!r}") from error


def _count(entry: TomlEntry, key: str, default: int, least: int = 1) -> int:
    number = entry.get(key, int, default)
    if number < least:
        raise entry.wrong(key, f"must be {least} or more, not {number}")
    return number


def _positive(entry: TomlEntry, key: str, default: float | None = None) -> float:
    number = entry.need(key, float) if default is None else entry.get(key, float, default)
    if not 0 < number < float("inf"):
        raise entry.wrong(key, f"must be above 0, not {number:g}")
    return number


def _curve_minutes(head: TomlEntry) -> int:
    minutes = _count(head, "curve_minutes", 5)
    if MINUTES_PER_HOUR % minutes:
        raise head.wrong("curve_minutes", f"must divide an hour, not be {minutes}")
    return minutes


def _refuse_twice(name: str, what: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for key in ids:
        if key in seen:
            raise ConfigError(f"fleet {name}: key 'id' of {what} is there twice: {key}")
        seen.add(key)


def _area(entry: TomlEntry) -> AreaPlan:
    area = AreaPlan(id=entry.need("id", str), name=entry.get("name", str, ""))
    entry.done()
    return area


def _bus(entry: TomlEntry) -> BusPlan:
    bus = BusPlan(
        id=entry.need("id", str),
        protocol=entry.choose("protocol", PROTOCOLS),
        port=_count(entry, "port", 0, least=0),
        timeout_s=_positive(entry, "timeout_s", 0.5),
        retries=_count(entry, "retries", 3, least=0),
        faults=_line_faults(entry),
    )
    entry.done()
    return bus


def _line_faults(bus: TomlEntry) -> LineFaults:
    entry = bus.table("faults")
    names = (*(kind.value for kind in FaultKind), "delay_s")
    given = {name: entry.need(name, float) for name in names if entry.has(name)}
    entry.done()
    try:
        return LineFaults(**given)
    except ValueError as error:
        raise bus.wrong("faults", str(error)) from error


def _gateway(entry: TomlEntry) -> GatewayPlan:
    name = entry.need("id", str)
    gateway = GatewayPlan(
        id=name,
        topic=entry.get("topic", str, f"kilowatch/v1/{name}/readings"),
        faults=_gateway_faults(entry),
    )
    entry.done()
    return gateway


def _gateway_faults(gateway: TomlEntry) -> GatewayFaults:
    entry = gateway.table("faults")
    faults = {name: entry.get(name, float, 0.0) for name in ("duplicate", "late")}
    late_by = _count(entry, "late_by", 5)
    entry.done()
    try:
        return GatewayFaults(**faults, late_by=late_by)
    except ValueError as error:
        raise gateway.wrong("faults", str(error)) from error


def _meters(entry: TomlEntry, known: _Known, zone: ZoneInfo) -> list[MeterPlan]:
    """Return the meters of one pattern: ``{n}`` in id, address and customer counts from 1."""
    count = _count(entry, "count", 1)
    pattern = _meter(entry, known, zone)
    entry.done()
    meters = [
        replace(
            pattern,
            id=_filled(entry, "id", pattern.id, n),
            address=_filled(entry, "address", pattern.address, n) if pattern.address is not None else None,
            customer=_filled(entry, "customer", pattern.customer, n),
        )
        for n in range(1, count + 1)
    ]
    for meter in meters:
        rule, form = _ADDRESSES.get(known.buses.get(meter.line, ""), (_ANY_ADDRESS, ""))
        if not rule.fullmatch(meter.address or ""):
            raise entry.wrong("address", f"must be {form}, not {meter.address!r}")
    return meters


def _meter(entry: TomlEntry, known: _Known, zone: ZoneInfo) -> MeterPlan:
    wiring = Wiring(entry.choose("wiring", [w.value for w in Wiring], Wiring.THREE_PHASE_FOUR_WIRE.value))
    rated_v = 100.0 if wiring is Wiring.THREE_PHASE_THREE_WIRE else 220.0
    on_bus = entry.has("bus")
    return MeterPlan(
        id=entry.need("id", str),
        line=entry.choose("bus", known.buses) if on_bus else entry.choose("gateway", known.gateways),
        address=entry.need("address", str) if on_bus else None,
        profile=entry.need("profile", str) if on_bus else None,
        wiring=wiring,
        rated_voltage_v=_positive(entry, "rated_voltage_v", rated_v),
        ct=_positive(entry, "ct", 1.0),
        pt=_positive(entry, "pt", 1.0),
        max_current_a=_positive(entry, "max_current_a", 60.0),
        area=entry.choose("area", known.areas),
        customer=entry.get("customer", str, ""),
        category=entry.need("category", str) if entry.has("category") else None,
        capacity_kva=_positive(entry, "capacity_kva") if entry.has("capacity_kva") else None,
        supply_voltage_kv=_positive(entry, "supply_voltage_kv", 0.38),
        load=_load(entry, zone),
        base_kwh=entry.need("base_kwh", float) if entry.has("base_kwh") else None,
        traits=_traits(entry),
    )


def _traits(meter: TomlEntry) -> Traits:
    """Take in what a DL/T 645 meter differs from the standard; other meters have none."""
    entry = meter.table("traits")
    traits = Traits(
        preamble=_count(entry, "preamble", STANDARD.preamble, least=0),
        clock_offset_s=entry.get("clock_offset_s", float, 0.0),
        refuses_blocks=entry.get("refuses_blocks", bool, default=False),
        echoes_wildcard=entry.get("echoes_wildcard", bool, default=False),
        trailing_aa=entry.get("trailing_aa", bool, default=False),
        refuses_load_records=entry.get("refuses_load_records", bool, default=False),
        refuses_freezes=entry.get("refuses_freezes", bool, default=False),
    )
    entry.done()
    return traits


def _filled(entry: TomlEntry, key: str, pattern: str, n: int) -> str:
    try:
        return pattern.format(n=n)
    except (KeyError, IndexError, ValueError) as error:
        raise entry.wrong(key, f"is no pattern of {{n}}: {pattern!r}") from error


def _load(entry: TomlEntry, zone: ZoneInfo) -> LoadPlan:
    return LoadPlan(
        shape=entry.choose("load", SHAPES),
        peak_kw=_positive(entry, "peak_kw"),
        power_factor=_power_factor(entry, 0.95),
        zone=zone,
    )


def _power_factor(entry: TomlEntry, default: float) -> float:
    factor = entry.get("power_factor", float, default)
    if not 0 < factor <= 1:
        raise entry.wrong("power_factor", f"must be above 0 and at most 1, not {factor:g}")
    return factor


def _moment(entry: TomlEntry, days_key: str, at_key: str) -> Moment:
    """Take a local day and time of day, such as ``days_ago = 12, at = "22:00"``."""
    clock = entry.get(at_key, str, "00:00")
    if not _CLOCK.fullmatch(clock):
        raise entry.wrong(at_key, f'must be a time of day such as "22:00", not {clock!r}')
    return Moment(days_ago=entry.need(days_key, int), at=time.fromisoformat(clock))


def _suspension(entry: TomlEntry, meters: Collection[str]) -> SuspensionPlan:
    suspension = SuspensionPlan(
        id=entry.need("id", str),
        meter=entry.choose("meter", meters),
        starts=_moment(entry, "from_days_ago", "from_at"),
        ends=_moment(entry, "to_days_ago", "to_at") if entry.has("to_days_ago") else None,
        remaining_kva=entry.get("remaining_kva", float, 0.0),
        setpoint_w=entry.need("setpoint_w", float) if entry.has("setpoint_w") else None,
        auxiliaries_kw=entry.need("auxiliaries_kw", float) if entry.has("auxiliaries_kw") else None,
        idle_kw=entry.get("idle_kw", float, 0.1),
        running_kva=entry.get("running_kva", float, 0.0),
    )
    if suspension.remaining_kva and not suspension.running_kva:
        raise entry.wrong("running_kva", "is missing: a partial suspension says what still runs")
    entry.done()
    return suspension


def _fault(entry: TomlEntry, meters: Collection[str]) -> FaultPlan:
    deed = Deed(entry.choose("deed", [d.value for d in Deed]))
    fault = FaultPlan(
        meter=entry.choose("meter", meters),
        deed=deed,
        starts=_moment(entry, "days_ago", "at"),
        minutes=_count(entry, "minutes", 60),
        nights=_count(entry, "nights", 1),
        kw=_positive(entry, "kw") if deed is Deed.LOAD else 0.0,
        power_factor=_power_factor(entry, 0.9),
        factor=_positive(entry, "factor") if deed is Deed.VOLTAGE else 1.0,
        twin=entry.get("twin", bool, default=False),
        why=entry.get("why", str, ""),
    )
    entry.done()
    return fault
