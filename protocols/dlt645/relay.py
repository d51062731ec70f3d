"""The orders of function 1C (跳合闸、报警、保电): relay, alarm and supply guard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from protocols.dlt645.values import parse_format, time_to_bytes


class Control(IntEnum):
    """N1, what the meter shall do (production firmware; the text of 2007 ends at function 1B)."""

    OPEN = 0x1A
    PERMIT_CLOSE = 0x1B
    """A person closes it with the button on the meter."""
    CLOSE = 0x1C
    OPEN_THEN_PERMIT = 0x1D
    OPEN_THEN_CLOSE = 0x1E
    ALARM = 0x2A
    ALARM_OFF = 0x2B
    GUARD = 0x3A
    """The meter then ignores orders to open."""
    GUARD_OFF = 0x3B


NAMES: Final[dict[Control, tuple[str, str]]] = {
    Control.OPEN: ("open the relay", "跳闸"),
    Control.PERMIT_CLOSE: ("permit to close the relay", "合闸允许"),
    Control.CLOSE: ("close the relay", "直接合闸"),
    Control.OPEN_THEN_PERMIT: ("open the relay, later permit to close", "跳闸自动转合闸允许"),
    Control.OPEN_THEN_CLOSE: ("open the relay, later close it", "跳闸自动转合闸"),
    Control.ALARM: ("raise the alarm", "报警"),
    Control.ALARM_OFF: ("end the alarm", "报警解除"),
    Control.GUARD: ("guard the supply", "保电"),
    Control.GUARD_OFF: ("end the supply guard", "保电解除"),
}
OPENING: Final = frozenset({Control.OPEN, Control.OPEN_THEN_PERMIT, Control.OPEN_THEN_CLOSE})
"""What takes a customer's supply away."""
DELAYED: Final = frozenset({Control.OPEN_THEN_PERMIT, Control.OPEN_THEN_CLOSE})
"""N2 is how long the relay stays open, in steps of five minutes (production firmware)."""
DELAY_STEP_MIN: Final = 5
DELAY_MOST_MIN: Final = 255 * DELAY_STEP_MIN
STATUS_WORD_3: Final = bytes.fromhex("03050004")
"""04000503, DI0 first."""
RELAY_BIT: Final = 4
"""Of status word 3: 1 = open."""


class RelayState(StrEnum):
    """What status word 3 says of the relay."""

    OPEN = "open"
    CLOSED = "closed"


EXPECTED: Final[dict[Control, RelayState]] = {
    Control.OPEN: RelayState.OPEN,
    Control.OPEN_THEN_PERMIT: RelayState.OPEN,
    Control.OPEN_THEN_CLOSE: RelayState.OPEN,
    Control.CLOSE: RelayState.CLOSED,
}
"""What the relay shows after an order; the others leave it as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOrder:
    """One order: what, for how long, and until when the meter may obey it."""

    control: Control
    deadline: datetime
    """Local time of the meter; later it refuses."""
    delay_min: int = 0
    """For the two orders that undo themselves: a multiple of five."""

    def __post_init__(self) -> None:
        """Refuse a delay that the order cannot carry.

        Raises:
            ValueError: If it has none, is no multiple of five, or is too long.
        """
        if self.control not in DELAYED and self.delay_min:
            raise ValueError(f"to {NAMES[self.control][0]} takes no delay")
        if self.control in DELAYED and not (
            DELAY_STEP_MIN <= self.delay_min <= DELAY_MOST_MIN and self.delay_min % DELAY_STEP_MIN == 0
        ):
            raise ValueError(
                f"the delay is {DELAY_STEP_MIN} to {DELAY_MOST_MIN} minutes in steps of {DELAY_STEP_MIN}, "
                f"not {self.delay_min}"
            )

    @property
    def wire(self) -> bytes:
        """N1 to N8: order, delay, deadline with its seconds first."""
        until = time_to_bytes(self.deadline, parse_format("YYMMDDhhmmss"))
        return bytes((self.control, self.delay_min // DELAY_STEP_MIN)) + until


def relay_state(status_word_3: bytes) -> RelayState:
    """Return what the two bytes of status word 3 say of the relay."""
    is_open = int.from_bytes(status_word_3, "little") >> RELAY_BIT & 1
    return RelayState.OPEN if is_open else RelayState.CLOSED
