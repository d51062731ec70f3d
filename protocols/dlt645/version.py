"""In what DL/T 645-2007 and its predecessor of 1997 differ for a master."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocols.dlt645.functions import Function1997, Function2007
from protocols.dlt645.refusals import BITS_1997, BITS_2007


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Version:
    """One edition of the standard, as data; each is only itself."""

    year: int
    read: int
    read_following: int
    identifier_bytes: int
    has_sequence: bool
    """A following frame and its question carry a number (SEQ) as their last byte."""
    refusal_bits: Mapping[int, tuple[str, str]]
    date: bytes
    """The identifier of date and weekday, DI0 first."""
    time: bytes
    date_and_time: bytes | None
    """Both in one; None where the edition has no such identifier."""
    settlement_days: tuple[bytes, ...]
    """The identifiers of the days of the month (DDhh) at which a settlement period ends."""
    read_address: int | None
    """None where the edition has no such function."""
    read_again: int | None
    """Asks for the last answer once more; 2007 uses this code for something else."""

    def asks(self, function: int) -> bool:
        """Tell whether a function only asks; every other one is an order."""
        return function in (self.read, self.read_following, self.read_address, self.read_again)


VERSION_2007 = Version(
    year=2007,
    read=Function2007.READ,
    read_following=Function2007.READ_FOLLOWING,
    identifier_bytes=4,
    has_sequence=True,
    refusal_bits=BITS_2007,
    date=bytes.fromhex("01010004"),
    time=bytes.fromhex("02010004"),
    date_and_time=bytes.fromhex("0C010004"),  # State Grid
    settlement_days=tuple(bytes.fromhex(f"{number:02X}0B0004") for number in (1, 2, 3)),
    read_address=Function2007.READ_ADDRESS,
    read_again=None,
)
VERSION_1997 = Version(
    year=1997,
    read=Function1997.READ,
    read_following=Function1997.READ_FOLLOWING,
    identifier_bytes=2,
    has_sequence=False,
    refusal_bits=BITS_1997,
    date=bytes.fromhex("10C0"),
    time=bytes.fromhex("11C0"),
    date_and_time=None,
    settlement_days=(bytes.fromhex("17C1"),),
    read_address=None,
    read_again=Function1997.READ_AGAIN,
)
