"""Explains one Modbus frame, RTU or TCP, field by field, for people at a commissioning laptop."""

from __future__ import annotations

from pipeline.errors import FrameError
from pipeline.model import Json
from protocols.modbus.conversation import EXCEPTIONS
from protocols.modbus.framing import ERROR_BIT, MAX_COUNT_BYTES, READ_FUNCTIONS

FUNCTIONS = {
    # MODBUS Application Protocol V1.1b3, section 6
    1: "read coils",
    2: "read discrete inputs",
    3: "read holding registers",
    4: "read input registers",
    5: "write single coil",
    6: "write single register",
    15: "write multiple coils",
    16: "write multiple registers",
    22: "mask write register",
    23: "read and write multiple registers",
    43: "encapsulated interface transport",
}

_LONGEST_PDU = 253
_MBAP_BYTES = 7
_CRC_BYTES = 2
_REQUEST_BYTES = 5
_LAST_UNIT = 247


def explain_modbus(raw: bytes) -> dict[str, Json]:
    """Return the fields of exactly one frame.

    RTU's checksum is tried first, for a short RTU request may look like TCP's header. Keys: ``ok``,
    ``protocol`` (``modbus tcp`` or ``modbus rtu``), ``dir`` (``req``, ``resp`` or, where the bytes do not
    tell, ``unknown``), ``address``, ``function``, ``function_name``, ``error``, ``L`` (bytes of data), and
    by kind ``transaction``, ``crc``, ``start``, ``count``, ``registers``, ``exception``, ``data``.

    Raises:
        FrameError: If it is neither, or its function cannot stand in a frame.
    """
    body = _rtu_body(raw) or _tcp_body(raw)
    if body is None:
        raise FrameError("neither a Modbus TCP header nor an RTU checksum fits", raw)
    wrapping, unit, pdu = body
    if unit > _LAST_UNIT and wrapping["protocol"] == "modbus rtu":
        raise FrameError(f"address {unit} is reserved in Modbus RTU", raw)
    function, data = pdu[0], pdu[1:]
    if not function & ~ERROR_BIT:
        raise FrameError("function code 0 is not valid in Modbus", raw)
    return {
        "ok": True,
        **wrapping,
        "address": str(unit),
        "function": function & ~ERROR_BIT,
        "function_name": FUNCTIONS.get(function & ~ERROR_BIT, "unknown"),
        "error": bool(function & ERROR_BIT),
        "L": len(data),
        **_content(function, data),
    }


def _tcp_body(raw: bytes) -> tuple[dict[str, Json], int, bytes] | None:
    """MODBUS Messaging on TCP/IP V1.0b, section 3.1.3."""
    if not _MBAP_BYTES < len(raw) <= _MBAP_BYTES + _LONGEST_PDU or raw[2:4] != b"\x00\x00":
        return None
    if int.from_bytes(raw[4:6], "big") != len(raw) - 6:
        return None
    # Without a checksum the content must speak for the frame: a known function, and one code in an error.
    function, data = raw[_MBAP_BYTES], raw[_MBAP_BYTES + 1 :]
    if function & ~ERROR_BIT not in FUNCTIONS or (function & ERROR_BIT and len(data) != 1):
        return None
    wrapping: dict[str, Json] = {"protocol": "modbus tcp", "transaction": int.from_bytes(raw[:2], "big")}
    return wrapping, raw[6], raw[_MBAP_BYTES:]


def _rtu_body(raw: bytes) -> tuple[dict[str, Json], int, bytes] | None:
    """MODBUS over serial line V1.02, section 2.5.1."""
    if not 2 + _CRC_BYTES <= len(raw) <= 1 + _LONGEST_PDU + _CRC_BYTES:
        return None
    crc = crc16(raw[:-_CRC_BYTES])
    if crc != int.from_bytes(raw[-_CRC_BYTES:], "little"):
        return None
    return {"protocol": "modbus rtu", "crc": f"{crc:04X}"}, raw[0], raw[1:-_CRC_BYTES]


def crc16(data: bytes) -> int:
    """Return the CRC-16 of the serial line specification, section 2.5.1.2; sent low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def _content(function: int, data: bytes) -> dict[str, Json]:
    if function & ERROR_BIT:
        code = data[0] if data else 0
        return {"dir": "resp", "exception": code, "exception_name": EXCEPTIONS.get(code, "unknown exception")}
    if function in READ_FUNCTIONS:
        return _read_content(data)
    return {"dir": "unknown", "data": data.hex(" ").upper()}


def _read_content(data: bytes) -> dict[str, Json]:
    """A request has address and count, four bytes; an answer an even byte count and so many bytes."""
    if len(data) == _REQUEST_BYTES - 1:
        start, count = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
        return {"dir": "req", "start": f"{start:04X}", "count": count}
    if data and data[0] == len(data) - 1 and not data[0] % 2 and data[0] <= MAX_COUNT_BYTES:
        registers = [int.from_bytes(data[i : i + 2], "big") for i in range(1, len(data), 2)]
        return {"dir": "resp", "registers": [f"{register:04X}" for register in registers]}
    return {"dir": "unknown", "data": data.hex(" ").upper()}
