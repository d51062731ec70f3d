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
_LONGEST_FRAME = _MBAP_BYTES + _LONGEST_PDU
_LAST_UNIT = 247
_WRITE_ONE = frozenset({5, 6})
_WRITE_MANY = frozenset({15, 16})
_WRITE_MANY_HEAD = 5


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
        raise FrameError(_fault(raw), raw)
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


def split_modbus(raw: bytes) -> list[bytes]:
    """Return the whole frames at the beginning of ``raw`` one by one, and what is left behind them.

    Empty when it does not begin with a frame.
    """
    pieces: list[bytes] = []
    at = 0
    while length := _first_length(raw[at : at + _LONGEST_FRAME]):
        pieces.append(raw[at : at + length])
        at += length
    return [*pieces, raw[at:]] if pieces and at < len(raw) else pieces


def _first_length(raw: bytes) -> int:
    """Return the length of the frame that ``raw`` begins with; 0 when it begins with none."""
    told = _MBAP_BYTES - 1 + int.from_bytes(raw[4:6], "big")
    if _tcp_body(raw[:told]) is not None:
        return told
    return next((n for n in range(2 + _CRC_BYTES, len(raw) + 1) if _rtu_body(raw[:n]) is not None), 0)


def _fault(raw: bytes) -> str:
    """Say what came and what was expected."""
    as_rtu = ""
    if len(raw) >= 2 + _CRC_BYTES:
        came, expected = raw[:-3:-1].hex().upper(), f"{crc16(raw[:-_CRC_BYTES]):04X}"
        as_rtu = f"; as RTU its checksum is {came}H where {expected}H is expected"
    if raw[2:4] == b"\x00\x00" and len(raw) > _MBAP_BYTES:
        expected_bytes = _MBAP_BYTES - 1 + int.from_bytes(raw[4:6], "big")
        return (
            f"no Modbus frame: as TCP its header tells {expected_bytes} bytes, {len(raw)} came "
            f"(or its function is unknown){as_rtu}"
        )
    return f"neither DL/T 645, which begins with 68H, nor a Modbus TCP header fits{as_rtu}"


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
    if function in _WRITE_ONE and len(data) == _REQUEST_BYTES - 1:
        # The answer repeats the request.
        told = {"start": data[:2].hex().upper(), "value": data[2:].hex().upper()}
        return {"dir": "unknown", "data": data.hex(" ").upper(), **told}
    if function in _WRITE_MANY:
        return _written_content(data)
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


def _written_content(data: bytes) -> dict[str, Json]:
    """A request has address, count, byte count and so many bytes; its answer address and count."""
    told: dict[str, Json] = {
        "start": data[:2].hex().upper(),
        "count": int.from_bytes(data[2:4], "big"),
        "data": data.hex(" ").upper(),
    }
    if len(data) == _REQUEST_BYTES - 1:
        return {"dir": "resp", **told}
    if len(data) > _WRITE_MANY_HEAD and data[_WRITE_MANY_HEAD - 1] == len(data) - _WRITE_MANY_HEAD:
        return {"dir": "req", **told, "written": data[_WRITE_MANY_HEAD:].hex(" ").upper()}
    return {"dir": "unknown", "data": data.hex(" ").upper()}
