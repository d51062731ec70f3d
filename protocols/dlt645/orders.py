"""Questions of a master that change something in a meter, of 2007 and of 1997: pure builders.

The bytes are those of the standard's clause 7; what is not in its text names its source. Nothing here
decides whether an order may be given: see ``services/control``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from protocols.dlt645.authority import Authority, Password, operator_bytes
from protocols.dlt645.frame import OVERHEAD, PREAMBLE, address_bytes, padded_address
from protocols.dlt645.functions import Function1997, Function2007
from protocols.dlt645.relay import NAMES, ControlOrder
from protocols.dlt645.values import EVERY, parse_format, time_to_bytes
from protocols.dlt645.version import VERSION_2007, Version
from protocols.session import Query

ANSWER: Final = len(PREAMBLE) + OVERHEAD
"""The longest answer without data."""
REFUSAL_BYTES: Final = 2
"""Room for ERR, or for SERR."""
NO_ANSWER: Final = 0
"""``answer_bytes`` of what goes to everybody: no meter may answer."""
MOST_WRITTEN: Final = 50
"""The longest data field of a write (clause 5.2.4)."""
AUTHENTICATION_MOST: Final = 200
ALL_EVENTS: Final = b"\xff\xff\xff\xff"
FREEZE_PAIRS: Final[tuple[str, ...]] = ("MM", "DD", "hh", "mm")
"""In a freeze's time: whatever the month, the day, the hour or the minute."""
FREEZE_LIMITS: Final[Mapping[str, tuple[int, int]]] = {"MM": (1, 12), "hh": (0, 23), "mm": (0, 59)}
MONTHLY_LAST_DAY: Final = 28
"""A monthly freeze on the 29th would miss February."""
RATES: Final = {600: 0x02, 1200: 0x04, 2400: 0x08, 4800: 0x10, 9600: 0x20, 19200: 0x40}
"""Z, the rate word: one bit a rate, bit/s. For meters of 1997 the same bits: to be confirmed."""


def authenticate(identifier: bytes, operator: str, data: bytes) -> Query:
    """Return the question of security authentication (安全认证, 03): framing only.

    Args:
        identifier: Which step, DI0 first.
        operator: Eight digits.
        data: What the security module made, wire order.

    Raises:
        ValueError: If the operator code does not fit or the data are too long.
    """
    body = identifier + operator_bytes(operator) + data
    if len(body) > AUTHENTICATION_MOST:
        raise ValueError(f"authentication carries at most {AUTHENTICATION_MOST} bytes, not {len(body)}")
    return Query(
        what=f"authentication {_di(identifier)}",
        body=bytes((Function2007.AUTHENTICATE,)) + body,
        answer_bytes=ANSWER + AUTHENTICATION_MOST,
        is_secret=True,
    )


def broadcast_time(at: datetime) -> Query:
    """Return the order that sets clocks (广播校时, 08) to a meter's local time; no meter answers it.

    A meter obeys within five minutes of its own time, once a day.
    """
    return Query(
        what=f"broadcast time {at:%Y-%m-%d %H:%M:%S}",
        body=bytes((Function2007.BROADCAST_TIME,)) + time_to_bytes(at, parse_format("YYMMDDhhmmss")),
        answer_bytes=NO_ANSWER,
    )


def write(identifier: bytes, content: bytes, authority: Authority) -> Query:
    """Return the order to write an item (写数据, 14).

    Args:
        identifier: DI0 first.
        content: The item's bytes, wire order.
        authority: Password and operator.

    Raises:
        ValueError: If the content is longer than a write may be.
    """
    data = identifier + authority.wire + content
    if len(data) > MOST_WRITTEN:
        raise ValueError(f"a write carries at most {MOST_WRITTEN} bytes, this one {len(data)}")
    return _order(Function2007.WRITE, f"write {_di(identifier)}", data, is_secret=True)


def write_address(address: str, version: Version = VERSION_2007) -> Query:
    """Return the order that gives the only meter of a line an address (写通信地址, 15; 0A in 1997).

    Raises:
        ValueError: If the address is not up to twelve decimal digits, or stands for several meters.
    """
    padded = padded_address(address)
    if not padded.isdigit() or padded == "9" * len(padded):
        raise ValueError(f"an address to give has up to twelve decimal digits, not {address!r}")
    is_2007 = version is VERSION_2007
    function = Function2007.WRITE_ADDRESS if is_2007 else Function1997.WRITE_ADDRESS
    return _order(function, f"write address {padded}", address_bytes(padded))


