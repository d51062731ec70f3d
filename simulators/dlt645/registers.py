"""Every energy register of a simulated meter: directions, quadrants, combinations, phases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Final

from pipeline.quantities import Quantity
from simulators.dlt645.measuring import Measuring
from simulators.dlt645.parameters import Parameters
from simulators.dlt645.rates import Counts, RateCounter, counts_of

DIRECTIONS: Final = (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_EXPORT)
QUADRANTS: Final = (
    Quantity.REACTIVE_ENERGY_Q1,
    Quantity.REACTIVE_ENERGY_Q2,
    Quantity.REACTIVE_ENERGY_Q3,
    Quantity.REACTIVE_ENERGY_Q4,
)
BY_RATE: Final = {
    # DI2 of identifiers 00 DI2 rate settlement.
    0x01: DIRECTIONS[0],
    0x02: DIRECTIONS[1],
    **dict(zip(range(0x05, 0x09), QUADRANTS, strict=True)),
}
COMBINED: Final = {
    # What they may add, and the parameter that says which of it.
    0x00: (DIRECTIONS, "04000601"),
    0x03: (QUADRANTS, "04000602"),
    0x04: (QUADRANTS, "04000603"),
}
TOTAL_ONLY: Final = {
    0x09: Quantity.APPARENT_ENERGY_IMPORT,
    0x15: Quantity.ACTIVE_ENERGY_IMPORT_A,
    0x16: Quantity.ACTIVE_ENERGY_EXPORT_A,
    0x29: Quantity.ACTIVE_ENERGY_IMPORT_B,
    0x2A: Quantity.ACTIVE_ENERGY_EXPORT_B,
    0x3D: Quantity.ACTIVE_ENERGY_IMPORT_C,
    0x3E: Quantity.ACTIVE_ENERGY_EXPORT_C,
}

SINGLE: Final = {**BY_RATE, **TOTAL_ONLY}

Register = tuple[int, Counts]
"""The total and the rates, in 0.01 of the unit; the total is their sum where there are rates."""


class Registers:
    """Answers what a register holds, now or at an instant of the past."""

    __slots__ = ("_counter", "_measuring", "_parameters")

    def __init__(self, measuring: Measuring, parameters: Parameters, counter: RateCounter) -> None:
        """Read the registers of one meter."""
        self._measuring, self._parameters, self._counter = measuring, parameters, counter

    def at(self, code: int, instant: datetime, *, is_present: bool) -> Register | None:
        """Return a register by DI2 of its identifier; None when the meter does not keep it.

        Args:
            code: DI2: 00 combined active, 01 import, ... 08 quadrant IV, phases from 15 on.
            instant: True time.
            is_present: False for what the meter remembers.
        """
        shown = self._measuring.read(instant)
        if not shown:
            return None
        if is_present and self._measuring.is_booting(instant):
            return (0, (0,) * self._rates)
        if code in TOTAL_ONLY:
            value = shown.get(TOTAL_ONLY[code])
            return None if value is None else (counts_of(value), ())
        known = [q for q in (*DIRECTIONS, *QUADRANTS) if q in shown]
        if not known:
            return None
        wanted = [BY_RATE[code]] if code in BY_RATE else [part for _, part in self._parts(code)]
        present = [quantity for quantity in wanted if quantity in known]
        if not present and (wanted or code not in COMBINED):
            return None
        rates = self._counter.now(instant) if is_present else self._counter.then(instant, present)
        if code in BY_RATE:
            counts = rates[present[0]]
        else:
            counts = combined({q: rates[q] for q in present}, self._parts(code), self._rates)
        return (sum(counts), counts)

    def total(self, code: int, instant: datetime) -> int | None:
        """Return a total at any instant without its rates, which costs less."""
        shown = self._measuring.read(instant)
        if code in SINGLE:
            value = shown.get(SINGLE[code])
            return None if value is None else counts_of(value)
        chosen = [(sign, shown.get(part)) for sign, part in self._parts(code)]
        present = [sign * counts_of(value) for sign, value in chosen if value is not None]
        return sum(present) if present or (shown and not chosen and code in COMBINED) else None

    @property
    def _rates(self) -> int:
        return self._parameters.number("04000204")

    def _parts(self, code: int) -> tuple[tuple[int, Quantity], ...]:
        """Return what a combined register adds (1) and subtracts (-1); nothing for any other."""
        if code not in COMBINED:
            return ()
        parts, di = COMBINED[code]
        return parts_of(parts, self._parameters.word(di))


@cache
def parts_of(parts: tuple[Quantity, ...], word: int) -> tuple[tuple[int, Quantity], ...]:
    """Return what a combination word (组合方式特征字) adds and subtracts.

    For each part in turn the word has one bit that adds it and, above it, one that subtracts it. [MEM, agrees
    with the factory words 05H (QI + QII, import + export) and 50H (QIII + QIV)]
    """
    signs = [(word >> 2 * i & 1) - (word >> 2 * i + 1 & 1) for i in range(len(parts))]
    return tuple((sign, part) for sign, part in zip(signs, parts, strict=True) if sign)


def combined(rates: Mapping[Quantity, Counts], parts: Iterable[tuple[int, Quantity]], width: int) -> Counts:
    """Return a combined register by rate, at least ``width`` of them; parts not kept count nothing."""
    present = [(sign, rates[part]) for sign, part in parts if part in rates]
    width = max([width, *(len(counts) for _, counts in present)])
    return tuple(sum(sign * counts[i] for sign, counts in present if i < len(counts)) for i in range(width))
