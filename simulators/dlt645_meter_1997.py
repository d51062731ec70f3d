"""A meter on the wire that speaks DL/T 645-1997: two-byte identifiers, no sequence, no signs, whole volts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeAlias, Unpack

from protocols.dlt645.frame import ABNORMAL, FROM_METER, FUNCTION, MORE, PREAMBLE, build, payload
from protocols.dlt645.functions import Function1997
from protocols.dlt645.questions import MAX_DATA
from protocols.dlt645.session import ANY_ADDRESS
from protocols.dlt645.values import bytes_to_instant
from simulators.dlt645.access import PASSWORD_BYTES, WRITE_CLASS
from simulators.dlt645.addressing import EVERYBODY, is_address, is_shortened_for
from simulators.dlt645.clock import written_time
from simulators.dlt645.core import MeterSettings
from simulators.dlt645.following import Part
from simulators.dlt645.listening import ListeningMeter
from simulators.dlt645.measuring import Model
from simulators.dlt645.orders import RATE_BITS
from simulators.dlt645.reading_1997 import CLOCK, IDENTIFIER, Reader1997
from simulators.dlt645.replies import ErrorBit1997

READS: Final = frozenset({Function1997.READ, Function1997.READ_FOLLOWING, Function1997.READ_AGAIN})
TO_EVERYBODY: Final = frozenset({Function1997.BROADCAST_TIME, Function1997.WRITE_ADDRESS})
Reply1997: TypeAlias = Part | ErrorBit1997 | None
DONE: Final = Part(data=b"", more=False)


class Dlt645Meter1997(ListeningMeter):
    """One slave on a line; it measures and remembers as its younger sister does and says less about it."""

    __slots__ = ("_last", "_reader", "_rest")

    def __init__(
        self,
        address: str,
        model: Model,
        clock: Callable[[], datetime],
        **settings: Unpack[MeterSettings],
    ) -> None:
        """Set the meter up, with the arguments of every meter."""
        super().__init__(address, model, clock, **settings)
        self._reader = Reader1997(self.core)
        self._rest: tuple[bytes, bytes] = (b"", b"")
        self._last: Reply1997 = None

    def _is_meant(self, raw: bytes) -> bool:
        asked, control = raw[1:7], raw[8]
        if control & ~FUNCTION:
            return False
        if asked == self.core.address:
            return True
        if asked == EVERYBODY:
            return control in TO_EVERYBODY or (self.core.traits.answers_broadcast and control in READS)
        return control in READS and is_shortened_for(asked, self.core.address)

    def _answer(self, raw: bytes) -> bytes:
        core, control = self.core, raw[8]
        reply = self._reply(control, payload(raw))
        if reply is None:
            return b""
        wild = raw[1:7] == ANY_ADDRESS and core.traits.echoes_wildcard
        address = ANY_ADDRESS if wild else core.address
        if isinstance(reply, ErrorBit1997):
            frame = build(address, control | FROM_METER | ABNORMAL, bytes((reply,)))
        else:
            frame = build(address, control | FROM_METER | (MORE if reply.more else 0), reply.data)
        return PREAMBLE[: core.traits.preamble] + frame

    def _reply(self, control: int, data: bytes) -> Reply1997:
        what = {
            Function1997.READ: self._read,
            Function1997.READ_FOLLOWING: self._read_following,
            Function1997.READ_AGAIN: self._read_again,
            Function1997.WRITE: self._write,
            Function1997.BROADCAST_TIME: self._broadcast_time,
            Function1997.WRITE_ADDRESS: self._write_address,
            Function1997.CHANGE_RATE: self._change_rate,
            Function1997.CHANGE_PASSWORD: self._change_password,
            Function1997.RESET_DEMAND: self._reset_demand,
        }
        if control not in what:
            return None  # A meter of 1997 does not know 11 or 13: silence tells the editions apart.
        return what[Function1997(control)](data)

    def _read(self, data: bytes) -> Reply1997:
        content = self._reader.read(data) if len(data) == IDENTIFIER else ErrorBit1997.ILLEGAL_DATA
        if isinstance(content, ErrorBit1997):
            return content
        return self._cut(data, content)

    def _read_following(self, data: bytes) -> Reply1997:
        wire, rest = self._rest
        if not rest or data != wire:
            return ErrorBit1997.ILLEGAL_DATA
        return self._cut(wire, rest)

    def _read_again(self, data: bytes) -> Reply1997:
        return ErrorBit1997.ILLEGAL_DATA if data or self._last is None else self._last

    def _cut(self, wire: bytes, content: bytes) -> Part:
        room = MAX_DATA - IDENTIFIER
        self._rest = (wire, content[room:])
        part = Part(data=wire + content[:room], more=len(content) > room)
        self._last = part
        return part

    def _write(self, data: bytes) -> Reply1997:
        """Set date or time; this meter lets nothing else be written."""
        core, wire, rest = self.core, data[:IDENTIFIER], data[IDENTIFIER:]
        password, content = rest[:PASSWORD_BYTES], rest[PASSWORD_BYTES:]
        if len(password) < PASSWORD_BYTES:
            return ErrorBit1997.ILLEGAL_DATA
        if core.access.check(password, WRITE_CLASS, core.clock.now()):
            return ErrorBit1997.PASSWORD
        if wire not in CLOCK:
            return ErrorBit1997.IDENTIFIER
        if len(content) != CLOCK[wire].length:
            return ErrorBit1997.ILLEGAL_DATA
        wanted = written_time(content, CLOCK[wire], core.clock.local())
        if wanted is None:
            return ErrorBit1997.ILLEGAL_DATA
        core.counter.now(core.clock.true_now())
        core.clock.set_to(wanted)
        return DONE

    def _broadcast_time(self, data: bytes) -> Reply1997:
        sent = bytes_to_instant(data, self.core.zone) if len(data) == 6 else None  # noqa: PLR2004 - ss to YY
        if sent is not None:
            self.core.clock.obey_broadcast(sent)
        return None

    def _write_address(self, data: bytes) -> Reply1997:
        if not is_address(data):
            return None
        self.core.address = data
        return DONE

    def _change_rate(self, data: bytes) -> Reply1997:
        """Change the rate; Z is taken to be the byte of 2007. [MEM]."""
        return (
            Part(data=data, more=False)
            if data in {bytes((z,)) for z in RATE_BITS}
            else ErrorBit1997.ILLEGAL_DATA
        )

    def _change_password(self, data: bytes) -> Reply1997:
        old, new = data[:PASSWORD_BYTES], data[PASSWORD_BYTES:]
        if len(new) != PASSWORD_BYTES:
            return ErrorBit1997.ILLEGAL_DATA
        return ErrorBit1997.PASSWORD if self.core.access.change(old, new, self.core.clock.now()) else DONE

    def _reset_demand(self, data: bytes) -> Reply1997:
        core = self.core
        if core.access.check(data, WRITE_CLASS, core.clock.now()):
            return ErrorBit1997.PASSWORD
        core.past.demand.reset(core.clock.true_now())
        return DONE
