"""What a simulated meter of DL/T 645-1997 answers to a read: whole volts, two-byte identifiers, no signs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pipeline.quantities import Quantity
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.decoding import BLOCK_TRAILER
from protocols.dlt645.values import parse_format, time_to_bytes
from protocols.dlt645.version import VERSION_1997
from simulators.dlt645.core import RATES, MeterCore
from simulators.dlt645.demand import rates_of
from simulators.dlt645.replies import ErrorBit1997
from simulators.dlt645.values_shown import counts_to_bcd, number_or_ff

IDENTIFIER: Final = VERSION_1997.identifier_bytes
NAMES: Final = tuple(bytes.fromhex(di)[::-1] for di in ("C032", "C033", "C034"))
CLOCK: Final = {VERSION_1997.date: parse_format("YYMMDDWW"), VERSION_1997.time: parse_format("hhmmss")}
ENERGY: Final[Mapping[int, int]] = MappingProxyType(
    {
        # First three digits of the identifier: DI2 of the register's twin of 2007.
        0x900: 0x00,
        0x901: 0x01,
        0x902: 0x02,
        0x911: 0x03,
        0x912: 0x04,
        0x913: 0x05,
        0x914: 0x08,
        0x915: 0x06,
        0x916: 0x07,
    }
)
DEMAND: Final[Mapping[int, int]] = MappingProxyType({0xA01: 0x01, 0xA02: 0x02})
BLOCK: Final = 0xF
VOLTAGE: Final = 0xB61


class Reader1997:
    """Answers reads of one meter."""

    __slots__ = ("_core",)

    def __init__(self, core: MeterCore) -> None:
        """Read from a meter."""
        self._core = core

    def read(self, wire: bytes) -> bytes | ErrorBit1997:
        """Return the content of an identifier, DI0 first, or why there is none."""
        core = self._core
        if wire in NAMES:
            return core.address
        if wire in CLOCK:
            return time_to_bytes(core.clock.local(), CLOCK[wire])
        item = lookup(wire)
        if item is None or (item.is_block and core.traits.refuses_blocks):
            return ErrorBit1997.IDENTIFIER
        kind, element = divmod(int.from_bytes(wire, "little"), 16)
        content = self._content(item, kind, element)
        if not content:
            return ErrorBit1997.IDENTIFIER
        return content + bytes((BLOCK_TRAILER,)) if item.is_block and core.traits.trailing_aa else content

    def _content(self, item: Item, kind: int, element: int) -> bytes:
        if kind in ENERGY:
            return self._energy(item, ENERGY[kind], element)
        if kind in DEMAND:
            return self._demand(item, DEMAND[kind], element)
        core = self._core
        scale = 10 if kind == VOLTAGE and core.traits.tenths_of_volts else 1
        # No item of 1997 has a sign: what flows out looks like what flows in.
        shown = core.measuring.read(core.clock.true_now())
        return core.values.encoded(item, {q: scale * abs(value) for q, value in shown.items()})

    def _energy(self, item: Item, code: int, rate: int) -> bytes:
        core = self._core
        register = core.registers.at(code, core.clock.true_now(), is_present=True)
        if register is None:
            return b""
        values = [register[0], *register[1]]
        chosen = values if rate == BLOCK else values[rate : rate + 1]
        digits = core.traits.register_digits
        return b"".join(counts_to_bcd(value, item.row.formats[0], digits) for value in chosen)

    def _demand(self, item: Item, code: int, rate: int) -> bytes:
        core = self._core
        shown: Mapping[Quantity, float] = core.measuring.read(core.clock.true_now())
        if rate == 0 and item.fields[0].quantity in shown and core.measuring.is_plain and not core.has_past:
            return core.values.encoded(item, shown)
        peaks = core.past.demand.peaks(0) or {}
        every = rates_of(peaks, code, core.parameters.number(RATES))
        chosen = every if rate == BLOCK else every[rate : rate + 1]
        return b"".join(number_or_ff(peak[0] if peak else 0.0, item.fields[0]) for peak in chosen)
