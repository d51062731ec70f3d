"""Measured values of a simulated meter in the digits of the wire: phases, spectra, sections of records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pipeline.quantities import Kind as QuantityKind
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.catalogue import Field, Item
from protocols.dlt645.decoding import on_wiring
from protocols.dlt645.values import Format, Kind, number_to_bcd, time_to_bytes
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.events import EventValue
from simulators.dlt645.measuring import Measuring, SpectrumModel
from simulators.dlt645.registers import Registers

PHASE_AXES: Final = ("phase", "total_phase")
COMBINED_REACTIVE_SECTION: Final = {8: 0x03, 12: 0x04}
"""In the energy section of a load record, by their place: DI2 of the combined reactive registers."""
ENERGY_CLASS: Final = 4
DEMAND_CLASS: Final = 6
SAME_AS: Final = {
    # Items that become no quantity, and what a meter without averaging would show.
    bytes.fromhex("03008002"): Quantity.ACTIVE_POWER,
    bytes.fromhex("05008002"): Quantity.REACTIVE_POWER,
    bytes.fromhex("06008002"): Quantity.APPARENT_POWER,
}
RECTIFIER: Final = {3: 0.3, 5: 1.0, 7: 0.7, 9: 0.1, 11: 0.4, 13: 0.3, 17: 0.2, 19: 0.15}
"""How distortion is spread over orders when the model gives only its total; the shape of rectifier loads."""
FUNDAMENTAL: Final = 99.99
"""Order 1 in per cent: 100 has no digits, so what a meter sends there is its own affair. [MEM]"""
ORDERS: Final = 21


class ValuesShown:
    """Encodes what a meter measures."""

    __slots__ = ("_clock", "_measuring", "_registers", "_wiring")

    def __init__(self, measuring: Measuring, registers: Registers, wiring: Wiring, clock: MeterClock) -> None:
        """Encode for a wiring."""
        self._measuring, self._registers = measuring, registers
        self._wiring, self._clock = wiring, clock

    def has_power(self, instant: datetime) -> bool:
        """Tell whether the meter had power at a true instant."""
        return bool(self._measuring.read(instant))

    def measured(self, item: Item, instant: datetime) -> bytes:
        """Return an item's elements: absent phases are FF inside a block, absent rates are left out."""
        return self.encoded(item, self._measuring.read(instant))

    def encoded(self, item: Item, shown: Mapping[Quantity, float]) -> bytes:
        """Return an item's elements out of measured values; empty when there is none."""
        same = SAME_AS.get(item.wire)
        if same is not None:
            return number_or_ff(shown[same], item.fields[0]) if same in shown else b""
        width = item.width
        content = b""
        found = False
        for start in range(0, len(item.fields), width):
            fields = item.fields[start : start + width]
            exists = any(self._value(field, shown) is not None for field in fields)
            if not exists and item.axis not in PHASE_AXES:
                break
            found = found or exists
            content += b"".join(self._encoded(field, shown) for field in fields)
        return content if found else b""

    def harmonics(self, item: Item, stem: str, phase: str, order: int, instant: datetime) -> bytes:
        """Return the content of one order, or of 1 to 21 for FF; empty for a phase that is not there."""
        quantity = on_wiring(Quantity(f"{stem}_harmonic_{phase}"), self._wiring)
        if quantity is None:
            return b""
        thd = self._measuring.read(instant).get(Quantity(f"{stem}_thd_{phase}"))
        contents = self._spectrum(quantity, thd, instant)
        if contents is None:
            return b""
        chosen = contents[1:] if item.is_block else [contents[order]]
        return b"".join(number_to_bcd(value, item.row.parts[0].form) for value in chosen)

    def section(self, load_class: int, fields: Iterable[Field], instant: datetime) -> bytes:
        """Return a section of a load record as the meter stored it at a true instant."""
        shown = self._measuring.read(instant)
        return b"".join(self._recorded(load_class, field, shown, instant) for field in fields)

    def _recorded(
        self, load_class: int, field: Field, shown: Mapping[Quantity, float], instant: datetime
    ) -> bytes:
        if field.quantity is not None:
            return self._encoded(field, shown)
        if load_class == ENERGY_CLASS:
            counts = self._registers.total(COMBINED_REACTIVE_SECTION[field.start], instant) or 0
            return counts_to_bcd(counts, field.form)
        # The present reactive demand: without averaging it is the power.
        return number_or_ff(shown.get(Quantity.REACTIVE_POWER, 0.0), field)

    def _value(self, field: Field, shown: Mapping[Quantity, float]) -> float | None:
        quantity = field.quantity and on_wiring(field.quantity, self._wiring)
        return shown.get(quantity) if quantity else None

    def _encoded(self, field: Field, shown: Mapping[Quantity, float]) -> bytes:
        """Return one field; FF when absent, zeros for a time that never was and a 3P3W meter's phase B."""
        value = self._value(field, shown)
        if field.form.kind is Kind.TIME:
            if value is None:
                return bytes(field.form.length)
            return self.time(datetime.fromtimestamp(value, self._clock.zone), field.form)
        if value is None:
            three_wire = self._wiring is Wiring.THREE_PHASE_THREE_WIRE
            has_place = field.quantity is not None and field.quantity.endswith("_b")
            return bytes(field.form.length) if three_wire and has_place else b"\xff" * field.form.length
        return number_or_ff(value, field)

    def noted(self, value: EventValue | None, form: Format) -> bytes:
        """Return what the meter noted; zeros for what it did not, such as the end of what still lasts."""
        if isinstance(value, bytes):
            return value[: form.length].ljust(form.length, b"\0")
        if isinstance(value, datetime):
            return self.time(value, form) if form.kind is Kind.TIME else bytes(form.length)
        if value is None or form.kind is not Kind.NUMBER:
            return bytes(form.length)
        try:
            return number_to_bcd(value, form)
        except ValueError:
            return b"\xff" * form.length

    def time(self, true: datetime, form: Format) -> bytes:
        """Return a true time as the meter's clock showed it."""
        return time_to_bytes((true + self._clock.offset_at(true)).astimezone(self._clock.zone), form)

    def _spectrum(self, quantity: Quantity, thd: float | None, instant: datetime) -> Sequence[float] | None:
        if isinstance(self._measuring.model, SpectrumModel):
            own = self._measuring.model.spectrum(instant).get(quantity)
            if own is not None:
                return [0.0, FUNDAMENTAL, *([*own[2:], *([0.0] * ORDERS)][: ORDERS - 1])]
        return None if thd is None else spectrum_of(thd)


def spectrum_of(thd_percent: float) -> Sequence[float]:
    """Return contents by order that make a total distortion; index 0 is the constant part."""
    norm = math.sqrt(sum(share * share for share in RECTIFIER.values()))
    contents = [thd_percent * RECTIFIER.get(order, 0.0) / norm for order in range(ORDERS + 1)]
    return [0.0, FUNDAMENTAL, *contents[2:]]


def number_or_ff(value: float, field: Field) -> bytes:
    """Return a number in its field's digits; one that does not fit them is absent."""
    counter = field.quantity is not None and field.quantity.kind is QuantityKind.COUNTER
    try:
        return number_to_bcd(value, field.form, rolls_over=counter)
    except ValueError:
        return b"\xff" * field.form.length


def counts_to_bcd(counts: int, form: Format, digits: int | None = None) -> bytes:
    """Return a register's counts in its format; it begins at zero again after ``digits`` digits."""
    if digits is not None:
        counts = (counts if counts >= 0 else -counts) % 10**digits * (1 if counts >= 0 else -1)
    if counts < 0 and not form.signed:
        counts = 0
    return number_to_bcd(counts / 10**form.decimals, form, rolls_over=True)
