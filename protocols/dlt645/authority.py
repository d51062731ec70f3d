"""Who asks a meter to change something: password of a class (密码权限) and operator code (操作者代码).

A password is never shown: neither ``repr`` nor ``str`` nor a log line has its digits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from protocols.dlt645.values import HIDDEN, digits_to_bytes

DIGITS: Final = 6
OPERATOR_DIGITS: Final = 8
HIGHEST_LEVEL: Final = 9
ESAM_LEVELS: Final = (0x98, 0x99)
"""Classes whose data are ciphertext from a security module (ESAM); no person has a password of them."""


@dataclass(frozen=True, slots=True)
class Password:
    """A password of one class: 00 is the highest, 04 writes parameters, 02 clears (clause 7 and annex)."""

    level: int
    """PA, the class: 0 to 9."""
    digits: str = field(repr=False)
    """Six digits as people write them."""

    def __post_init__(self) -> None:
        """Refuse what no meter has.

        Raises:
            ValueError: If class or digits do not fit; the message does not repeat the digits.
        """
        if self.level in ESAM_LEVELS:
            raise ValueError(f"class {self.level} needs the meter's security module (ESAM), not a password")
        if not 0 <= self.level <= HIGHEST_LEVEL:
            raise ValueError(f"a password's class is 00 to 09, not {self.level}")
        if len(self.digits) != DIGITS or not (self.digits.isascii() and self.digits.isdigit()):
            raise ValueError(f"a password has {DIGITS} digits")

    def __str__(self) -> str:
        """Name the class and hide the digits."""
        return f"class {self.level:02d}, {HIDDEN}"

    @property
    def wire(self) -> bytes:
        """PA P0 P1 P2: the class, then the digits, last pair first."""
        return bytes((self.level,)) + digits_to_bytes(self.digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What a meter of 2007 wants to know before it obeys."""

    password: Password
    operator: str
    """C0..C3, eight digits as people write them; the meter keeps it in its programming records."""

    def __post_init__(self) -> None:
        """Refuse an operator code that has no four bytes.

        Raises:
            ValueError: If it is not eight hexadecimal digits.
        """
        operator_bytes(self.operator)

    @property
    def wire(self) -> bytes:
        """PA P0 P1 P2 C0 C1 C2 C3."""
        return self.password.wire + operator_bytes(self.operator)


def operator_bytes(operator: str) -> bytes:
    """Return C0 C1 C2 C3 of an operator code.

    Raises:
        ValueError: If it is not eight hexadecimal digits.
    """
    if len(operator) != OPERATOR_DIGITS or not set(operator) <= set("0123456789ABCDEFabcdef"):
        raise ValueError(f"an operator code has {OPERATOR_DIGITS} digits, not {operator!r}")
    return digits_to_bytes(operator)
