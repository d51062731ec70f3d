"""Who may order a simulated meter: passwords by class, the programming key, and the lock after wrong ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from protocols.dlt645.values import digits_to_bytes
from simulators.dlt645.replies import ErrorBit
from simulators.dlt645.traits import Traits

PASSWORD_BYTES: Final = 4
"""PA, the class (权限), and three bytes of six digits, low byte first."""
CLASSES: Final = range(10)
CLEAR_CLASS: Final = 2
"""Meter and event clear, and the relay. [STD; relay FW]"""
WRITE_CLASS: Final = 4
"""Parameters and the reset of maximum demand. [STD]"""
FACTORY: Final = digits_to_bytes("000000")
FACTORY_OF: Final = {CLEAR_CLASS: digits_to_bytes("123456")}
"""What factories commonly set. [MEM]"""


class Access:
    """Judges passwords; 0 is the highest class, and a higher one may do what a lower one may."""

    __slots__ = ("_locked_until", "_passwords", "_traits", "_wrong", "is_key_held")

    def __init__(self, traits: Traits) -> None:
        """Start with the factory's passwords."""
        self._traits = traits
        self.is_key_held = False
        """Somebody holds the programming key (编程键) under the cover."""
        self._passwords: dict[int, bytes] = {}
        self._wrong = 0
        self._locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """Tell whether wrong passwords have locked the meter."""
        return self._locked_until is not None and now < self._locked_until

    def check(self, given: bytes, needed: int, now: datetime, *, needs_key: bool = True) -> ErrorBit:
        """Return no bit when ``given`` (PA P0 P1 P2) may do what needs a class, else why not.

        Args:
            given: Four bytes, as on the wire.
            needed: The lowest class that may.
            now: The meter's time.
            needs_key: The programming key is needed too (14 15 18 19 1A 1B).
        """
        if needs_key and self._traits.needs_programming_key and not self.is_key_held:
            return ErrorBit.PASSWORD
        if self.is_locked(now):
            return ErrorBit.PASSWORD
        level = given[0] if given else -1
        if level not in CLASSES or given[1:PASSWORD_BYTES] != self._password(level):
            self._count_wrong(now)
            return ErrorBit.PASSWORD
        self._wrong = 0
        return ErrorBit(0) if level <= needed else ErrorBit.PASSWORD

    def change(self, old: bytes, new: bytes, now: datetime) -> ErrorBit:
        """Change a password (修改密码): the old one may be of the same class or of a higher one."""
        wrong = self.check(old, new[0], now)
        if wrong:
            return wrong
        if new[0] not in CLASSES or any(byte & 0x0F > 9 or byte >> 4 > 9 for byte in new[1:]):  # noqa: PLR2004 - a digit
            return ErrorBit.OTHER
        self._passwords[new[0]] = new[1:PASSWORD_BYTES]
        return ErrorBit(0)

    def _password(self, level: int) -> bytes:
        return self._passwords.get(level, FACTORY_OF.get(level, FACTORY))

    def _count_wrong(self, now: datetime) -> None:
        self._wrong += 1
        if self._wrong >= self._traits.wrong_passwords:
            self._locked_until = now + timedelta(hours=self._traits.lock_hours)
            self._wrong = 0
