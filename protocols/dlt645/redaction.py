"""Takes passwords out of frames before anybody sees them: in logs, audits, events and dry runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from protocols.dlt645.frame import ABNORMAL, FROM_METER, FUNCTION, HEADER, MINUS_33, build, is_whole
from protocols.dlt645.functions import Function1997, Function2007

BLANK: Final = 0xEE
"""Stands for a byte of a password: no digit is E."""
PASSWORD_ITEMS: Final = b"\x0c\x00\x04"
"""DI1 to DI3 of 04000C01 to 0A, the passwords themselves."""

_REQUESTS: Final[dict[int, tuple[tuple[int, int], ...]]] = {
    # Where P0 P1 P2 stand in a request's data, by function; None of these is a code of both editions.
    Function2007.WRITE: ((5, 8),),
    Function2007.CHANGE_PASSWORD: ((5, 8), (9, 12)),
    Function2007.RESET_DEMAND: ((1, 4),),
    Function2007.CLEAR_METER: ((1, 4),),
    Function2007.CLEAR_EVENTS: ((1, 4),),
    Function2007.CONTROL: ((1, 4),),
    Function1997.WRITE: ((3, 6),),
    Function1997.CHANGE_PASSWORD: ((1, 4), (5, 8)),
    Function1997.RESET_DEMAND: ((1, 4),),
}
_REPEATED: Final = frozenset({Function2007.CHANGE_PASSWORD, Function1997.CHANGE_PASSWORD})
"""The answer is the new password, after its class."""
IDENTIFIER: Final = 4
_ERRORS: Final = 2
"""The longest refusal."""
_WRITTEN: Final = 12
"""Where the content of a write begins."""
_AUTHENTICATION_HEAD: Final = 8
"""Identifier and operator of function 03; keys and ciphertext follow."""


def redacted(raw: bytes) -> bytes:
    """Return a frame with EE in place of each byte of a password, and its checksum made anew.

    The old checksum would tell the sum of what is hidden. A frame without a password comes back as it is;
    of bytes that are no sound frame nothing is known, so that all of them are hidden.
    """
    bare = raw.lstrip(b"\xfe")
    if not is_whole(bare):
        return bytes((BLANK,)) * len(raw)
    hidden = _hidden(bare)
    if not hidden:
        return raw
    data = bytearray(bare[HEADER:-2].translate(MINUS_33))
    for at in hidden:
        data[at] = BLANK
    return raw[: len(raw) - len(bare)] + build(bare[1:7], bare[8], bytes(data))


def shown(raw: bytes) -> str:
    """Return a frame in hex for people, ``**`` in place of each byte that would tell of a password."""
    bare = raw.lstrip(b"\xfe")
    first = len(raw) - len(bare)
    stars = set(range(len(raw)))
    if is_whole(bare):
        stars = {first + HEADER + at for at in _hidden(bare)}
        stars |= {len(raw) - 2} if stars else set()
    return " ".join("**" if at in stars else f"{byte:02X}" for at, byte in enumerate(raw))


def _hidden(bare: bytes) -> set[int]:
    """Return which bytes of a sound frame's data tell of a password."""
    data = bare[HEADER:-2].translate(MINUS_33)
    return {at for start, stop in _spans(bare[8], data) for at in range(start, min(stop, len(data)))}


def _spans(control: int, data: bytes) -> Iterator[tuple[int, int]]:
    function = control & FUNCTION
    if control & FROM_METER:
        if function == Function2007.READ and data[1:4] == PASSWORD_ITEMS:  # no meter should
            yield IDENTIFIER, len(data)
        if function in _REQUESTS:  # what a confused meter sends back may be what it was sent
            yield (_ERRORS if control & ABNORMAL else 1 if function in _REPEATED else 0), len(data)
        return
    yield from _REQUESTS.get(function, ())
    if function == Function2007.WRITE and data[1:4] == PASSWORD_ITEMS:
        yield _WRITTEN, len(data)
    if function == Function2007.AUTHENTICATE:
        yield _AUTHENTICATION_HEAD, len(data)
