"""What a simulated meter of DL/T 645-1997 answers to a read: whole volts, two-byte identifiers, no signs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
DEMAND: Final[Mapping[int, int]] = MappingProxyType(
    {0xA01: 0x01, 0xA02: 0x02, 0xA13: 0x05, 0xA14: 0x08, 0xA15: 0x06, 0xA16: 0x07}
)
DEMAND_TIME: Final = MappingProxyType({kind + 0x100: code for kind, code in DEMAND.items()})
PARAMETERS: Final = MappingProxyType(
    {
        # What both editions have in the same format.
        0xC031: "0400040A",
        0xC111: "04000103",
        0xC112: "04000104",
        0xC117: "04000B01",
        0xC310: "04000201",
        0xC311: "04000202",
        0xC312: "04000203",
        0xC313: "04000204",
    }
)
MONTHS: Final = 0x0C0
"""The bits of the identifier's first three digits that count months back."""
BLOCK: Final = 0xF
VOLTAGES: Final = (0xB61, 0xB69)


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
        whole = int.from_bytes(wire, "little")
        if whole in PARAMETERS:
            return core.parameters.content(PARAMETERS[whole])
        content = self._content(item, *divmod(whole, 16))
        if not content:
            return ErrorBit1997.IDENTIFIER
        return content + bytes((BLOCK_TRAILER,)) if item.is_block and core.traits.trailing_aa else content

    def _content(self, item: Item, kind: int, element: int) -> bytes:
        present = kind & ~MONTHS
        if present in ENERGY:
            return self._energy(item, ENERGY[present], element)
        if present in DEMAND or present in DEMAND_TIME:
            return self._demand(item, present, element)
        core = self._core
        scale = 10 if kind in VOLTAGES and core.traits.tenths_of_volts else 1
        # No item of 1997 has a sign: what flows out looks like what flows in.
        shown = core.measuring.read(core.clock.true_now())
        return core.values.encoded(item, {q: scale * abs(value) for q, value in shown.items()})

    def _energy(self, item: Item, code: int, rate: int) -> bytes:
        core = self._core
        instant = core.settled_at(item.period)
        if instant is None:
            return b""
        register = core.registers.at(code, instant, is_present=item.period == 0)
        if register is None:
            return b""
        values = [register[0], *register[1]]
        chosen = values if rate == BLOCK else values[rate : rate + 1]
        digits = core.traits.register_digits
        return b"".join(counts_to_bcd(value, item.row.parts[0].form, digits) for value in chosen)

    def _demand(self, item: Item, kind: int, rate: int) -> bytes:
        core = self._core
        peaks = core.past.demand.peaks(item.period)
        if peaks is None:
            return b""
        code = DEMAND.get(kind, DEMAND_TIME.get(kind, 0))
        every = rates_of(peaks, code, core.parameters.number(RATES))
        chosen = every if rate == BLOCK else every[rate : rate + 1]
        field = item.fields[0]
        if kind in DEMAND:
            return b"".join(number_or_ff(peak[0] if peak else 0.0, field) for peak in chosen)
        times = [
            core.values.time(peak[1], field.form) if peak else bytes(field.form.length) for peak in chosen
        ]
        return b"".join(times)
