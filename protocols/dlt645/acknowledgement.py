"""Checks a meter's answer to an order against what was ordered, function by function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from pipeline.errors import DecodeError
from protocols.dlt645.functions import Function1997, Function2007
from protocols.dlt645.version import VERSION_2007, Version

IDENTIFIER: Final = 4

Check: TypeAlias = Callable[[bytes, bytes], Mapping[str, str]]
"""Takes the data of the order and of its answer, and returns facts."""


def acknowledged(version: Version, body: bytes, data: bytes) -> Mapping[str, str]:
    """Return what the answer to an order says beside "done".

    Args:
        version: Which edition the meter speaks.
        body: The order: its function, then its data.
        data: The data of the answer.

    Raises:
        DecodeError: If the answer is to another order: another rate, another password, data where none is.
    """
    check = (_OF_2007 if version is VERSION_2007 else _OF_1997).get(body[0], _nothing)
    return check(body[1:], data)


def _nothing(_ordered: bytes, data: bytes) -> Mapping[str, str]:
    if data:
        raise DecodeError("an order is confirmed without data", data)
    return {}


def _same_rate(ordered: bytes, data: bytes) -> Mapping[str, str]:
    if data != ordered:
        raise DecodeError(f"the rate word {ordered.hex().upper()} must be repeated", data)
    return {}


def _new_password(ordered: bytes, data: bytes) -> Mapping[str, str]:
    """Compare with the new password (the last four bytes); the error does not show what came."""
    if data != ordered[-4:]:
        raise DecodeError("the new password must be repeated", b"")
    return {}


def _new_password_or_nothing(ordered: bytes, data: bytes) -> Mapping[str, str]:
    """Allow for both: whether a meter of 1997 repeats the password is to be confirmed."""
    return _new_password(ordered, data) if data else {}


def _authentication(ordered: bytes, data: bytes) -> Mapping[str, str]:
    if data[:IDENTIFIER] != ordered[:IDENTIFIER]:
        raise DecodeError("the identifier of the authentication must be repeated", data[:IDENTIFIER])
    return {"authentication": data[IDENTIFIER:].hex().upper()}


_OF_2007: Final[Mapping[int, Check]] = {
    Function2007.AUTHENTICATE: _authentication,
    Function2007.CHANGE_RATE: _same_rate,
    Function2007.CHANGE_PASSWORD: _new_password,
}
_OF_1997: Final[Mapping[int, Check]] = {
    Function1997.CHANGE_RATE: lambda ordered, data: _same_rate(ordered, data) if data else {},
    Function1997.CHANGE_PASSWORD: _new_password_or_nothing,
}
