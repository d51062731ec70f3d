"""Event counters and records of a simulated meter as the catalogue lays them out: families 03, 10 to 1F."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from pipeline.quantities import Quantity
from protocols.dlt645.catalogue import Field, Item
from protocols.dlt645.values import Kind, number_to_bcd
from simulators.dlt645.events import PHASED, RECORDS_KEPT, Event, EventKind, EventLog, EventValue
from simulators.dlt645.measuring import Measuring
from simulators.dlt645.rates import COUNTS_PER_UNIT
from simulators.dlt645.registers import Registers
from simulators.dlt645.values_shown import ValuesShown

STARTS, ENDS = "starts_at", "ends_at"
PHASES: Final = ("a", "b", "c")
GROWTHS: Final = (0x01, 0x02, 0x03, 0x04)
"""DI2 of the registers whose growth a record tells: import, export, combined reactive 1 and 2."""
TOTALS: Final = tuple(f"growth_{code:02x}" for code in GROWTHS)
SIX_REGISTERS: Final = (0x01, 0x02, 0x05, 0x06, 0x07, 0x08)
PHASE_OFFSET: Final = {"": 0x00, "a": 0x14, "b": 0x28, "c": 0x3C}
"""From a register's DI2 to that of its phase."""


def _growths(*phases: str) -> tuple[str, ...]:
    return tuple(f"{total}{phase and '_' + phase}" for phase in phases for total in TOTALS)


def _electrical(phase: str) -> tuple[str, ...]:
    stems = ("voltage", "current", "active_power", "reactive_power", "power_factor")
    return (*_growths(phase), *(f"{stem}_{phase}" for stem in stems))


_SPAN: Final = (STARTS, ENDS)
_SHORT: Final = (*_SPAN, *TOTALS, *(name for phase in PHASES for name in _electrical(phase)))
_LONG: Final = (*_SHORT, "ampere_hours", *(f"ampere_hours_{phase}" for phase in PHASES))
_SIXTEEN: Final = _growths("", *PHASES)
_REGISTERS: Final = tuple(
    f"register_{code + offset:02x}" for offset in PHASE_OFFSET.values() for code in SIX_REGISTERS
)

LAYOUTS: Final[Mapping[EventKind, tuple[str, ...]]] = MappingProxyType(
    {
        # The fields of a record in wire order (DL/T 645-2007, annex A.4).
        **dict.fromkeys(
            (
                EventKind.LOSS_OF_VOLTAGE,
                EventKind.UNDER_VOLTAGE,
                EventKind.OVER_VOLTAGE,
                EventKind.PHASE_BREAK,
            ),
            _LONG,
        ),
        EventKind.ALL_PHASE_LOSS: (STARTS, "current", ENDS),
        EventKind.AUXILIARY_LOSS: _SPAN,
        EventKind.VOLTAGE_SEQUENCE: (*_SPAN, *_SIXTEEN),
        EventKind.CURRENT_SEQUENCE: (*_SPAN, *_SIXTEEN),
        EventKind.VOLTAGE_UNBALANCE: (*_SPAN, "rate", *_SIXTEEN),
        EventKind.CURRENT_UNBALANCE: (*_SPAN, "rate", *_SIXTEEN),
        EventKind.CURRENT_LOSS: _SHORT,
        EventKind.OVER_CURRENT: _SHORT,
        EventKind.CURRENT_BREAK: _SHORT,
        EventKind.REVERSE_FLOW: (*_SPAN, *_SIXTEEN),
        EventKind.OVERLOAD: (*_SPAN, *_SIXTEEN),
        EventKind.POWER_DOWN: _SPAN,
        EventKind.PROGRAMMING: (STARTS, "operator", *(f"identifier_{n}" for n in range(1, 11))),
        EventKind.METER_CLEAR: (STARTS, "operator", *_REGISTERS),
        EventKind.DEMAND_RESET: (
            STARTS,
            "operator",
            *(part for name in _REGISTERS for part in (f"demand_{name[9:]}", f"demand_{name[9:]}_at")),
        ),
        EventKind.EVENT_CLEAR: (STARTS, "operator", "identifier_1"),
        EventKind.CLOCK_SET: ("operator", "before", "after"),
        **dict.fromkeys(
            (EventKind.COVER_OPEN, EventKind.TERMINAL_COVER_OPEN),
            (
                *_SPAN,
                *(f"before_{code:02x}" for code in SIX_REGISTERS),
                *(f"after_{code:02x}" for code in SIX_REGISTERS),
            ),
        ),
    }
)
FAMILIES_2013: Final = {
    0x10: EventKind.LOSS_OF_VOLTAGE,
    0x11: EventKind.UNDER_VOLTAGE,
    0x12: EventKind.OVER_VOLTAGE,
    0x13: EventKind.PHASE_BREAK,
    0x14: EventKind.VOLTAGE_SEQUENCE,
    0x15: EventKind.CURRENT_SEQUENCE,
    0x16: EventKind.VOLTAGE_UNBALANCE,
    0x17: EventKind.CURRENT_UNBALANCE,
    0x18: EventKind.CURRENT_LOSS,
    0x19: EventKind.OVER_CURRENT,
    0x1A: EventKind.CURRENT_BREAK,
    0x1B: EventKind.REVERSE_FLOW,
    0x1C: EventKind.OVERLOAD,
    0x1D: EventKind.RELAY_OPEN,
    0x1E: EventKind.RELAY_CLOSE,
}
"""DI3 of the State Grid families since 2013, EE PP xx nn."""
COUNT_2013, MINUTES_2013 = (0x00, 0x01), (0x00, 0x02)
START_2013, END_2013 = 0x01, 0x25


