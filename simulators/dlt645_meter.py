"""A meter on the wire that speaks DL/T 645-2007 as the standard says: bytes in, bytes or silence out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Unpack

from protocols.dlt645.frame import ABNORMAL, FROM_METER, FUNCTION, MORE, PREAMBLE, build, payload
from protocols.dlt645.functions import Function2007
from protocols.dlt645.session import ANY_ADDRESS, REPORT
from protocols.dlt645.version import VERSION_2007
from simulators.dlt645.addressing import EVERYBODY, is_shortened_for
from simulators.dlt645.core import MeterSettings
from simulators.dlt645.following import Following, Part
from simulators.dlt645.listening import ListeningMeter
from simulators.dlt645.measuring import Model
from simulators.dlt645.orders import Orders
from simulators.dlt645.reading import Reader
from simulators.dlt645.replies import ErrorBit, Reply, SecurityBit

IDENTIFIER: Final = VERSION_2007.identifier_bytes
READS: Final = frozenset({Function2007.READ, Function2007.READ_FOLLOWING, Function2007.READ_ADDRESS})
"""What may be asked with a shortened address (缩位寻址, 5.2.2)."""
BROADCASTS: Final = frozenset({Function2007.BROADCAST_TIME, Function2007.FREEZE})
"""What is obeyed when it is sent to everybody; nobody answers."""
REPORT_CONTENT: Final = b"\x01" + bytes(11)
"""What a report of events says; its layout is the maker's. [MEM]"""


class Dlt645Meter(ListeningMeter):
    """One slave on a line; many may share it, each is silent unless it is meant."""

    __slots__ = ("_following", "_orders", "_reader", "_reported_last")

    def __init__(
        self,
        address: str,
        model: Model,
        clock: Callable[[], datetime],
        **settings: Unpack[MeterSettings],
    ) -> None:
        """Set the meter up, with the arguments of every meter."""
        super().__init__(address, model, clock, **settings)
        self._reader = Reader(self.core)
        self._orders = Orders(self.core)
        self._following = Following(self.core.traits)
        self._reported_last = False

    @property
    def bits_per_second(self) -> int:
        """The rate its port speaks now; a line without rates need not care."""
        return self._orders.bits_per_second

    def _is_meant(self, raw: bytes) -> bool:
        """Tell whether a frame means this meter: its address, everybody's, or one shortened with AA."""
        asked, control = raw[1:7], raw[8]
        if control & ~FUNCTION:
            return False  # From a meter, or no question.
        own = self.core.address
        if asked == own:
            return True
        if asked == EVERYBODY:
            return control in BROADCASTS or (self.core.traits.answers_broadcast and control in READS)
        if asked == ANY_ADDRESS and control == Function2007.WRITE_ADDRESS:
            return True
        return control in READS and is_shortened_for(asked, own)

    def _answer(self, raw: bytes) -> bytes:
        core, control, data = self.core, raw[8], payload(raw)
        core.relay.settle(core.clock.true_now())
        reply = self._reply(control, data)
        if reply is None or (raw[1:7] == EVERYBODY and control not in READS):
            return b""
        wild = raw[1:7] == ANY_ADDRESS and core.traits.echoes_wildcard and control in READS
        address = ANY_ADDRESS if wild else core.address
        return PREAMBLE[: core.traits.preamble] + _frame(address, control, reply)

    def _reply(self, control: int, data: bytes) -> Reply | Part | SecurityBit | None:  # noqa: PLR0911 - a table of functions
        orders = self._orders
        match control:
            case Function2007.READ:
                return self._read(data)
            case Function2007.READ_FOLLOWING:
                if len(data) != IDENTIFIER + 1:
                    return ErrorBit.OTHER
                return self._following.next(data[:IDENTIFIER], data[IDENTIFIER])
            case Function2007.READ_ADDRESS:
                return self.core.address
            case Function2007.BROADCAST_TIME:
                orders.broadcast_time(data)
                return None
            case Function2007.AUTHENTICATE:
                return SecurityBit.IDENTITY  # There is no security module (ESAM) in it.
        return orders.obey(control, data)

    def _read(self, data: bytes) -> Part | ErrorBit:
        wire, arguments = data[:IDENTIFIER], data[IDENTIFIER:]
        if len(wire) < IDENTIFIER:
            return ErrorBit.OTHER
        # While an event waits, every second answer is its report, so that a master that asks again gets both.
        self._reported_last = self._orders.has_report and not self._reported_last
        if self._reported_last:
            return Part(data=REPORT + REPORT_CONTENT, more=False)
        content = self._reader.read(wire, arguments)
        return content if isinstance(content, ErrorBit) else self._following.first(wire, content)


def _frame(address: bytes, control: int, reply: Reply | Part | SecurityBit) -> bytes:
    match reply:
        case ErrorBit():
            return build(address, control | FROM_METER | ABNORMAL, bytes((reply,)))
        case SecurityBit():
            return build(address, control | FROM_METER | ABNORMAL, reply.to_bytes(2, "little"))
        case Part(data=data, more=more):
            return build(address, control | FROM_METER | (MORE if more else 0), data)
    return build(address, control | FROM_METER, reply)
