"""Finds Modbus frames in a stream of bytes and checks them; one byte at a time, so chunks cannot matter.

RTU:     unit | function | byte count | registers | CRC-16
Socket:  transaction (2) | protocol 0 (2) | length (2) | unit | function | byte count | registers
An error answer has the function's top bit set and one code in place of byte count and registers.
(MODBUS Application Protocol V1.1b3 sections 4.1 and 7; MODBUS over serial line V1.02 section 2.5.1;
MODBUS Messaging on TCP/IP V1.0b section 3.1.3.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU

READ_FUNCTIONS = frozenset({3, 4})
ERROR_BIT = 0x80
MAX_COUNT_BYTES = 250
"""125 registers, the most of one answer (V1.1b3 section 6.3)."""

_DECODER = DecodePDU(is_server=False)


class Framing(StrEnum):
    """How a PDU is wrapped on the line."""

    SOCKET = "socket"
    RTU = "rtu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One whole frame of an answer."""

    raw: bytes
    unit: int
    transaction: int
    """0 in RTU, which has none."""
    function: int
    """Without the error bit."""
    registers: tuple[int, ...]
    exception_code: int | None
    """None for a normal answer."""


class Framer(Protocol):
    """What the session needs to know of a framing."""

    header_bytes: int
    """How many bytes tell a frame's length and whether it may be the answer."""

    def request(self, pdu: ModbusPDU) -> bytes:
        """Return the bytes to send."""
        ...

    def frame_bytes(self, header: bytes) -> int | None:
        """Return the whole length of the answer that begins with ``header``; None when it begins none."""
        ...

    def matches(self, header: bytes, wanted: bytes) -> bool:
        """Say whether ``header`` begins an answer to the request ``wanted``."""
        ...

    def check(self, raw: bytes) -> Found | None:
        """Return the frame when its checksum and content are sound."""
        ...


class RtuFramer:
    """RS-485 frames."""

    header_bytes = 3

    def __init__(self) -> None:
        """Take pymodbus's framer for the checksum and the bytes to send."""
        self._codec = FramerRTU(_DECODER)

    def request(self, pdu: ModbusPDU) -> bytes:
        """Return the bytes to send."""
        return self._codec.buildFrame(pdu)

    def frame_bytes(self, header: bytes) -> int | None:
        """Return the whole length of the answer that begins with ``header``."""
        body = _body_bytes(header[1], header[2])
        return None if body is None else 1 + body + 2

    def matches(self, header: bytes, wanted: bytes) -> bool:
        """Say whether unit, function and size are those of the request."""
        return header[0] == wanted[0] and _answers(header[1:3], wanted[1:6])

    def check(self, raw: bytes) -> Found | None:
        """Return the frame when its CRC is right."""
        # pymodbus's decode drops everything it was given at a bad CRC: it sees whole frames only.
        used, unit, _, payload = self._codec.decode(raw)
        return _found(raw, unit, 0, payload) if used and payload else None


class SocketFramer:
    """Modbus TCP frames."""

    header_bytes = 9

    def __init__(self) -> None:
        """Take pymodbus's framer for the header and the bytes to send."""
        self._codec = FramerSocket(_DECODER)

    def request(self, pdu: ModbusPDU) -> bytes:
        """Return the bytes to send."""
        return self._codec.buildFrame(pdu)

    def frame_bytes(self, header: bytes) -> int | None:
        """Return the whole length, or None when protocol, length and function do not fit together."""
        body = _body_bytes(header[7], header[8])
        if body is None or header[2:4] != b"\x00\x00" or int.from_bytes(header[4:6], "big") != 1 + body:
            return None
        return 7 + body

    def matches(self, header: bytes, wanted: bytes) -> bool:
        """Say whether transaction, unit, function and size are those of the request."""
        same = header[:2] == wanted[:2] and header[6] == wanted[6]
        return same and _answers(header[7:9], wanted[7:12])

    def check(self, raw: bytes) -> Found | None:
        """Return the frame; TCP has its own checksum."""
        used, unit, transaction, payload = self._codec.decode(raw)
        return _found(raw, unit, transaction, payload) if used and payload else None


def framer(framing: Framing) -> Framer:
    """Return the framer of a framing."""
    return RtuFramer() if framing is Framing.RTU else SocketFramer()


def _body_bytes(function: int, count: int) -> int | None:
    """Return the length of function code and data; ``count`` is an error code in an error answer."""
    if function & ERROR_BIT:
        return 2 if function & ~ERROR_BIT in READ_FUNCTIONS and count else None
    sound = function in READ_FUNCTIONS and 0 < count <= MAX_COUNT_BYTES and count % 2 == 0
    return 2 + count if sound else None


def _answers(start: bytes, request: bytes) -> bool:
    """Compare function and byte count with a request's function, address and count of registers."""
    if start[0] == request[0] | ERROR_BIT:
        return True
    return start[0] == request[0] and start[1] == 2 * int.from_bytes(request[3:5], "big")


def _found(raw: bytes, unit: int, transaction: int, payload: bytes) -> Found | None:
    try:
        pdu = _DECODER.decode(payload)
    except ModbusException:
        return None
    if pdu is None:
        return None
    failed = isinstance(pdu, ExceptionResponse)
    return Found(
        raw=raw,
        unit=unit,
        transaction=transaction,
        function=pdu.function_code & ~ERROR_BIT,
        registers=() if failed else tuple(pdu.registers),
        exception_code=pdu.exception_code if failed else None,
    )
