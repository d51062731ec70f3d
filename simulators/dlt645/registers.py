"""Every energy register of a simulated meter: directions, quadrants, combinations, phases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pipeline.quantities import Quantity
from simulators.dlt645.measuring import Measuring
from simulators.dlt645.parameters import Parameters
from simulators.dlt645.rates import Counts, RateCounter, counts_of

COMBINED_ACTIVE: Final = 0x00
COMBINED_REACTIVE: Final = {0x03: "04000602", 0x04: "04000603"}
COMBINATION_ACTIVE: Final = "04000601"
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
TOTAL_ONLY: Final = {
    0x09: Quantity.APPARENT_ENERGY_IMPORT,
    0x15: Quantity.ACTIVE_ENERGY_IMPORT_A,
    0x16: Quantity.ACTIVE_ENERGY_EXPORT_A,
    0x29: Quantity.ACTIVE_ENERGY_IMPORT_B,
    0x2A: Quantity.ACTIVE_ENERGY_EXPORT_B,
    0x3D: Quantity.ACTIVE_ENERGY_IMPORT_C,
    0x3E: Quantity.ACTIVE_ENERGY_EXPORT_C,
}

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
            return (0, (0,) * self._parameters.number("04000204"))
        if code in TOTAL_ONLY:
            value = shown.get(TOTAL_ONLY[code])
            return None if value is None else (counts_of(value), ())
        known = [q for q in (*DIRECTIONS, *QUADRANTS) if q in shown]
        if not known:
            return None
        rates = self._counter.now(instant) if is_present else self._counter.then(instant)
        counts = self._counts(code, {q: rates[q] for q in known})
        return None if counts is None else (sum(counts), counts)

    def total(self, code: int, instant: datetime) -> int | None:
        """Return a total at any instant without its rates, which costs less."""
        shown = self._measuring.read(instant)
        quantities = {**BY_RATE, **TOTAL_ONLY}
        if code in quantities:
            value = shown.get(quantities[code])
            return None if value is None else counts_of(value)
        totals = {q: (counts_of(shown[q]),) for q in (*DIRECTIONS, *QUADRANTS) if q in shown}
        counts = self._counts(code, totals) if totals else None
        return None if counts is None else sum(counts)

    def _counts(self, code: int, rates: Mapping[Quantity, Counts]) -> Counts | None:
        if code in BY_RATE:
            return rates.get(BY_RATE[code])
        if code == COMBINED_ACTIVE:
            return combined(rates, DIRECTIONS, self._parameters.word(COMBINATION_ACTIVE))
        if code in COMBINED_REACTIVE:
            return combined(rates, QUADRANTS, self._parameters.word(COMBINED_REACTIVE[code]))
        return None


def combined(rates: Mapping[Quantity, Counts], parts: tuple[Quantity, ...], word: int) -> Counts | None:
    """Return a combined register by its combination word (组合方式特征字).

    For each part in turn the word has one bit that adds it and, above it, one that subtracts it. [MEM, agrees
    with the factory words 05H (QI + QII, import + export) and 50H (QIII + QIV)]
    """
    signs = [(word >> 2 * i & 1) - (word >> 2 * i + 1 & 1) for i in range(len(parts))]
    chosen = [(sign, rates.get(part)) for sign, part in zip(signs, parts, strict=True) if sign]
    present = [(sign, counts) for sign, counts in chosen if counts is not None]
    if chosen and not present:
        return None
    width = max((len(counts) for counts in rates.values()), default=0)
    return tuple(sum(sign * counts[i] for sign, counts in present if i < len(counts)) for i in range(width))
