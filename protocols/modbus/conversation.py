"""One open question at a time to one Modbus unit: bytes to frames, frames to what a session makes of them."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from pymodbus.pdu import ModbusPDU, ReadHoldingRegistersRequest
from pymodbus.pdu.register_message import ReadInputRegistersRequest

from pipeline.errors import MeterRefusedError
from protocols.modbus.framing import Found, Framing
from protocols.modbus.hunt import Hunter
from protocols.modbus.planner import Span
from protocols.session import NEED_DATA, Dropped, DropReason, Event, NeedData, Query, Refused

EXCEPTIONS: Final[Mapping[int, str]] = {
    # MODBUS Application Protocol V1.1b3, section 7
    0x01: "illegal function",
    0x02: "illegal data address",
    0x03: "illegal data value",
    0x04: "server device failure",
    0x05: "acknowledge",
    0x06: "server device busy",
    0x08: "memory parity error",
    0x0A: "gateway path unavailable",
    0x0B: "gateway target device failed to respond",
}
PASSING: Final = frozenset({0x04, 0x05, 0x06, 0x0A, 0x0B})
"""Codes of a passing condition: the registers exist and are worth asking again."""

Understand: TypeAlias = Callable[[Query, Found], Event]
"""Makes an event of the frame that answers the open question."""

_BODY = struct.Struct(">BHH")
_REQUESTS: Mapping[int, type[ModbusPDU]] = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}
_LONGEST_OVERHEAD = {Framing.RTU: 5, Framing.SOCKET: 9}


def span_query(span: Span, framing: Framing, part_of: str = "") -> Query:
    """Return the question for the registers of ``span``."""
    return Query(
        what=span.what,
        body=_BODY.pack(span.function, span.address, span.count),
        answer_bytes=_LONGEST_OVERHEAD[framing] + 2 * span.count,
        part_of=part_of,
    )


def query_span(query: Query) -> Span:
    """Return the registers that a question asks for."""
    return Span(*_BODY.unpack(query.body))


def refusal(query: Query, found: Found) -> Refused:
    """Return the event of an answer that is an exception."""
    code = found.exception_code or 0
    meanings = (EXCEPTIONS.get(code, "unknown exception"),)
    error = MeterRefusedError(query.what, code, meanings, lasting=code not in PASSING)
    return Refused(query=query, raw=found.raw, error=error)


class Conversation:
    """Bytes in, events out, for the meter with one unit identifier (从站地址).

    In RTU an answer does not say which addresses it holds: a late one of the same size cannot be told from
    the awaited one. So a collector lets an unanswered RTU line rest before it asks again.
    """

    def __init__(self, unit: int, framing: Framing, understand: Understand) -> None:
        """Have ``understand`` make sense of the answers of ``unit``."""
        self._unit = unit
        self._hunter = Hunter(framing, unit)
        self._understand = understand
        self._transaction = 0
        self._open: Query | None = None
        self._events: deque[Event] = deque()

    def __len__(self) -> int:
        """Return how many bytes are held."""
        return len(self._hunter)

    def ask(self, query: Query, span: Span) -> bytes:
        """Open a question for ``span`` and return the bytes to send; an older open question is forgotten."""
        self._transaction = self._transaction % 0xFFFF + 1
        request = self._hunter.framer.request(
            _REQUESTS[span.function](
                dev_id=self._unit,
                transaction_id=self._transaction,
                address=span.address,
                count=span.count,
            )
        )
        self._events = deque(event for event in self._events if isinstance(event, Dropped))
        self._take(self._hunter.expect(request))
        self._open = query
        return request

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the line, in any chunks."""
        self._take(self._hunter.feed(data))

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        """Return the next event, or ``NEED_DATA``."""
        return self._events.popleft() if self._events else NEED_DATA

    def _take(self, findings: Sequence[Found | Dropped]) -> None:
        for finding in findings:
            self._events.append(finding if isinstance(finding, Dropped) else self._answered(finding))

    def _answered(self, found: Found) -> Event:
        query, self._open = self._open, None
        if query is None:
            return Dropped(reason=DropReason.LATE, raw=found.raw)
        return self._understand(query, found)
