"""Explains what an order to a DL/T 645 meter, or its answer, says: the fields of every function but reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from protocols.dlt645.explain import (
    BROADCAST_TIME,
    IDENTIFIER_2007,
    SECURITY_ERROR_LENGTH,
    Explained,
    explain,
)
from protocols.dlt645.frame import FROM_METER, FUNCTION, Frame
from protocols.dlt645.functions import NAMES_1997, NAMES_2007, Function1997, Function2007
from protocols.dlt645.memory import LOAD_RECORD
from protocols.dlt645.orders import RATES
from protocols.dlt645.refusals import BITS_1997, BITS_2007, SECURITY_BITS, meanings
from protocols.dlt645.relay import DELAY_STEP_MIN, DELAYED, NAMES, Control
from protocols.dlt645.values import EVERY, is_impossible_time, parse_format, show

AUTHORITY: Final = 8
"""PA P0 P1 P2 C0 C1 C2 C3."""
PASSWORD: Final = 4
ADDRESS: Final = 6
FULL_TIME: Final = parse_format("YYMMDDhhmmss")
YEARLY_TIME: Final = parse_format("MMDDhhmm")
LOAD_RECORD_TIME: Final = parse_format("YYMMDDhhmm")
NO_REASON: Final = "no reason given 未说明原因"
OUTPUTS: Final = {
    # General knowledge: to be confirmed.
    0: ("clock pulse", "时钟秒脉冲"),
    1: ("demand period", "需量周期"),
    2: ("tariff switch", "时段投切"),
}


def explain_in_full(raw: bytes) -> Explained:
    """Return what a frame says, with the name of its function and every field of an order.

    Args:
        raw: One whole frame, with or without its FE preamble.

    Raises:
        FrameError: If delimiters, length or checksum are wrong.
    """
    explained = explain(raw)
    frame = Frame.decode(raw.lstrip(b"\xfe"))
    is_1997 = explained["version"] == 1997  # noqa: PLR2004 - a year
    names = (NAMES_1997 if is_1997 else NAMES_2007).get(frame.control & FUNCTION)
    named: Explained = {"function_name": " ".join(names)} if names else {}
    if explained["error"]:
        return {**explained, **named, **_reasons(frame.data, is_1997=is_1997)}
    table = (_ANSWERS if frame.control & FROM_METER else _REQUESTS)[1997 if is_1997 else 2007]
    content = table.get(frame.control & FUNCTION)
    return {**explained, **named, **(content(frame.data) if content is not None else {})}


def _reasons(data: bytes, *, is_1997: bool) -> Explained:
    """Return why the meter refused, in both languages."""
    if not 1 <= len(data) <= SECURITY_ERROR_LENGTH:
        return {}
    bits = SECURITY_BITS if len(data) == SECURITY_ERROR_LENGTH else BITS_1997 if is_1997 else BITS_2007
    return {"reasons": meanings(int.from_bytes(data, "little"), bits) or [NO_REASON]}


def _read(data: bytes) -> Explained:
    """How many blocks of load records are asked for, and from when on."""
    if len(data) <= IDENTIFIER_2007 or data[3] != LOAD_RECORD:
        return {}
    asked: Explained = {"blocks": data[IDENTIFIER_2007]}
    time = data[IDENTIFIER_2007 + 1 :]
    if len(time) == LOAD_RECORD_TIME.length:
        asked["from"] = show(time, LOAD_RECORD_TIME)
        asked |= {"impossible_time": True} if is_impossible_time(time, LOAD_RECORD_TIME) else {}
    return asked


def _broadcast_time(data: bytes) -> Explained:
    """The time itself is told already."""
    return {"impossible_time": True} if is_impossible_time(data, FULL_TIME) else {}


def _password(data: bytes, prefix: str = "") -> Explained:
    return {f"{prefix}pa": f"{data[0]:02X}", f"{prefix}password": data[3:0:-1].hex().upper()}


def _authority(data: bytes) -> Explained:
    return {**_password(data), "operator": data[7:3:-1].hex().upper()}


def _identifier(data: bytes) -> Explained:
    return {"di": data[3::-1].hex().upper()}


def _authentication(data: bytes) -> Explained:
    if len(data) < AUTHORITY:
        return {}
    operator = data[7:3:-1].hex().upper()
    return {**_identifier(data), "operator": operator, "payload": data[AUTHORITY:].hex(" ").upper()}


def _authentication_answer(data: bytes) -> Explained:
    return {**_identifier(data), "payload": data[4:].hex(" ").upper()} if len(data) > 4 else {}  # noqa: PLR2004 - DI


def _write_1997(data: bytes) -> Explained:
    if len(data) < 2 + PASSWORD:
        return {}
    return {
        "di": data[1::-1].hex().upper(),
        **_password(data[2:]),
        "payload": data[2 + PASSWORD :].hex(" ").upper(),
    }


def _new_address(data: bytes) -> Explained:
    return {"new_address": data[::-1].hex().upper()} if len(data) == ADDRESS else {}


def _freeze(data: bytes) -> Explained:
    if len(data) != 4:  # noqa: PLR2004 - mm hh DD MM
        return {}
    moment = data[::-1].hex().upper()
    month, day, hour, minute = (moment[i : i + 2] for i in range(0, 8, 2))
    when = {
        0: "now",
        1: f"every hour at minute {minute}",
        2: f"every day at {hour}:{minute}",
        3: f"every month on day {day} at {hour}:{minute}",
        4: f"every year on {month}-{day} at {hour}:{minute}",
    }
    given = sum(pair != EVERY for pair in (month, day, hour, minute))
    is_known = moment.startswith(EVERY * (4 - given)) and EVERY not in (month, day, hour, minute)[4 - given :]
    odd: Explained = {"impossible_time": True} if is_impossible_time(data, YEARLY_TIME) else {}
    return {"moment": moment, "freezes": when[given] if is_known else None, **odd}


def _rate(data: bytes) -> Explained:
    if len(data) != 1:
        return {}
    rates = [baudrate for baudrate, bit in RATES.items() if data[0] == bit]
    return {"z": f"{data[0]:02X}", "baudrate": rates[0] if rates else None}


def _change_password(data: bytes) -> Explained:
    if len(data) != 4 + 2 * PASSWORD:
        return {}
    return {**_identifier(data), **_password(data[4:], "old_"), **_password(data[8:], "new_")}


def _change_password_1997(data: bytes) -> Explained:
    if len(data) != 2 * PASSWORD:
        return {}
    return {**_password(data, "old_"), **_password(data[PASSWORD:], "new_")}


def _new_password(data: bytes) -> Explained:
    return _password(data, "new_") if len(data) == PASSWORD else {}


def _authorised(data: bytes) -> Explained:
    return _authority(data) if len(data) == AUTHORITY else {}


def _reset_demand_1997(data: bytes) -> Explained:
    return _password(data) if len(data) == PASSWORD else {}


def _clear_events(data: bytes) -> Explained:
    if len(data) != AUTHORITY + 4:
        return {}
    which = data[: AUTHORITY - 1 : -1].hex().upper()
    return {**_authority(data), "di": which, "clears": "all events" if which == "F" * 8 else "one event"}


def _control(data: bytes) -> Explained:
    if len(data) < AUTHORITY + 8:
        return {}
    explained: Explained = {
        **_authority(data),
        "n1": f"{data[8]:02X}",
        "n2": data[9],
        "deadline": data[15:9:-1].hex().upper(),
    }
    if is_impossible_time(data[10:16], FULL_TIME):
        explained["impossible_time"] = True
    try:
        order = Control(data[8])
    except ValueError:
        return explained
    explained["order"] = " ".join(NAMES[order])
    if order in DELAYED:
        explained["delay_min"] = data[9] * DELAY_STEP_MIN
    return explained


def _output(data: bytes) -> Explained:
    return {"output": " ".join(OUTPUTS[data[0]]) if data[0] in OUTPUTS else None} if len(data) == 1 else {}


_REQUESTS: Final[Mapping[int, Mapping[int, Callable[[bytes], Explained]]]] = {
    2007: {
        BROADCAST_TIME: _broadcast_time,
        Function2007.READ: _read,
        Function2007.AUTHENTICATE: _authentication,
        Function2007.WRITE_ADDRESS: _new_address,
        Function2007.FREEZE: _freeze,
        Function2007.CHANGE_RATE: _rate,
        Function2007.CHANGE_PASSWORD: _change_password,
        Function2007.RESET_DEMAND: _authorised,
        Function2007.CLEAR_METER: _authorised,
        Function2007.CLEAR_EVENTS: _clear_events,
        Function2007.CONTROL: _control,
        Function2007.OUTPUT: _output,
    },
    1997: {
        Function1997.WRITE: _write_1997,
        Function1997.WRITE_ADDRESS: _new_address,
        Function1997.CHANGE_RATE: _rate,
        Function1997.CHANGE_PASSWORD: _change_password_1997,
        Function1997.RESET_DEMAND: _reset_demand_1997,
    },
}
_ANSWERS: Final[Mapping[int, Mapping[int, Callable[[bytes], Explained]]]] = {
    2007: {
        Function2007.AUTHENTICATE: _authentication_answer,
        Function2007.CHANGE_RATE: _rate,
        Function2007.CHANGE_PASSWORD: _new_password,
        Function2007.OUTPUT: _output,
    },
    1997: {
        Function1997.CHANGE_RATE: _rate,
        Function1997.CHANGE_PASSWORD: _new_password,
    },
}
