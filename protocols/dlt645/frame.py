"""DL/T 645 frames, 1997 and 2007 alike: bytes in, frames out, no I/O.

68 | A0..A5 | 68 | C | L | DATA (each byte + 33H) | CS | 16
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.errors import FrameError

START: Final = 0x68
END: Final = 0x16
PREAMBLE: Final = b"\xfe\xfe\xfe\xfe"
"""A master is advised to wake the slave with four of them; they are outside the checksum (5.2.1)."""
SECOND_START: Final = 7
"""Where 68 stands again, counted from 0."""
HEADER: Final = 10
"""Bytes from the first START up to and with L."""
OVERHEAD: Final = HEADER + 2
ADDRESS_DIGITS: Final = 12
WILDCARD: Final = "AA" * 6
"""Any meter; in a part of the address the digit pairs that are not given (缩位寻址)."""
BROADCAST: Final = "99" * 6

FROM_METER: Final = 0x80
"""D7 of the control code: 1 = sent by the meter."""
ABNORMAL: Final = 0x40
"""D6: the meter refused."""
MORE: Final = 0x20
"""D5: more frames follow."""
FUNCTION: Final = 0x1F

PLUS_33: Final = bytes((byte + 0x33) & 0xFF for byte in range(256))
MINUS_33: Final = bytes((byte - 0x33) & 0xFF for byte in range(256))


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. ``address`` is the twelve digits printed on the meter, ``data`` without the 33H."""

    address: str
    control: int
    data: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes to send, without preamble.

        Raises:
            ValueError: If the address is not twelve hexadecimal digits or the data exceeds 255 bytes.
        """
        return build(address_bytes(self.address), self.control, self.data)

    @classmethod
    def decode(cls, raw: bytes) -> Frame:
        """Read exactly one whole frame without preamble.

        Raises:
            FrameError: If delimiters, length or checksum are wrong.
        """
        if not is_whole(raw):
            raise FrameError(_fault(raw), raw)
        return cls(printed_address(raw), raw[8], payload(raw))


def build(address: bytes, control: int, data: bytes) -> bytes:
    """Return the frame with ``data`` for an address given in wire order."""
    head = bytes((START, *address, START, control, len(data))) + data.translate(PLUS_33)
    return head + bytes((sum(head) & 0xFF, END))


def is_whole(raw: bytes) -> bool:
    """Tell whether bytes are exactly one sound frame without preamble."""
    return (
        len(raw) >= OVERHEAD
        and raw[0] == START
        and raw[7] == START
        and raw[-1] == END
        and len(raw) == OVERHEAD + raw[9]
        and sums_up(raw)
    )


def _fault(raw: bytes) -> str:
    """Say why bytes are no whole frame: what came, and what was expected."""
    if raw[:1] != bytes((START,)) or raw[SECOND_START : SECOND_START + 1] not in (b"", bytes((START,))):
        return "not a DL/T 645 frame: 68H is expected as its first and eighth byte"
    if len(raw) < HEADER:
        return f"the frame is cut short: {len(raw)} bytes came, missing at least {OVERHEAD - len(raw)}"
    length = OVERHEAD + raw[HEADER - 1]
    if len(raw) < length:
        return (
            f"the frame is cut short: L is {raw[HEADER - 1]}, so {length} bytes are expected, {len(raw)} came"
            f", missing {length - len(raw)}"
        )
    if len(raw) > length:
        return f"L is {raw[HEADER - 1]}, so {length} bytes are expected, and {len(raw) - length} more came"
    if raw[-1] != END:
        return f"the frame ends with {raw[-1]:02X}H where 16H is expected"
    return f"checksum does not match: {raw[-2]:02X}H came, {sum(raw[:-2]) & 0xFF:02X}H expected"


def sums_up(raw: bytes) -> bool:
    """Tell whether the checksum fits in a frame of the right length: the sum from the first START on."""
    return (sum(raw) - END - 2 * raw[-2]) & 0xFF == 0


def payload(raw: bytes) -> bytes:
    """Return the data field of a whole frame, 33H taken off each byte."""
    return raw[HEADER:-2].translate(MINUS_33)


def printed_address(raw: bytes) -> str:
    """Return the address of a whole frame as it is printed on the meter."""
    return raw[6:0:-1].hex().upper()


def address_bytes(address: str) -> bytes:
    """Turn the printed digits into bytes in wire order, last pair first.

    Raises:
        ValueError: If ``address`` is not twelve hexadecimal digits (AA and 99 pairs are wildcards).
    """
    if len(address) != ADDRESS_DIGITS or not set(address) <= set("0123456789ABCDEFabcdef"):
        raise ValueError(f"a DL/T 645 address has {ADDRESS_DIGITS} digits: {address!r}")
    return bytes.fromhex(address)[::-1]


def padded_address(digits: str) -> str:
    """Fill a short address with zeros at the high end, as the standard asks (5.2.2)."""
    return digits.zfill(ADDRESS_DIGITS).upper()