def freeze(moment: str, *, to_all: bool = False) -> Query:
    """Return the order to freeze (冻结, 16).

    Args:
        moment: ``MMDDhhmm`` as the standard writes it: 99 = every, 99999999 = now.
        to_all: For every meter of the line: none of them answers.

    Raises:
        ValueError: If the moment is none of: now, hourly, daily, monthly, or one time a year.
    """
    pairs: dict[str, str] = dict(zip(FREEZE_PAIRS, (moment[i : i + 2] for i in range(0, 8, 2)), strict=True))
    given = [name for name in FREEZE_PAIRS if pairs[name] != EVERY]
    limits = {**FREEZE_LIMITS, "DD": (1, MONTHLY_LAST_DAY if pairs["MM"] == EVERY else 31)}
    fits = len(moment) == 2 * len(FREEZE_PAIRS) and moment.isascii() and moment.isdigit()
    in_range = fits and all(limits[name][0] <= int(pairs[name]) <= limits[name][1] for name in given)
    if not in_range or given != list(FREEZE_PAIRS[len(FREEZE_PAIRS) - len(given) :]):
        raise ValueError(
            "a freeze is 99999999 (now), 999999mm (hourly), 9999hhmm (daily), 99DDhhmm (monthly, "
            f"DD to {MONTHLY_LAST_DAY}) or MMDDhhmm, not {moment!r}"
        )
    query = _order(Function2007.FREEZE, f"freeze {moment}", bytes.fromhex(moment)[::-1])
    return Query(what=f"{query.what} to all", body=query.body, answer_bytes=NO_ANSWER) if to_all else query


def change_rate(baudrate: int, version: Version = VERSION_2007) -> Query:
    """Return the order to change the rate (更改通信速率, 17; 0C in 1997); both sides change after the answer.

    Raises:
        ValueError: If the standard has no such rate.
    """
    if baudrate not in RATES:
        raise ValueError(f"a rate is one of {', '.join(map(str, RATES))} bit/s, not {baudrate}")
    function = Function2007.CHANGE_RATE if version is VERSION_2007 else Function1997.CHANGE_RATE
    return _order(function, f"change rate to {baudrate}", bytes((RATES[baudrate],)), answer_data=1)


def change_password(old: Password, new: Password) -> Query:
    """Return the order to change a password (修改密码, 18); the answer repeats the new one.

    The identifier names the class that is changed: 04000C01 for class 00 and so on.
    """
    identifier = bytes((new.level + 1, 0x0C, 0x00, 0x04))
    return _order(
        Function2007.CHANGE_PASSWORD,
        f"change password of class {new.level:02d}",
        identifier + old.wire + new.wire,
        answer_data=len(new.wire),
        is_secret=True,
    )


def reset_demand(authority: Authority) -> Query:
    """Return the order to reset the maximum demand (最大需量清零, 19)."""
    return _order(Function2007.RESET_DEMAND, "reset maximum demand", authority.wire, is_secret=True)


def clear_meter(authority: Authority) -> Query:
    """Return the order to clear the meter (电表清零, 1A)."""
    return _order(Function2007.CLEAR_METER, "clear meter", authority.wire, is_secret=True)


def clear_events(authority: Authority, identifier: bytes = ALL_EVENTS) -> Query:
    """Return the order to clear events (事件清零, 1B): all, or those of one identifier.

    Args:
        authority: Password and operator.
        identifier: DI0 first; its DI0 is sent as FF, as the standard has it.

    Raises:
        ValueError: If it does not have four bytes.
    """
    if len(identifier) != len(ALL_EVENTS):
        raise ValueError("an identifier of events has four bytes")
    which = b"\xff" + identifier[1:]
    what = "clear all events" if which == ALL_EVENTS else f"clear events {_di(which)}"
    return _order(Function2007.CLEAR_EVENTS, what, authority.wire + which, is_secret=True)


def control(order: ControlOrder, authority: Authority) -> Query:
    """Return the order of function 1C: relay, alarm or supply guard (supplement of 2013)."""
    return _order(Function2007.CONTROL, NAMES[order.control][0], authority.wire + order.wire, is_secret=True)


def read_again() -> Query:
    """Return the question of 1997 for the last answer once more (重读数据, 03)."""
    return Query(
        what="read again", body=bytes((Function1997.READ_AGAIN,)), answer_bytes=ANSWER + AUTHENTICATION_MOST
    )


def write_1997(identifier: bytes, content: bytes, password: Password) -> Query:
    """Return the order to write an item of 1997 (04): no operator code.

    Raises:
        ValueError: If the content is longer than a write may be.
    """
    data = identifier + password.wire + content
    if len(data) > MOST_WRITTEN:
        raise ValueError(f"a write carries at most {MOST_WRITTEN} bytes, this one {len(data)}")
    return _order(Function1997.WRITE, f"write {_di(identifier)}", data, is_secret=True)


def change_password_1997(old: Password, new: Password) -> Query:
    """Return the order of 1997 to change a password (0F)."""
    return _order(
        Function1997.CHANGE_PASSWORD,
        f"change password of class {new.level:02d}",
        old.wire + new.wire,
        answer_data=len(new.wire),
        is_secret=True,
    )


def reset_demand_1997(password: Password) -> Query:
    """Return the order of 1997 to reset the maximum demand (10)."""
    return _order(Function1997.RESET_DEMAND, "reset maximum demand", password.wire, is_secret=True)


def _order(function: int, what: str, data: bytes, *, answer_data: int = 0, is_secret: bool = False) -> Query:
    return Query(
        what=what,
        body=bytes((function,)) + data,
        answer_bytes=ANSWER + max(answer_data, REFUSAL_BYTES),
        is_secret=is_secret,
    )


def _di(identifier: bytes) -> str:
    return identifier[::-1].hex().upper()
