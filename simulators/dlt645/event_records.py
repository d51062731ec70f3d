"""Event counters and records of a simulated meter, field by field as the catalogue lays them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from pipeline.events import EventKind
from pipeline.quantities import Quantity
from protocols.dlt645.catalogue import Field, Item
from protocols.dlt645.catalogue_rows import Axis
from protocols.dlt645.events import EVENTS, PARTS
from protocols.dlt645.values import number_to_bcd
from simulators.dlt645.conditions import unbalance
from simulators.dlt645.events import PHASED, RECORDS_KEPT, Event, EventLog, EventValue
from simulators.dlt645.measuring import Measuring
from simulators.dlt645.rates import COUNTS_PER_UNIT
from simulators.dlt645.registers import Registers
from simulators.dlt645.values_shown import ValuesShown

START: Final = "start"
END: Final = "end"
SCOPES: Final = {
    "total": (0x00, ""),
    "phase A": (0x14, "_a"),
    "phase B": (0x28, "_b"),
    "phase C": (0x3C, "_c"),
}
"""How fields name all phases and each: what is added to a register's DI2, and what to a quantity's name."""
REGISTERS: Final = {
    0x01: "forward active energy",
    0x02: "reverse active energy",
    0x03: "combined reactive energy 1",
    0x04: "combined reactive energy 2",
    0x05: "reactive energy quadrant I",
    0x06: "reactive energy quadrant II",
    0x07: "reactive energy quadrant III",
    0x08: "reactive energy quadrant IV",
}
"""DI2 of the registers that records tell, and what their fields call them."""
DEMANDS: Final = {
    0x01: "maximum forward active demand",
    0x02: "maximum reverse active demand",
    0x05: "maximum reactive demand quadrant I",
    0x06: "maximum reactive demand quadrant II",
    0x07: "maximum reactive demand quadrant III",
    0x08: "maximum reactive demand quadrant IV",
}
VARIABLES: Final = {
    "voltage": "voltage",
    "current": "current",
    "active power": "active_power",
    "reactive power": "reactive_power",
    "power factor": "power_factor",
}
UNBALANCED: Final = {EventKind.VOLTAGE_UNBALANCE: "voltage", EventKind.CURRENT_UNBALANCE: "current"}
PERCENT: Final = 100.0


class EventRecords:
    """Encodes what the event memory holds."""

    __slots__ = ("_log", "_measuring", "_registers", "_values")

    def __init__(
        self, log: EventLog, registers: Registers, measuring: Measuring, values: ValuesShown
    ) -> None:
        """Encode the events of one meter."""
        self._log, self._registers, self._measuring = log, registers, measuring
        self._values = values

    def content(self, item: Item) -> bytes:
        """Return the content of an event identifier; empty when the item is no event."""
        kind = item.row.event
        if kind is None:
            return b""
        is_counter = item.wire[0 if item.wire[3] == EVENTS else 1] == 0
        return self._counter(item, kind) if is_counter else self._record(item, kind)

    def _counter(self, item: Item, kind: EventKind) -> bytes:
        """Return counts, and minutes where the fields say so, of one part or of all in turn."""
        part = _part(item)
        parts = [part] if part else PARTS["phase"] if kind in PHASED else [""]
        if kind is EventKind.DEMAND_OVER_LIMIT and not part:
            parts = PARTS["six"]
        each = max(len(item.fields) // len(parts), 1)
        content = b""
        for at, field in enumerate(item.fields):
            of = parts[min(at // each, len(parts) - 1)]
            is_minutes = field.unit == "min"
            number = self._log.minutes(kind, of) if is_minutes else self._log.count(kind, of)
            content += number_to_bcd(number, field.form, rolls_over=True)
        return content

    def _record(self, item: Item, kind: EventKind) -> bytes:
        """Return a record, or of a family of 2013 the one field that is asked; a block has every phase's."""
        if not 1 <= item.wire[0] <= RECORDS_KEPT:
            return b""
        parts = PARTS[item.axis] if item.is_block else (_part(item),)
        return b"".join(self._record_of(item, kind, part) for part in parts)

    def _record_of(self, item: Item, kind: EventKind, part: str) -> bytes:
        """Return the record of one phase."""
        records = self._log.last(kind, part)
        number = item.wire[0]
        if number > len(records):
            return bytes(item.element_length)  # A record that never was is all zeros. [MEM]
        event = records[number - 1]
        values = {**self.measured(event), **event.values}
        fields = item.fields[: item.width]
        return b"".join(self._values.noted(_value_of(field, values), field.form) for field in fields)

    def measured(self, event: Event) -> Mapping[str, EventValue]:
        """Return what a record tells of measurements, by the names of its fields."""
        found: dict[str, EventValue] = {START: event.starts_at, "time": event.starts_at}
        if event.ends_at is not None:
            found[END] = event.ends_at
        found |= dict(self._stood(event.starts_at, event.ends_at))
        shown = self._measuring.read(event.starts_at)
        for scope, (_, suffix) in SCOPES.items():
            for name, stem in VARIABLES.items():
                quantity = _QUANTITIES.get(stem + suffix)
                if quantity is not None and quantity in shown:
                    found[f"{scope} {name}"] = shown[quantity]
        if event.kind in UNBALANCED:
            stem = UNBALANCED[event.kind]
            phases = [shown[q] for q in (_QUANTITIES[f"{stem}_{p}"] for p in "abc") if q in shown]
            found["greatest unbalance"] = PERCENT * unbalance(phases) if phases else 0.0
        return found

    def _stood(self, start: datetime, end: datetime | None) -> Iterator[tuple[str, float]]:
        """Yield what registers showed at the start and the end, and how far they ran."""
        for scope, (offset, _) in SCOPES.items():
            for code, name in REGISTERS.items():
                before = self._registers.total(code + offset, start)
                after = before if end is None else self._registers.total(code + offset, end)
                if before is None or after is None:
                    continue
                yield f"{scope} {name}", before / COUNTS_PER_UNIT
                yield f"{scope} {name} increment", (after - before) / COUNTS_PER_UNIT
                if scope == "total":
                    yield f"{name} before", before / COUNTS_PER_UNIT
                    yield f"{name} after", after / COUNTS_PER_UNIT


