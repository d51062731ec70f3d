"""What a simulated meter of 2007 answers to a read: the content of any identifier it knows."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.decoding import BLOCK_TRAILER
from protocols.dlt645.memory import FREEZE_TIME, LOAD_RECORD
from protocols.dlt645.values import digits_to_bytes, parse_format, time_to_bytes
from simulators.dlt645.core import RATES, MeterCore
from simulators.dlt645.demand import PERIOD, SLIDE, Peak, rates_of
from simulators.dlt645.parameters import factory_values
from simulators.dlt645.replies import ErrorBit, Reply
from simulators.dlt645.values_shown import counts_to_bcd, number_or_ff
from simulators.dlt645.voltage_statistics import VoltageMonth

ALL: Final = 0xFF
ENERGY, DEMAND, PRESENT, EVENTS, PARAMETERS, FREEZES = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
EVENTS_2013: Final = range(0x10, 0x1F)
HARMONICS: Final = {0x0A: "voltage", 0x0B: "current"}
VOLTAGE_STATISTICS: Final = 0x10
SETTLEMENTS: Final = 12
NAMES: Final = (digits_to_bytes("04000401"), digits_to_bytes("04000402"))
CLOCK: Final = {
    digits_to_bytes("04000101"): parse_format("YYMMDDWW"),
    digits_to_bytes("04000102"): parse_format("hhmmss"),
    digits_to_bytes("0400010C"): parse_format("YYMMDDWWhhmmss"),
}
STATUS_WORDS: Final = b"\x05\x00\x04"
FREEZE_POWERS: Final = 0x10
FREEZE_MODE: Final = "04000902"
FREEZE_BITS: Final = {
    # Which bit of the freeze mode word keeps which item (II of 05 KK II nn).
    0x01: 0,
    0x02: 1,
    0x03: 2,
    0x04: 3,
    **dict.fromkeys(range(0x05, 0x09), 4),
    0x09: 5,
    0x0A: 6,
    FREEZE_POWERS: 7,
}
IMPORT_DEMAND: Final = 0x01
EXPORT_DEMAND: Final = 0x02
FREEZE_DEMANDS: Final = {0x09: IMPORT_DEMAND, 0x0A: EXPORT_DEMAND}
"""II of 05 KK II nn, and DI2 of the register whose demand it keeps."""


class Reader:
    """Answers reads of one meter."""

    __slots__ = ("_core",)

    def __init__(self, core: MeterCore) -> None:
        """Read from a meter."""
        self._core = core

    def read(self, wire: bytes, arguments: bytes) -> Reply:
        """Return the data of the answer after its identifier, or why there is none.

        Args:
            wire: The identifier, DI0 first.
            arguments: What follows it in the request; load records only.
        """
        traits = self._core.traits
        if traits.refuses_blocks and ALL in wire[:2]:
            return ErrorBit.NO_SUCH_DATA
        if wire[3] == LOAD_RECORD:
            if traits.refuses_load_records:
                return ErrorBit.NO_SUCH_DATA
            return self._core.load_memory.answer(wire, arguments)
        if wire[3] == PARAMETERS:
            own = self._parameter(wire)
            if own is not None:
                return self._closed(wire, own)
        item = lookup(wire)
        content = b"" if item is None else self._content(item)
        return self._closed(wire, content) if content else ErrorBit.NO_SUCH_DATA

    def _closed(self, wire: bytes, content: bytes) -> bytes:
        """Add the AA with which some meters close a block."""
        is_block = ALL in wire[:2]
        return content + bytes((BLOCK_TRAILER,)) if is_block and self._core.traits.trailing_aa else content

    def _parameter(self, wire: bytes) -> bytes | None:
        """Return what is set in the meter, its names, clock and status words; None for anything else."""
        core = self._core
        if wire in NAMES:
            return core.address if wire == NAMES[0] else core.number
        if wire in CLOCK:
            return time_to_bytes(core.clock.local(), CLOCK[wire])
        if wire[1:] == STATUS_WORDS and (wire[0] == ALL or 1 <= wire[0] <= len(core.traits.status_words)):
            words = [word.to_bytes(2, "little") for word in core.status_words()]
            return b"".join(words) if wire[0] == ALL else words[wire[0] - 1]
        if wire[0] == ALL:
            family = [w for w in (*CLOCK, *NAMES, *factory_values()) if w[1:] == wire[1:]]
            return b"".join(self._parameter(w) or b"" for w in sorted(family)) or None
        return core.parameters.get(wire)

    def _content(self, item: Item) -> bytes:
        """Return an item of the catalogue; empty when the meter has no such data."""
        family = item.wire[3]
        if family == EVENTS and item.wire[2] == VOLTAGE_STATISTICS:
            return self._voltage_month(item)
        answers = {
            ENERGY: self._energy,
            DEMAND: self._demand,
            PRESENT: self._present,
            FREEZES: self._freeze,
            EVENTS: self._event,
            **dict.fromkeys(EVENTS_2013, self._event),
        }
        answer = answers.get(family)
        return b"" if answer is None else answer(item)

    # ---- registers ---------------------------------------------------------------------------------------

    def _energy(self, item: Item) -> bytes:
        settlement, rate, code, _ = item.wire
        if settlement == ALL:
            found = [self._energy_at(code, rate, number) for number in range(SETTLEMENTS + 1)]
            known = [counts for counts in found if counts is not None]
            values = [] if found[0] is None else [counts[0] for counts in known]
        else:
            values = self._energy_at(code, rate, settlement) or []
        digits = self._core.traits.register_digits
        return b"".join(counts_to_bcd(value, item.row.parts[0].form, digits) for value in values)

    def _energy_at(self, code: int, rate: int, settlement: int) -> list[int] | None:
        """Return one register, or total and rates for rate FF; None when it is not kept."""
        instant = self._core.settled_at(settlement)
        if instant is None:
            return None
        registers, is_present = self._core.registers, settlement == 0
        if rate == 0 and not (is_present and self._core.measuring.is_booting(instant)):
            total = registers.total(code, instant)
            return None if total is None else [total]
        register = registers.at(code, instant, is_present=is_present)
        if register is None:
            return None
        total, rates = register
        if rate == ALL:
            return [total, *rates]
        values = [total, *rates]
        return [values[rate]] if rate < len(values) else None

    def _demand(self, item: Item) -> bytes:
        settlement, rate, code, _ = item.wire
        if ALL not in (settlement, rate) and settlement == 0 and rate == 0:
            quick = self._quick_demand(item, code)
            if quick:
                return quick
        past, rates = self._core.past.demand, self._core.parameters.number(RATES)
        if code not in (IMPORT_DEMAND, EXPORT_DEMAND, *range(0x05, 0x09)):
            return b""
        if settlement == ALL:
            kept = [past.peaks(number) for number in range(SETTLEMENTS + 1)]
            peaks = [found.get((code, rate)) for found in kept if found is not None]
        else:
            found = past.peaks(settlement)
            if found is None or (rate != ALL and rate > rates):
                return b""
            every = rates_of(found, code, rates)
            peaks = list(every) if rate == ALL else [every[rate]]
        return b"".join(self._peak(item, peak) for peak in peaks)

    def _quick_demand(self, item: Item, code: int) -> bytes:
        """Return the total of the present period as the model keeps it, while no order changed that."""
        core = self._core
        now = core.clock.true_now()
        shown = core.measuring.read(now)
        is_monthly = core.parameters.content("04000B01") == digits_to_bytes("0100")
        if not core.measuring.is_plain or not is_monthly or not has_usual_demand(core):
            return b""
        if code == IMPORT_DEMAND and item.fields[0].quantity in shown:
            return core.values.measured(item, now)
        never_exported = core.registers.total(EXPORT_DEMAND, now) == 0
        return self._peak(item, None) if code == EXPORT_DEMAND and never_exported else b""

    def _peak(self, item: Item, peak: Peak | None) -> bytes:
        value_form, time_form = (part.form for part in item.row.parts)
        if peak is None:
            return bytes(value_form.length + time_form.length)
        return number_or_ff(peak[0], item.fields[0]) + self._core.values.time(peak[1], time_form)

    # ---- present values ------------------------------------------------------------------------------------

    def _present(self, item: Item) -> bytes:
        order, phase, code, _ = item.wire
        now = self._core.clock.true_now()
        if code in HARMONICS:
            name = "abc"[phase - 1 : phase]
            return self._core.values.harmonics(item, HARMONICS[code], name, order, now)
        return self._core.values.measured(item, now)

    def _voltage_month(self, item: Item) -> bytes:
        back, phase, _, _ = item.wire
        name = "abc"[phase - 1 : phase] if phase else ""
        month = self._core.past.voltage.month(self._core.clock.true_now(), back, name)
        if month is None:
            return b""
        return b"".join(
            self._core.values.noted(value, field.form)
            for field, value in zip(item.fields, _statistics(month), strict=True)
        )

    def _event(self, item: Item) -> bytes:
        _ = self._core.past  # what happened up to now is in the event memory after it
        return self._core.records.content(item)

    # ---- freezes -------------------------------------------------------------------------------------------

    def _freeze(self, item: Item) -> bytes:
        number, content, kind, _ = item.wire
        at = self._core.freezes.instant(kind, number)
        is_kept = self._core.parameters.word(FREEZE_MODE) >> FREEZE_BITS.get(content, 0) & 1
        if at is None or self._core.traits.refuses_freezes or (content in FREEZE_BITS and not is_kept):
            return b""
        if content == FREEZE_TIME:
            return self._core.values.time(at, item.row.parts[0].form)
        if content == FREEZE_POWERS:
            return self._core.values.measured(item, at)
        if content in FREEZE_DEMANDS:
            peaks = self._core.past.demand.peaks_at(at)
            every = rates_of(peaks, FREEZE_DEMANDS[content], self._core.parameters.number(RATES))
            return b"".join(self._peak(item, peak) for peak in every)
        register = self._core.registers.at(content, at, is_present=False)
        if register is None:
            return b""
        total, rates = register
        values = (total, *rates) if len(item.fields) > 1 else (total,)
        digits = self._core.traits.register_digits
        return b"".join(counts_to_bcd(value, item.row.parts[0].form, digits) for value in values)


def has_usual_demand(core: MeterCore) -> bool:
    """Tell whether maximum demand is that of the month's whole quarters of an hour, as models keep it."""
    if core.has_past:
        return core.past.demand.is_by_quarters and not core.past.demand.was_reset
    usual = digits_to_bytes("15")
    return core.parameters.content(PERIOD) == usual == core.parameters.content(SLIDE)


def _statistics(month: VoltageMonth) -> tuple[float | datetime | None, ...]:
    """Return the nine fields of 0310 in wire order."""
    return (
        month.monitored_min,
        month.pass_percent,
        100.0 - month.pass_percent,
        month.over_min,
        month.under_min,
        *(month.highest or (None, None)),
        *(month.lowest or (None, None)),
    )