class EventRecords:
    """Encodes what the event memory holds, as far as the catalogue knows the layout."""

    __slots__ = ("_log", "_measuring", "_registers", "_values")

    def __init__(
        self, log: EventLog, registers: Registers, measuring: Measuring, values: ValuesShown
    ) -> None:
        """Encode the events of one meter."""
        self._log, self._registers, self._measuring = log, registers, measuring
        self._values = values

    def content(self, item: Item) -> bytes:
        """Return the content of an event identifier; empty when the meter has no such record."""
        number, low, high, family = item.wire
        if family in FAMILIES_2013:
            return self._of_2013(item, FAMILIES_2013[family], high, low, number)
        return self._of_2007(item, high << 8 | low, number)

    def _of_2007(self, item: Item, code: int, number: int) -> bytes:
        kind = _KINDS.get(code)
        if kind is not None and number == 0:
            return self._counter(item, kind)
        phase = ""
        if kind is None or kind in PHASED:
            # Records of phases: 03 kind phase number.
            kind, phase = _KINDS.get(code & 0xFF00), "abc"[(code & 0xFF) - 1 : code & 0xFF]
        if kind is None or (kind in PHASED) != bool(phase):
            return b""
        return self._record(item, kind, phase, number)

    def _counter(self, item: Item, kind: EventKind) -> bytes:
        """Return a count, or count and minutes, of one or of each of three phases."""
        phases = PHASES if kind in PHASED else ("",)
        numbers = [n for p in phases for n in (self._log.count(kind, p), self._log.minutes(kind, p))]
        if len(item.fields) == len(phases):
            numbers = numbers[::2]
        if len(item.fields) != len(numbers):
            return b""
        return b"".join(
            number_to_bcd(n, f.form, rolls_over=True) for n, f in zip(numbers, item.fields, strict=True)
        )

    def _record(self, item: Item, kind: EventKind, phase: str, number: int) -> bytes:
        names = LAYOUTS.get(kind, ())
        if not 1 <= number <= RECORDS_KEPT or len(item.fields) != len(names):
            return b""
        records = self._log.last(kind, phase)
        if number > len(records):
            # A record that never was is all zeros.
            return bytes(item.element_length)
        event = records[number - 1]
        values = {**self.measured(event), **event.values}
        return b"".join(self._field(f, values.get(n)) for f, n in zip(item.fields, names, strict=True))

    def _of_2013(self, item: Item, kind: EventKind, phase_code: int, part: int, number: int) -> bytes:
        phase = "abc"[phase_code - 1 : phase_code] if phase_code else ""
        if (kind in PHASED) != bool(phase) or len(item.fields) != 1:
            return b""
        field = item.fields[0]
        if (part, number) == COUNT_2013:
            return number_to_bcd(self._log.count(kind, phase), field.form, rolls_over=True)
        if (part, number) == MINUTES_2013:
            return number_to_bcd(self._log.minutes(kind, phase), field.form, rolls_over=True)
        records = self._log.last(kind, phase)
        if part not in (START_2013, END_2013) or not 1 <= number <= RECORDS_KEPT:
            return b""
        if number > len(records):
            return bytes(field.form.length)
        event = records[number - 1]
        return self._field(field, event.starts_at if part == START_2013 else event.ends_at)

    def measured(self, event: Event) -> Mapping[str, EventValue]:
        """Return what a record tells of measurements: growth of registers, values at the start."""
        found: dict[str, EventValue] = {STARTS: event.starts_at}
        if event.ends_at is not None:
            found[ENDS] = event.ends_at
            found |= dict(self._grown(event.starts_at, event.ends_at))
        shown = self._measuring.read(event.starts_at)
        found |= {name: shown[q] for name, q in _ELECTRICAL.items() if q in shown}
        found |= dict(self._stood(event))
        return found

    def _grown(self, start: datetime, end: datetime) -> Iterator[tuple[str, float]]:
        for phase, offset in PHASE_OFFSET.items():
            for code, name in zip(GROWTHS, _growths(phase), strict=True):
                before = self._registers.total(code + offset, start)
                after = self._registers.total(code + offset, end)
                if before is not None and after is not None:
                    yield name, (after - before) / COUNTS_PER_UNIT

    def _stood(self, event: Event) -> Iterator[tuple[str, float]]:
        for code in SIX_REGISTERS:
            before = self._registers.total(code, event.starts_at)
            after = self._registers.total(code, event.ends_at or event.starts_at)
            if before is not None and after is not None:
                yield f"before_{code:02x}", before / COUNTS_PER_UNIT
                yield f"after_{code:02x}", after / COUNTS_PER_UNIT

    def _field(self, field: Field, value: EventValue | None) -> bytes:
        """Return one field; zeros for what the meter did not note, such as the end of what still lasts."""
        if isinstance(value, bytes):
            return value[: field.form.length].ljust(field.form.length, b"\0")
        if isinstance(value, datetime):
            is_time = field.form.kind is Kind.TIME
            return self._values.time(value, field.form) if is_time else bytes(field.form.length)
        if value is None or field.form.kind is not Kind.NUMBER:
            return bytes(field.form.length)
        try:
            return number_to_bcd(value, field.form)
        except ValueError:
            return b"\xff" * field.form.length


def registers_noted(registers: Registers, at: datetime) -> Mapping[str, EventValue]:
    """Return the registers that the record of a meter clear keeps, as they stood before."""
    codes = [code + offset for offset in PHASE_OFFSET.values() for code in SIX_REGISTERS]
    totals: Sequence[tuple[int, int | None]] = [(code, registers.total(code, at)) for code in codes]
    return {f"register_{code:02x}": total / COUNTS_PER_UNIT for code, total in totals if total is not None}


_KINDS: Final = {
    kind.value: kind for kind in EventKind if kind not in (EventKind.RELAY_OPEN, EventKind.RELAY_CLOSE)
}
_ELECTRICAL: Final = {
    f"{stem}_{phase}": Quantity(f"{stem}_{phase}")
    for stem in ("voltage", "current", "active_power", "reactive_power", "power_factor")
    for phase in PHASES
}
