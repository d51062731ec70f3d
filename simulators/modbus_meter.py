"""A simulated Modbus meter on the wire: answers requests for registers out of a profile's map."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse, ReadInputRegistersResponse

from pipeline.quantities import Quantity
from protocols.modbus.driver import DEFAULT_GAP, MOST_REGISTERS
from protocols.modbus.framing import READ_FUNCTIONS, Framing
from protocols.modbus.planner import Span, point_span
from protocols.modbus.registers import encode_registers
from protocols.profile import Profile, Register, Side

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3

_REQUEST_BYTES: Mapping[Framing, int] = {Framing.RTU: 8, Framing.SOCKET: 12}
_UNIT_AT: Mapping[Framing, int] = {Framing.RTU: 0, Framing.SOCKET: 6}
_MBAP_OF_A_READ = b"\x00\x00\x00\x06"
_LAST_FIXED_FUNCTION = 6
"""Functions 1 to 6 have requests of one length."""
_RESPONSES: Mapping[int, type[ModbusPDU]] = {
    3: ReadHoldingRegistersResponse,
    4: ReadInputRegistersResponse,
}


class Model(Protocol):
    """What the meter shows at an instant."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return every value on the secondary side, in its quantity's unit."""
        ...


class ModbusMeter:
    """One unit on a line; units of other numbers on the same line do not disturb it."""

    def __init__(  # noqa: PLR0913 -- four say what it is, the others are options by name
        self,
        unit: int,
        profile: Profile,
        model: Model,
        clock: Callable[[], datetime],
        *,
        framing: Framing | None = None,
        ct: float = 1.0,
        pt: float = 1.0,
    ) -> None:
        """Be ready to answer.

        Args:
            unit: Its address, 1 to 247.
            profile: The register map, with the limits it answers within.
            model: What it measures.
            clock: The time at which it measures: now.
            framing: How the line frames; the profile's, else socket, when None.
            ct: Current transformer ratio that the meter applies itself, when its profile is primary.
            pt: Voltage transformer ratio likewise.
        """
        self._unit = unit
        self._model = model
        self._clock = clock
        self._places = [(point, point_span(point)) for point in profile.points]
        self._framing = framing or Framing(profile.options.get("framing", Framing.SOCKET))
        self._codec = _codec(self._framing)
        self._most_registers = int(profile.options.get("max_registers", MOST_REGISTERS))
        own = {"ct": ct, "pt": pt}
        self._own_ratios = [(own[name], register) for name, register in profile.ratios.items()]
        self._own_identity = list(profile.identity.values())
        registers = [*profile.points, *profile.ratios.values(), *self._own_identity]
        self._readable = _readable(registers, int(profile.options.get("max_gap", DEFAULT_GAP)))
        self._ratios = primary_factors(ct, pt) if profile.side is Side.PRIMARY else {}
        self._tail = bytearray()

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the line and return the answer; empty while there is nothing to say."""
        answer = b""
        size = _REQUEST_BYTES[self._framing]
        for byte in data:
            # Whatever came before, a request ends with the newest byte or it does not.
            self._tail.append(byte)
            del self._tail[:-size]
            if len(self._tail) == size and self._is_request():
                answer += self._answer(bytes(self._tail))
                self._tail.clear()
        return answer

    def _is_request(self) -> bool:
        unit_at = _UNIT_AT[self._framing]
        if self._tail[unit_at] != self._unit or not 1 <= self._tail[unit_at + 1] <= _LAST_FIXED_FUNCTION:
            return False
        if self._framing is Framing.SOCKET:
            return self._tail[2:6] == _MBAP_OF_A_READ
        sent = int.from_bytes(self._tail[-2:], "big")
        return FramerRTU.check_CRC(bytes(self._tail[:-2]), sent)

    def _answer(self, request: bytes) -> bytes:
        unit_at = _UNIT_AT[self._framing]
        function, address, count = struct.unpack_from(">BHH", request, unit_at + 1)
        answer = self._read(Span(function, address, count))
        answer.dev_id = self._unit
        answer.transaction_id = int.from_bytes(request[:2], "big") if self._framing is Framing.SOCKET else 0
        return self._codec.buildFrame(answer)

    def _read(self, span: Span) -> ModbusPDU:
        if span.function not in READ_FUNCTIONS:
            return ExceptionResponse(span.function, ILLEGAL_FUNCTION)
        if not 0 < span.count <= self._most_registers:
            return ExceptionResponse(span.function, ILLEGAL_VALUE)
        if not any(area.holds(span) for area in self._readable):
            return ExceptionResponse(span.function, ILLEGAL_ADDRESS)
        return _RESPONSES[span.function](registers=self._registers(span))

    def _registers(self, span: Span) -> list[int]:
        """Return the registers as they stand now; those between points, and without meaning, are zero."""
        shown = self._model.read(self._clock())
        registers = [0] * span.count
        for point, place in self._places:
            if place.function == span.function and place.end > span.address and span.end > place.address:
                # A master multiplies a point that has a ratio itself; the others are as they are shown.
                ratio = 1.0 if point.ratio else self._ratios.get(point.quantity.unit, 1.0)
                _put(registers, span, point, shown.get(point.quantity, 0.0) * ratio)
        for ratio, register in self._own_ratios:
            _put(registers, span, register, ratio)
        for register in self._own_identity:
            _put(registers, span, register, register.between[1])
        return registers


def _put(registers: list[int], span: Span, register: Register, value: float) -> None:
    """Write one number where it belongs; what lies outside the span is left out."""
    place = point_span(register)
    words = encode_registers(value / register.scale, register.type, register.word_order)
    for at, word in enumerate(words, start=place.address - span.address):
        if place.function == span.function and 0 <= at < span.count:
            registers[at] = word


def _codec(framing: Framing) -> FramerBase:
    decoder = DecodePDU(is_server=True)
    return FramerRTU(decoder) if framing is Framing.RTU else FramerSocket(decoder)


def _readable(points: Sequence[Register], max_gap: int) -> tuple[Span, ...]:
    """Return the areas that may be read in one go: registers between near neighbours exist, and are zero."""
    areas: list[Span] = []
    for span in sorted(map(point_span, points), key=lambda span: (span.function, span.address)):
        last = areas[-1] if areas else None
        if last and last.function == span.function and span.address - last.end <= max_gap:
            areas[-1] = Span(last.function, last.address, max(last.end, span.end) - last.address)
        else:
            areas.append(span)
    return tuple(areas)


def primary_factors(ct: float, pt: float) -> Mapping[str, float]:
    """Return what turns a secondary value of each unit into a primary one."""
    powers = dict.fromkeys(("kW", "kvar", "kVA", "kWh", "kvarh", "kVAh"), ct * pt)
    return {"V": pt, "A": ct, **powers}