def registers_noted(registers: Registers, at: datetime) -> Mapping[str, EventValue]:
    """Return the registers that the record of a meter clear keeps, as they stood before."""
    totals = {
        f"{scope} {name} before": registers.total(code + offset, at)
        for scope, (offset, _) in SCOPES.items()
        for code, name in REGISTERS.items()
    }
    return {name: total / COUNTS_PER_UNIT for name, total in totals.items() if total is not None}


def demands_noted(peaks: Mapping[tuple[int, int], tuple[float, datetime]]) -> Mapping[str, EventValue]:
    """Return the demands that the record of a demand reset keeps, by DI2 and rate as they stood before."""
    noted: dict[str, EventValue] = {}
    for (code, rate), (value, at) in peaks.items():
        if rate == 0 and code in DEMANDS:
            noted |= {f"total {DEMANDS[code]} before": value, f"total {DEMANDS[code]} at": at}
    return noted


def _part(item: Item) -> str:
    """Return the phase, or the direction of a demand, that an identifier names; empty for none or all."""
    for token, code in zip(item.row.tokens, reversed(item.wire), strict=True):
        if isinstance(token, Axis) and token.name in PARTS and code in token.suffixes:
            return PARTS[token.name][code - 1]
    return ""


def _value_of(field: Field, values: Mapping[str, EventValue]) -> EventValue | None:
    """Return the value of a field: ``identifier 3`` is the third piece of what is noted as ``identifier``."""
    name, _, number = field.name.rpartition(" ")
    whole = values.get(name) if number.isdecimal() else None
    if isinstance(whole, bytes):
        at = (int(number) - 1) * field.form.length
        return whole[at : at + field.form.length]
    return values.get(field.name)


_QUANTITIES: Final = {
    f"{stem}{phase}": Quantity(f"{stem}{phase}")
    for stem in VARIABLES.values()
    for phase in ("_a", "_b", "_c")
}
