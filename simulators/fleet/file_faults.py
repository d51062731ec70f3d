"""Reads the suspensions and the planted faults of a fleet file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.contracts import SuspensionKind
from simulators.faults.deed import ONE_PHASE, Deed, Key, deeds
from simulators.fleet.file_meters import KnownPlaces
from simulators.fleet.file_moments import read_moment
from simulators.fleet.plan import FaultPlan, MeterPlan, SumPlan, SuspensionPlan
from simulators.fleet.toml_entry import TomlEntry

MINUTES_PER_DAY = 1440


def read_suspension(entry: TomlEntry, meters: Mapping[str, MeterPlan]) -> SuspensionPlan:
    """Return one suspension.

    Raises:
        ConfigError: Naming the entry and the key that is wrong.
    """
    suspension = SuspensionPlan(
        id=entry.need("id", str),
        meter=entry.choose("meter", meters),
        kind=SuspensionKind(
            entry.choose("kind", [k.value for k in SuspensionKind], SuspensionKind.STOP.value)
        ),
        starts=read_moment(entry, "from_days_ago", "from_at"),
        ends=read_moment(entry, "to_days_ago", "to_at") if entry.has("to_days_ago") else None,
        remaining_kva=entry.get("remaining_kva", float, 0.0),
        setpoint_w=entry.need("setpoint_w", float) if entry.has("setpoint_w") else None,
        auxiliaries_kw=entry.need("auxiliaries_kw", float) if entry.has("auxiliaries_kw") else None,
        idle_kw=entry.get("idle_kw", float, 0.1),
        running_kva=entry.get("running_kva", float, 0.0),
    )
    if suspension.remaining_kva and not suspension.running_kva:
        raise entry.wrong("running_kva", "is missing: a partial suspension says what still runs")
    if isinstance(meters[suspension.meter].load, SumPlan):
        raise entry.wrong("meter", f"must be a customer: {suspension.meter} measures what others draw")
    entry.done()
    return suspension


def read_fault(entry: TomlEntry, meters: Mapping[str, MeterPlan], known: KnownPlaces) -> FaultPlan:
    """Return one fault, or its twin, with the keys of its deed.

    Args:
        entry: The table.
        meters: By id.
        known: What a meter and a fault may name.

    Raises:
        ConfigError: Naming the entry and the key that is wrong.
    """
    name = entry.choose("deed", deeds.all())
    deed = deeds.get(name)
    meter = meters[entry.choose("meter", meters)]
    wrong = _misplaced(name, deed, meter, known.protocols[meter.line])
    if wrong is not None:
        raise entry.wrong("meter", wrong)
    whole_days = entry.has("days")
    twin = entry.get("twin", bool, deed.innocent)
    fault = FaultPlan(
        meter=meter.id,
        deed=name,
        starts=read_moment(entry, "days_ago", "at"),
        minutes=entry.count("days", 1) * MINUTES_PER_DAY if whole_days else entry.count("minutes", 60),
        nights=entry.count("nights", 1),
        values={key.name: _value(entry, key, _words(key, deed, meter, known)) for key in deed.keys},
        twin=twin,
        why=entry.get("why", str, deed.what),
    )
    entry.done()
    return fault


def _misplaced(name: str, deed: Deed, meter: MeterPlan, protocol: str) -> str | None:
    """Return why a deed cannot be done to a meter; None when it can."""
    if meter.wiring not in deed.wirings:
        wirings = ", ".join(deed.wirings)
        return f"must be wired {wirings} for {name}; {meter.id} is {meter.wiring}"
    if deed.at_customers and isinstance(meter.load, SumPlan):
        return f"must be a customer for {name}: {meter.id} measures what others draw"
    if protocol not in deed.lines:
        return f"must be reached over {' or '.join(deed.lines)} for {name}; {meter.id} is on {protocol}"
    return None


def _words(key: Key, deed: Deed, meter: MeterPlan, known: KnownPlaces) -> Sequence[str]:
    """Return what a text may be at this meter; empty for free text."""
    if key.name == "area":
        return known.areas
    if key.name == "phase" and deed.wirings != ONE_PHASE:
        return deed.phases(meter.wiring)
    return key.words


def _value(entry: TomlEntry, key: Key, words: Sequence[str]) -> float | str:
    if not key.is_text:
        default = None if key.default is None else float(key.default)
        return entry.number(key.name, default, key.least, key.most)
    usual = None if key.default is None else str(key.default)
    if words:
        return entry.choose(key.name, words, words[0] if usual is not None and usual not in words else usual)
    return entry.need(key.name, str) if usual is None else entry.get(key.name, str, usual)
