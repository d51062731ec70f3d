"""The relay of a simulated meter (拉合闸): open, permit, close, delayed return, alarm and supply guard."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pipeline.events import EventKind
from protocols.dlt645.relay import Control
from simulators.dlt645.events import Event, EventLog
from simulators.dlt645.measuring import Measuring

DELAY_UNIT: Final = timedelta(minutes=5)
"""N2 of an order counts in it. [FW]"""


OPENING: Final = (Control.OPEN, Control.OPEN_THEN_PERMIT, Control.OPEN_THEN_CLOSE)


class Relay:
    """Switches the load, at once or when a delay has passed."""

    __slots__ = ("_log", "_measuring", "_returns", "is_alarmed", "is_bridged", "is_guarded", "is_permitted")

    def __init__(self, measuring: Measuring, log: EventLog) -> None:
        """Start closed."""
        self._measuring, self._log = measuring, log
        self._returns: tuple[datetime, Control] | None = None
        self.is_permitted = False
        self.is_alarmed = False
        self.is_guarded = False
        self.is_bridged = False
        """It is open, and a wire around it carries the load."""

    @property
    def is_open(self) -> bool:
        """True while it is open, whether the load goes on or not."""
        return self.is_bridged or self._measuring.is_open

    def order(self, order: Control, delay: int, now: datetime) -> bool:
        """Obey an order at a true time; False when the supply is guarded.

        Args:
            order: N1.
            delay: N2, until the return of an order that returns; units of five minutes.
            now: True time.
        """
        if order in OPENING:
            return self._open(order, now + delay * DELAY_UNIT, now)
        match order:
            case Control.PERMIT_CLOSE:
                self._returns, self.is_permitted = None, self._measuring.is_open
            case Control.CLOSE:
                self._close(now)
            case Control.ALARM | Control.ALARM_OFF:
                self.is_alarmed = order is Control.ALARM
            case Control.GUARD | Control.GUARD_OFF:
                self.is_guarded = order is Control.GUARD
        return True

    def press_button(self, now: datetime) -> None:
        """Let the customer press the button: closes the relay when that is permitted."""
        self.settle(now)
        if self.is_permitted:
            self._close(now)

    def settle(self, now: datetime) -> None:
        """Do what became due since the last look."""
        if self._returns is None or now < self._returns[0]:
            return
        at, order = self._returns
        self._returns = None
        if order is Control.OPEN_THEN_CLOSE:
            self._close(at)
        else:
            self.is_permitted = True

    def _open(self, order: Control, returns_at: datetime, now: datetime) -> bool:
        if self.is_guarded:
            return False
        if not self._measuring.is_open:
            self._measuring.open(now)
            self._log.add(Event(kind=EventKind.RELAY_TRIP, starts_at=now, ends_at=now))
        self.is_permitted = False
        self._returns = None if order is Control.OPEN else (returns_at, order)
        return True

    def _close(self, at: datetime) -> None:
        if self._measuring.is_open:
            self._measuring.close(at)
            self._log.add(Event(kind=EventKind.RELAY_CLOSE, starts_at=at, ends_at=at))
        self._returns, self.is_permitted = None, False
