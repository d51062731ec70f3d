"""What a simulated meter replies: data, an error byte with the standard's bits, or silence."""

from __future__ import annotations

from enum import IntFlag
from typing import TypeAlias


class ErrorBit(IntFlag):
    """Bits of the error byte (错误信息字 ERR) of DL/T 645-2007."""

    OTHER = 0x01
    NO_SUCH_DATA = 0x02
    PASSWORD = 0x04
    """Wrong, or not authorised."""
    RATE = 0x08
    """The communication rate cannot change."""
    YEAR_ZONES = 0x10
    DAY_PERIODS = 0x20
    TARIFFS = 0x40


class SecurityBit(IntFlag):
    """Bits of the two bytes (SERR) that refuse functions 03 and 1C. [MEM]"""  # noqa: D415 - a tag ends it

    OTHER = 0x0001
    IDENTITY = 0x0008
    """The identity was not authenticated."""


class ErrorBit1997(IntFlag):
    """Bits of the error byte of DL/T 645-1997. [MEM, agrees with captured refusals]"""  # noqa: D415 - a tag ends it

    ILLEGAL_DATA = 0x01
    IDENTIFIER = 0x02
    PASSWORD = 0x04


Reply: TypeAlias = bytes | ErrorBit
"""The data of an answer, empty where the standard has none, or why there is none."""
