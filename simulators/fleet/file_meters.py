"""Reads the meters of a fleet file: one table describes one meter, or a row of alike ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from pipeline.registry import Role, Wiring
from simulators.fleet.file_traits import read_traits
from simulators.fleet.plan import MeterPlan, SumPlan
from simulators.fleet.toml_entry import INFINITE, TomlEntry
from simulators.physics.circuit import PHASES
from simulators.physics.harmonics import DISTORTIONS
from simulators.physics.shapes import SHAPES, LoadPlan

EACH_IN_TURN = "each"
"""As a ``phase``: a, b, c, a ... along a row of meters."""
_ANY_ADDRESS = re.compile(".*")
_ADDRESSES = {
    "dlt645": (re.compile(r"\d{1,12}"), "1 to 12 digits"),
    "modbus": (re.compile(r"[1-9]\d?|1\d\d|2[0-3]\d|24[0-7]"), "a unit number, 1 to 247"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPlaces:
    """What a meter may name."""

    areas: Sequence[str]
    buses: Sequence[str]
    gateways: Sequence[str]
    protocols: Mapping[str, str]
    """Of each bus and gateway."""
    wirings: Mapping[str, Sequence[Wiring]]
    """What may hang behind a gateway whose dialect does not know every wiring."""


def read_meters(entry: TomlEntry, known: KnownPlaces, zone: ZoneInfo) -> list[MeterPlan]:
    """Return the meters of one table: ``{n}`` in id, address, customer and service point counts up.

    Raises:
        ConfigError: Naming the entry and the key that is wrong.
    """
    count, first = entry.count("count", 1), entry.count("first", 1, least=0)
    phase = entry.choose("phase", (*PHASES, EACH_IN_TURN), PHASES[0])
    pattern = _meter(entry, known, zone)
    entry.done()
    spoken = known.wirings.get(pattern.line, tuple(Wiring))
    if pattern.wiring not in spoken:
        raise entry.wrong(
            "wiring", f"must be {' or '.join(spoken)} behind {pattern.line}, not {pattern.wiring}"
        )
    meters = [
        replace(
            pattern,
            id=_filled(entry, "id", pattern.id, n),
            address=None if pattern.address is None else _filled(entry, "address", pattern.address, n),
            customer=_filled(entry, "customer", pattern.customer, n),
            service_point=_filled(entry, "service_point", pattern.service_point, n),
            phase=(n - first) % 3 if phase == EACH_IN_TURN else PHASES.index(phase),
        )
        for n in range(first, first + count)
    ]
    rule, form = _ADDRESSES.get(known.protocols[pattern.line], (_ANY_ADDRESS, ""))
    for meter in meters:
        if not rule.fullmatch(meter.address or ""):
            raise entry.wrong("address", f"must be {form}, not {meter.address!r}")
    return meters


def _meter(entry: TomlEntry, known: KnownPlaces, zone: ZoneInfo) -> MeterPlan:
    wiring = Wiring(entry.choose("wiring", [w.value for w in Wiring], Wiring.THREE_PHASE_FOUR_WIRE.value))
    rated_v = 100.0 if wiring is Wiring.THREE_PHASE_THREE_WIRE else 220.0
    on_bus = entry.has("bus")
    pattern = entry.need("id", str)
    return MeterPlan(
        id=pattern,
        line=entry.choose("bus", known.buses) if on_bus else entry.choose("gateway", known.gateways),
        address=entry.need("address", str) if on_bus else None,
        profile=entry.need("profile", str) if on_bus else None,
        wiring=wiring,
        rated_voltage_v=entry.positive("rated_voltage_v", rated_v),
        ct=entry.positive("ct", 1.0),
        pt=entry.positive("pt", 1.0),
        max_current_a=entry.positive("max_current_a", 60.0),
        area=entry.choose("area", known.areas),
        customer=entry.get("customer", str, ""),
        category=entry.need("category", str) if entry.has("category") else None,
        capacity_kva=entry.positive("capacity_kva") if entry.has("capacity_kva") else None,
        supply_voltage_kv=entry.positive("supply_voltage_kv", 0.38),
        service_point=entry.get("service_point", str, f"SP-{pattern}"),
        role=Role(entry.choose("role", [role.value for role in Role], Role.MAIN.value)),
        load=_sum(entry, known) if _is_sum(entry) else _load(entry, zone),
        pv_kw=entry.number("pv_kw", 0.0, 0.0, INFINITE),
        phase=0,
        harmonics=entry.choose("harmonics", DISTORTIONS, "electronics"),
        error_percent=entry.number("error_percent", 0.0, -100.0, 100.0),
        base_kwh=entry.need("base_kwh", float) if entry.has("base_kwh") else None,
        traits=read_traits(entry),
    )


def _is_sum(entry: TomlEntry) -> bool:
    return entry.has("sums") or entry.has("supplies")


def _sum(entry: TomlEntry, known: KnownPlaces) -> SumPlan:
    return SumPlan(
        of=entry.texts("sums"),
        area=entry.choose("supplies", known.areas) if entry.has("supplies") else None,
        loss_r_ohm=entry.number("loss_r_ohm", 0.0, 0.0, INFINITE),
        no_load_kw=entry.number("no_load_kw", 0.0, 0.0, INFINITE),
    )


def _load(entry: TomlEntry, zone: ZoneInfo) -> LoadPlan:
    return LoadPlan(
        shape=entry.choose("load", SHAPES),
        peak_kw=entry.positive("peak_kw"),
        power_factor=entry.number("power_factor", 0.95, 0.01, 1.0),
        zone=zone,
    )


def _filled(entry: TomlEntry, key: str, pattern: str, n: int) -> str:
    try:
        return pattern.format(n=n)
    except (KeyError, IndexError, ValueError) as error:
        raise entry.wrong(key, f"is no pattern of {{n}}: {pattern!r}") from error
