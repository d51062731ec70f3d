"""What a simulated meter of 2007 does when it is ordered: write, reset, clear, switch, set, change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipeline.events import EventKind
from protocols.dlt645.functions import Function2007
from protocols.dlt645.relay import Control
from protocols.dlt645.values import bytes_to_instant, digits_to_bytes, parse_format
from simulators.dlt645.access import CLEAR_CLASS, PASSWORD_BYTES, WRITE_CLASS
from simulators.dlt645.addressing import is_address
from simulators.dlt645.clock import written_time
from simulators.dlt645.core import RATES, MeterCore
from simulators.dlt645.event_records import demands_noted, registers_noted
from simulators.dlt645.events import NO_VALUES, NOT_CLEARED, Event, EventValue
from simulators.dlt645.programming import before, kinds_of, programming_of
from simulators.dlt645.reading import CLOCK, NAMES
from simulators.dlt645.replies import ErrorBit, Reply, SecurityBit

IDENTIFIER: Final = 4
OPERATOR: Final = 4
SIGNED: Final = PASSWORD_BYTES + OPERATOR
"""Bytes of password and operator code (操作者代码)."""
MOST_WRITTEN: Final = 50
"""The longest content of a write. L <= 50 cannot count the password: a table alone has 42 bytes. [MEM]"""
RATE_BITS: Final = {
    1 << bit: bps for bit, bps in zip(range(1, 7), (600, 1200, 2400, 4800, 9600, 19200), strict=True)
}
"""Z of function 17: exactly one bit."""
PORT_RATE: Final = "04000703"
RESET_REPORT: Final = digits_to_bytes("04001503")
PASSWORD_OF: Final = b"\x0c\x00\x04"
"""04000C01 to 0A name the passwords of classes 0 to 9."""
ALL_EVENTS: Final = b"\xff" * IDENTIFIER
OUTPUTS: Final = (0, 1, 2)
"""Clock pulse, demand period, tariff switch. [MEM]"""
_STAMP: Final = parse_format("YYMMDDhhmmss")
_TARIFF_FAMILIES: Final = tuple(bytes.fromhex(di) for di in ("040001", "040002", "040008", "0401", "0402"))
_THRESHOLDS: Final = bytes.fromhex("0409")
_LOAD_FAMILIES: Final = tuple(bytes.fromhex(di) for di in ("04000901", "04000A"))


class Orders:
    """Obeys orders to one meter, or says why not."""

    __slots__ = ("_core", "bits_per_second", "has_report")

    def __init__(self, core: MeterCore) -> None:
        """Take orders for a meter."""
        self._core = core
        self.bits_per_second = RATE_BITS[core.parameters.word(PORT_RATE)]
        """The rate its port speaks; a change holds after the answer."""
        self.has_report = core.traits.reports_status
        """An event waits to be reported by 04001501."""

    def obey(self, function: int, data: bytes) -> Reply | SecurityBit | None:
        """Obey a function that answers; None is silence.

        Args:
            function: D4 to D0 of the control code; an unknown one is refused.
            data: The data field.
        """
        what = {
            Function2007.WRITE: self.write,
            Function2007.WRITE_ADDRESS: self.write_address,
            Function2007.FREEZE: self.freeze,
            Function2007.CHANGE_RATE: self.change_rate,
            Function2007.CHANGE_PASSWORD: self.change_password,
            Function2007.RESET_DEMAND: self.reset_demand,
            Function2007.CLEAR_METER: self.clear_meter,
            Function2007.CLEAR_EVENTS: self.clear_events,
            Function2007.CONTROL: self.control,
            Function2007.OUTPUT: self.output,
        }
        return what[Function2007(function)](data) if function in what else ErrorBit.OTHER

    def broadcast_time(self, data: bytes) -> None:
        """Obey a broadcast of the time (08), if the rule allows; nobody answers."""
        core = self._core
        sent = bytes_to_instant(data, core.zone) if len(data) == 6 else None  # noqa: PLR2004 - ss to YY
        if sent is None:
            return
        now = core.clock.true_now()
        was = core.values.time(now, _STAMP)
        if core.clock.obey_broadcast(sent):
            now_shown = core.values.time(now, _STAMP)
            self._note(EventKind.CLOCK_SET, bytes(OPERATOR), {"clock before": was, "clock after": now_shown})

    def write(self, data: bytes) -> Reply:
        """Write a parameter (14): identifier, password, operator, content."""
        wire, rest = data[:IDENTIFIER], data[IDENTIFIER:]
        if len(rest) <= SIGNED or len(rest) - SIGNED > MOST_WRITTEN:
            return ErrorBit.OTHER
        core = self._core
        wrong = core.access.check(rest, WRITE_CLASS, core.clock.now())
        if wrong:
            return wrong
        operator, content = rest[PASSWORD_BYTES:SIGNED], rest[SIGNED:]
        if wire == RESET_REPORT:
            self.has_report = False
            return b""
        if wire in CLOCK:
            return self._set_clock(wire, content, operator)
        if wire in NAMES:
            return self._rename(wire, content)
        return self.program(wire, content, operator)

    def program(self, wire: bytes, content: bytes, operator: bytes) -> Reply:
        """Write a parameter for whoever may, and note who it was."""
        core, di = self._core, wire[::-1]
        now = core.clock.true_now()
        programming = programming_of(wire)
        old = b"" if programming is None else before(programming, core.parameters)
        rates = core.parameters.number(RATES)
        if di.startswith(_TARIFF_FAMILIES):
            core.counter.changed(now, rates)  # up to now the old tables hold
        if di.startswith(_THRESHOLDS):
            _ = core.past  # what happened so far was judged by the old ones
        core.catch_up()  # what was counted so far was counted by the old ones
        wrong = core.parameters.write(wire, content)
        if wrong:
            return wrong
        if di.startswith(_TARIFF_FAMILIES):
            core.counter.changed(now, max(core.parameters.number(RATES), 1))
            core.tariffs.changed()
        core.settlement.changed()
        if di.startswith(_LOAD_FAMILIES):
            core.load_memory.restart()
        self._note(EventKind.PROGRAMMING, operator, {"identifier": wire})
        if programming is not None:
            self._note(programming.kind, operator, {programming.field: old})
        return b""

    def write_address(self, data: bytes) -> Reply | None:
        """Take a new address (15); silence for what is none, or without the programming key."""
        core = self._core
        locked_out = core.traits.needs_programming_key and not core.access.is_key_held
        if not is_address(data) or locked_out:
            return None
        core.address = data
        return b""

    def freeze(self, data: bytes) -> Reply:
        """Freeze now or by a pattern (16)."""
        if self._core.traits.refuses_freezes:
            return ErrorBit.OTHER
        return b"" if self._core.freezes.order(data) else ErrorBit.OTHER

    def change_rate(self, data: bytes) -> Reply:
        """Change the communication rate (17); the answer still goes out at the old one."""
        if len(data) != 1 or data[0] not in RATE_BITS:
            return ErrorBit.RATE
        self._core.parameters.write(digits_to_bytes(PORT_RATE), data)
        self.bits_per_second = RATE_BITS[data[0]]
        return data

    def change_password(self, data: bytes) -> Reply:
        """Change a password (18): identifier, old password, new password; answers with the new one."""
        wire, old, new = data[:IDENTIFIER], data[IDENTIFIER:8], data[8:]
        if len(data) != IDENTIFIER + 2 * PASSWORD_BYTES:
            return ErrorBit.OTHER
        if wire[1:] != PASSWORD_OF or wire[0] != new[0] + 1:
            return ErrorBit.NO_SUCH_DATA
        wrong = self._core.access.change(old, new, self._core.clock.now())
        return wrong or new

    def reset_demand(self, data: bytes) -> Reply:
        """Begin maximum demand again (19)."""
        wrong = self._signed(data, WRITE_CLASS)
        if wrong:
            return wrong
        self.begin_demand_again(data[PASSWORD_BYTES:SIGNED])
        return b""

    def begin_demand_again(self, operator: bytes) -> None:
        """Begin maximum demand again and note who did it."""
        past, now = self._core.past, self._core.clock.true_now()
        noted = demands_noted(past.demand.peaks(0) or {})
        self._note(EventKind.DEMAND_RESET, operator, noted)
        past.demand.reset(now)

    def clear_meter(self, data: bytes) -> Reply:
        """Set the meter to zero (1A)."""
        wrong = self._signed(data, CLEAR_CLASS)
        if wrong:
            return wrong
        core = self._core
        noted = registers_noted(core.registers, core.clock.true_now())
        core.clear_registers()
        core.events.clear(set(EventKind) - NOT_CLEARED)
        core.past.watch.forget()
        self._note(EventKind.METER_CLEAR, data[PASSWORD_BYTES:SIGNED], noted)
        return b""

    def clear_events(self, data: bytes) -> Reply:
        """Forget events (1B): all of them, or those of FF DI1 DI2 DI3."""
        which = data[SIGNED:]
        wrong = self._signed(data[:SIGNED], CLEAR_CLASS) or (
            ErrorBit.OTHER if len(which) != IDENTIFIER else ErrorBit(0)
        )
        if wrong:
            return wrong
        kinds = set(EventKind) if which == ALL_EVENTS else kinds_of(which)
        if not kinds:
            return ErrorBit.NO_SUCH_DATA
        _ = self._core.past  # what happened up to now must not come back
        self._core.events.clear(kinds - NOT_CLEARED)
        self._core.past.watch.forget()
        self._note(EventKind.EVENT_CLEAR, data[PASSWORD_BYTES:SIGNED], {"identifier": which})
        return b""

    def control(self, data: bytes) -> Reply | SecurityBit:
        """Switch relay, alarm or supply guard (1C): password, operator, N1 to N8."""
        core, order = self._core, data[SIGNED:]
        if len(order) != 8 or order[0] not in Control.__members__.values():  # noqa: PLR2004 - N1 to N8
            return SecurityBit.OTHER
        if core.access.check(data, CLEAR_CLASS, core.clock.now(), needs_key=False):
            return SecurityBit.IDENTITY
        deadline = bytes_to_instant(order[2:], core.zone)
        if deadline is not None and core.clock.now() > deadline:
            return SecurityBit.OTHER
        done = core.relay.order(Control(order[0]), order[1], core.clock.true_now())
        return b"" if done else SecurityBit.OTHER

    def output(self, data: bytes) -> Reply:
        """Choose what the multi-function terminal puts out (1D). [MEM]"""  # noqa: D415 - a tag ends it
        return data if len(data) == 1 and data[0] in OUTPUTS else ErrorBit.OTHER

    # ---- parts -------------------------------------------------------------------------------------------

    def _signed(self, data: bytes, needed: int) -> ErrorBit:
        """Judge password and operator code without anything behind them."""
        if len(data) != SIGNED:
            return ErrorBit.OTHER
        return self._core.access.check(data, needed, self._core.clock.now())

    def _rename(self, wire: bytes, content: bytes) -> Reply:
        """Write the communication address or the meter number."""
        if not is_address(content):
            return ErrorBit.OTHER
        if wire == NAMES[0]:
            self._core.address = content
        else:
            self._core.number = content
        return b""

    def _set_clock(self, wire: bytes, content: bytes, operator: bytes) -> Reply:
        """Set date, time or both."""
        core = self._core
        if len(content) != CLOCK[wire].length:
            return ErrorBit.OTHER
        wanted = written_time(content, CLOCK[wire], core.clock.local())
        if wanted is None:
            return ErrorBit.OTHER
        now = core.clock.true_now()
        core.counter.now(now)
        was = core.values.time(now, _STAMP)
        core.clock.set_to(wanted)
        now_shown = core.values.time(now, _STAMP)
        self._note(EventKind.CLOCK_SET, operator, {"clock before": was, "clock after": now_shown})
        return b""

    def _note(self, kind: EventKind, operator: bytes, values: Mapping[str, EventValue] = NO_VALUES) -> None:
        at = self._core.clock.true_now()
        noted = {"operator": operator, **values}
        self._core.events.add(Event(kind=kind, starts_at=at, ends_at=at, values=noted))
