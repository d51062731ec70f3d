"""One Modbus meter's conversation: requests out, registers in, as measured values in their units."""

from __future__ import annotations

import math
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pymodbus.pdu import ModbusPDU, ReadHoldingRegistersRequest
from pymodbus.pdu.register_message import ReadInputRegistersRequest

from pipeline.errors import MeterRefusedError
from pipeline.model import Quality, Value
from pipeline.quantities import Quantity
from protocols.modbus.framing import Found, Framing
from protocols.modbus.hunt import Hunter
from protocols.modbus.planner import Span, point_span
from protocols.modbus.registers import decode_registers
from protocols.profile import Point
from protocols.session import NEED_DATA, Answer, Dropped, DropReason, Event, NeedData, Query, Refused

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

SPANS_KEPT = 64
"""Questions of which a session remembers what their answers hold."""
_BODY = struct.Struct(">BHH")
_REQUESTS: Mapping[int, type[ModbusPDU]] = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}
_LONGEST_OVERHEAD = {Framing.RTU: 5, Framing.SOCKET: 9}


def span_query(span: Span, framing: Framing) -> Query:
    """Return the question for the registers of ``span``."""
    return Query(
        what=span.what,
        body=_BODY.pack(span.function, span.address, span.count),
        answer_bytes=_LONGEST_OVERHEAD[framing] + 2 * span.count,
    )


def query_span(query: Query) -> Span:
    """Return the registers that a question asks for."""
    return Span(*_BODY.unpack(query.body))


class ModbusSession:
    """Bytes in, events out, for the meter with one unit identifier (从站地址).

    In RTU an answer does not say which addresses it holds: a late one of the same size cannot be told from
    the awaited one. So a collector lets an unanswered RTU line rest before it asks again.
    """

    def __init__(self, unit: int, points: Sequence[Point], framing: Framing) -> None:
        """Read answers of ``unit`` with the register map ``points``."""
        self._unit = unit
        self._points = tuple(points)
        self._hunter = Hunter(framing, unit)
        self._transaction = 0
        self._open: Query | None = None
        self._places: dict[bytes, tuple[_Place, ...]] = {}
        self._events: deque[Event] = deque()

    def ask(self, query: Query) -> bytes:
        """Open a question and return the bytes to send; an older open question is forgotten."""
        span = query_span(query)
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
            self._events.append(finding if isinstance(finding, Dropped) else self._understand(finding))

    def _understand(self, found: Found) -> Event:
        query, self._open = self._open, None
        if query is None:
            return Dropped(reason=DropReason.LATE, raw=found.raw)
        if found.exception_code is not None:
            code = found.exception_code
            meanings = (EXCEPTIONS.get(code, "unknown exception"),)
            error = MeterRefusedError(query.what, code, meanings, lasting=code not in PASSING)
            return Refused(query=query, raw=found.raw, error=error)
        values, flags = _read(self._places_of(query), found.registers)
        return Answer(
            query=query, raw=found.raw, values=values, flags=flags, facts={"address": str(self._unit)}
        )

    def _places_of(self, query: Query) -> tuple[_Place, ...]:
        """Return what an answer holds; the same questions come slot after slot."""
        places = self._places.get(query.body)
        if places is None:
            if len(self._places) >= SPANS_KEPT:
                self._places.clear()
            places = self._places[query.body] = _places(self._points, query_span(query))
        return places


@dataclass(frozen=True, slots=True)
class _Place:
    """A point and where it lies within an answer."""

    point: Point
    start: int
    stop: int


def _places(points: Sequence[Point], span: Span) -> tuple[_Place, ...]:
    """Return the points that lie wholly within ``span``."""
    held = ((point, place) for point in points if span.holds(place := point_span(point)))
    return tuple(
        _Place(point, place.address - span.address, place.end - span.address) for point, place in held
    )


def _read(
    places: Sequence[_Place], registers: Sequence[int]
) -> tuple[dict[Quantity, Value], dict[Quantity, Quality]]:
    """Return the values of an answer's points, and a flag where the meter sent no number."""
    values: dict[Quantity, Value] = {}
    flags: dict[Quantity, Quality] = {}
    for place in places:
        point = place.point
        raw = decode_registers(registers[place.start : place.stop], point.type, point.word_order)
        if math.isfinite(raw):
            values[point.quantity] = raw * point.scale
        else:
            flags[point.quantity] = Quality.NOT_A_NUMBER
    return values, flags
