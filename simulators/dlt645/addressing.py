"""Whom a DL/T 645 frame means: a meter's own address, one shortened with AA, or everybody (5.2.2)."""

from __future__ import annotations

from typing import Final

from protocols.dlt645.session import ANY_ADDRESS

ANY: Final = ANY_ADDRESS[0]
EVERYBODY: Final = b"\x99" * 6


def is_address(data: bytes) -> bool:
    """Tell whether bytes are an address that a meter may bear: twelve digits."""
    return len(data) == len(EVERYBODY) and all(byte & 0x0F <= 9 and byte >> 4 <= 9 for byte in data)  # noqa: PLR2004 - a digit


def is_shortened_for(asked: bytes, own: bytes) -> bool:
    """Tell whether a shortened address means a meter: low bytes given, AA in place of the high ones.

    Both in wire order, low byte first. All AA means any meter.
    """
    given = asked.rstrip(bytes((ANY,)))
    return len(given) < len(asked) and own.startswith(given)
