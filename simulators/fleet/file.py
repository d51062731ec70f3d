"""Reads fleet files: every complaint names the fleet, the table, its entry and the key."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.archive_records import PointClass, Supply
from pipeline.errors import ConfigError
from simulators.fleet.file_faults import read_fault, read_suspension
from simulators.fleet.file_meters import KnownPlaces, read_meters
from simulators.fleet.plan import AreaPlan, BusPlan, FleetPlan, GatewayPlan
from simulators.fleet.toml_entry import INFINITE, TomlEntry
from simulators.gateway_messages import GatewayFaults
from simulators.line import FaultKind, LineFaults
from simulators.mqtt_gateway import OWN_DIALECT
from simulators.mqtt_manner import manners

MINUTES_PER_HOUR = 60
PROTOCOLS = ("dlt645", "modbus")
FRAMINGS = ("rtu",)
"""Serial Modbus frames over TCP; without the key Modbus has its own frames there."""


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
    known = KnownPlaces(
        areas=[area.id for area in areas],
        buses=[bus.id for bus in buses],
        gateways=[gateway.id for gateway in gateways],
        wirings={g.id: manners.get(g.dialect).wirings for g in gateways if g.dialect != OWN_DIALECT},
        protocols={bus.id: bus.protocol for bus in buses} | {gateway.id: "mqtt" for gateway in gateways},
    )
    meters = tuple(m for entry in root.entries("meters") for m in read_meters(entry, known, zone))
    if not meters:
        raise ConfigError(f"fleet {name}: key 'meters' is missing: a fleet needs at least one [[meters]]")
    _refuse_twice(name, "meters", [meter.id for meter in meters])
    _refuse_twice(name, "addresses", [f"{m.address} on {m.line}" for m in meters if m.address is not None])
    by_id = {meter.id: meter for meter in meters}
    fleet = FleetPlan(
        name=name,
        what=head.get("what", str, ""),
        seed=head.get("seed", int, 1),
        zone=zone,
        history_days=head.count("history_days", 30),
        ahead_days=head.count("ahead_days", 2),
        live_every_s=head.count("live_every_s", 10),
        spectrum_every_s=head.count("spectrum_every_s", 900) if head.has("spectrum_every_s") else None,
        curve_minutes=_curve_minutes(head),
        areas=areas,
        buses=buses,
        gateways=gateways,
        meters=meters,
        suspensions=tuple(read_suspension(entry, by_id) for entry in root.entries("suspension")),
        faults=tuple(read_fault(entry, by_id, known) for entry in root.entries("fault")),
        supplies=tuple(_supply(entry, {m.service_point for m in meters}) for entry in root.entries("supply")),
    )
    head.done()
    root.done()
    return fleet


def _zone(head: TomlEntry) -> ZoneInfo:
    name = head.get("zone", str, "Asia/Shanghai")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise head.wrong("zone", f"has no time zone {name!r}") from error


def _curve_minutes(head: TomlEntry) -> int:
    minutes = head.count("curve_minutes", 5)
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
    area = AreaPlan(
        id=entry.need("id", str),
        name=entry.get("name", str, ""),
        transformer_kva=entry.positive("transformer_kva") if entry.has("transformer_kva") else None,
        trunk_r_ohm=entry.number("trunk_r_ohm", 0.0, 0.0, INFINITE),
        trunk_x_ohm=entry.number("trunk_x_ohm", 0.0, 0.0, INFINITE),
        no_load_kw=entry.number("no_load_kw", 0.0, 0.0, INFINITE),
    )
    entry.done()
    return area


def _supply(entry: TomlEntry, points: Collection[str]) -> Supply:
    def filed(key: str) -> float | None:
        return entry.positive(key) if entry.has(key) else None

    supply = Supply(
        service_point=entry.choose("service_point", points),
        short_circuit_mva=filed("short_circuit_mva"),
        agreed_mva=filed("agreed_mva"),
        equipment_mva=filed("equipment_mva"),
        demand_current_a=filed("demand_current_a"),
        point_class=PointClass(entry.choose("point_class", [*PointClass]))
        if entry.has("point_class")
        else None,
        capacitor_steps_kvar=tuple(map(float, entry.numbers("capacitor_steps_kvar"))),
    )
    entry.done()
    return supply


def _bus(entry: TomlEntry) -> BusPlan:
    bus = BusPlan(
        id=entry.need("id", str),
        protocol=entry.choose("protocol", PROTOCOLS),
        framing=entry.choose("framing", FRAMINGS) if entry.has("framing") else "",
        port=entry.count("port", 0, least=0),
        timeout_s=entry.positive("timeout_s", 0.5),
        retries=entry.count("retries", 3, least=0),
        faults=_line_faults(entry),
    )
    if bus.framing and bus.protocol != "modbus":
        raise entry.wrong("framing", f"is of Modbus, not of {bus.protocol}")
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
    dialect = entry.choose("dialect", (OWN_DIALECT, *manners.all()), OWN_DIALECT)
    gateway = GatewayPlan(
        id=name,
        topic=entry.get("topic", str, _usual_topic(name, dialect)),
        dialect=dialect,
        faults=_gateway_faults(entry),
    )
    entry.done()
    return gateway


def _usual_topic(gateway: str, dialect: str) -> str:
    if dialect == OWN_DIALECT:
        return f"kilowatch/v1/{gateway}/readings"
    return manners.get(dialect).topic.format(gateway=gateway)


def _gateway_faults(gateway: TomlEntry) -> GatewayFaults:
    entry = gateway.table("faults")
    faults = {name: entry.get(name, float, 0.0) for name in ("duplicate", "late")}
    late_by = entry.count("late_by", 5)
    entry.done()
    try:
        return GatewayFaults(**faults, late_by=late_by)
    except ValueError as error:
        raise gateway.wrong("faults", str(error)) from error
