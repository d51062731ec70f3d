"""Explains any DL/T 645 frame field by field, for people: ``kilowatch decode`` prints what this returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.decoding import BLOCK_TRAILER
from protocols.dlt645.frame import ABNORMAL, FROM_METER, FUNCTION, MORE, Frame
from protocols.dlt645.refusals import BITS_1997, BITS_2007, chinese
from protocols.dlt645.values import parse_format, show

Explained: TypeAlias = dict[str, object]

READ_1997: Final = 0x01
FOLLOWING_1997: Final = 0x02
AUTHENTICATE: Final = 0x03
"""In 1997 the same code means "say that again" (重读数据)."""
BROADCAST_TIME: Final = 0x08
READ: Final = 0x11
FOLLOWING: Final = 0x12
READ_ADDRESS: Final = 0x13
WRITE: Final = 0x14
CONTROL: Final = 0x1C
FUNCTIONS_1997: Final = {READ_1997, FOLLOWING_1997, 0x04, 0x0A, 0x0C, 0x0F, 0x10}
AUTHENTICATION_LENGTH: Final = 8
"""The identifier and the operator code at least; a re-read of 1997 has no data."""
SECURITY_ERROR_LENGTH: Final = 2
IDENTIFIER_2007: Final = 4
IDENTIFIER_1997: Final = 2


def explain(raw: bytes) -> Explained:
    """Return what a frame says, as plain data.

    Args:
        raw: One whole frame, with or without its FE preamble.

    Raises:
        FrameError: If delimiters, length or checksum are wrong.
    """
    stripped = raw.lstrip(b"\xfe")
    frame = Frame.decode(stripped)
    answer = bool(frame.control & FROM_METER)
    # D6 and D5 mean something only in what a meter sends.
    refused, more = answer and bool(frame.control & ABNORMAL), answer and bool(frame.control & MORE)
    version = _version(frame)
    explained: Explained = {
        "preamble": len(raw) - len(stripped),
        "address": frame.address,
        "control": f"{frame.control:02X}",
        "dir": "resp" if answer else "req",
        "error": refused,
        "more": more,
        "function": frame.control & FUNCTION,
        "L": len(frame.data),
        "data_minus_33": frame.data.hex(" ").upper(),
        "version": version,
    }
    if refused:
        return explained | _refused(frame.data, version)
    content = (_ANSWERS if answer else _REQUESTS).get(frame.control & FUNCTION)
    return explained | (content(frame.data) if content and frame.data else {})


def _version(frame: Frame) -> int:
    """Return the standard a frame belongs to: 1997, 2007, or 0 where both have the same."""
    function = frame.control & FUNCTION
    if function == BROADCAST_TIME:
        return 0
    if function == AUTHENTICATE:
        size = len(frame.data)
        security_error = frame.control & ABNORMAL and size == SECURITY_ERROR_LENGTH
        return 2007 if security_error or size >= AUTHENTICATION_LENGTH else 1997
    return 1997 if function in FUNCTIONS_1997 else 2007


def _refused(data: bytes, version: int) -> Explained:
    if len(data) == SECURITY_ERROR_LENGTH:
        return {"serr": data.hex().upper()}
    if len(data) != 1:
        return {}
    return {"err_bits": chinese(data[0], BITS_1997 if version == 1997 else BITS_2007)}  # noqa: PLR2004 - a year


def _identifier(data: bytes, size: int) -> Explained:
    return {"di": data[size - 1 :: -1].hex().upper()} if len(data) >= size else {}


def _read_request(data: bytes) -> Explained:
    return _identifier(data, IDENTIFIER_2007)


def _read_request_1997(data: bytes) -> Explained:
    return _identifier(data, IDENTIFIER_1997)


def _following_request(data: bytes) -> Explained:
    return _identifier(data, IDENTIFIER_2007) | ({"seq": data[4]} if len(data) > IDENTIFIER_2007 else {})


def _write_request(data: bytes) -> Explained:
    if len(data) < IDENTIFIER_2007 + 8:
        return _identifier(data, IDENTIFIER_2007)
    return (
        _identifier(data, IDENTIFIER_2007) | _authority(data[4:12]) | {"payload": data[12:].hex(" ").upper()}
    )


def _control_request(data: bytes) -> Explained:
    if len(data) < 16:  # noqa: PLR2004 - class, password, operator and N1 to N8
        return {}
    ordered = {"n1": f"{data[8]:02X}", "n2": data[9], "deadline": data[15:9:-1].hex().upper()}
    return _authority(data[:8]) | ordered


def _authority(data: bytes) -> Explained:
    """Return password class (PA), password and operator code, each as people write them."""
    return {
        "pa": f"{data[0]:02X}",
        "password": data[3:0:-1].hex().upper(),
        "operator": data[7:3:-1].hex().upper(),
    }


def _time(data: bytes) -> Explained:
    form = parse_format("YYMMDDhhmmss")
    return {"value": show(data, form)} if len(data) == form.length else {}


def _read_answer(data: bytes) -> Explained:
    return _measured(data, IDENTIFIER_2007)


def _read_answer_1997(data: bytes) -> Explained:
    return _measured(data, IDENTIFIER_1997)


def _following_answer(data: bytes) -> Explained:
    """A part of an item cannot be read alone: only its place in the sequence is told."""
    return _identifier(data, IDENTIFIER_2007) | ({"seq": data[-1]} if len(data) > IDENTIFIER_2007 else {})


def _address_answer(data: bytes) -> Explained:
    return {"value": data[::-1].hex().upper()}


def _measured(data: bytes, size: int) -> Explained:
    if len(data) < size:
        return {}
    return _identifier(data, size) | {"value": _value(lookup(data[:size]), data[size:])}


def _value(item: Item | None, payload: bytes) -> object:
    """Return an item's value: text, a list for a block or several fields, ``raw`` when unknown."""
    if not payload:
        return None
    if item is None or len(payload) < item.element_length:
        return {"raw": payload.hex(" ")}
    if not item.is_block:
        return _element(item, payload, 0)
    count, rest = divmod(len(payload), item.element_length)
    if count > len(item.suffixes) or (rest and payload[-1:] != bytes((BLOCK_TRAILER,))):
        return {"raw": payload.hex(" ")}
    return [_element(item, payload, index) for index in range(count)]


def _element(item: Item, payload: bytes, index: int) -> object:
    width = item.width
    fields = item.fields[index * width : (index + 1) * width]
    shown = [show(payload[f.start : f.stop], f.form) for f in fields]
    return shown[0] if width == 1 else shown


_REQUESTS: dict[int, Callable[[bytes], Explained]] = {
    READ_1997: _read_request_1997,
    FOLLOWING_1997: _read_request_1997,
    BROADCAST_TIME: _time,
    READ: _read_request,
    FOLLOWING: _following_request,
    WRITE: _write_request,
    CONTROL: _control_request,
}
_ANSWERS: dict[int, Callable[[bytes], Explained]] = {
    READ_1997: _read_answer_1997,
    READ: _read_answer,
    FOLLOWING: _following_answer,
    READ_ADDRESS: _address_answer,
}
