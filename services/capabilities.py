"""What an installation may be allowed to do to meters; each is off until somebody switches it on."""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """One kind of change. All but the clocks take two persons."""

    CLOCK = "clock"
    """The clock by at most five minutes (校时); one person, audited."""
    CLOCK_SYNC = "clock_sync"
    """The same by the collector itself, without a person."""
    PARAMETERS = "parameters"
    """Items of the catalogue and raw identifiers (写数据), the clock by more than five minutes."""
    ADDRESS = "address"
    RATE = "rate"
    PASSWORD = "password"  # noqa: S105 - a name of a capability
    FREEZE = "freeze"
    DEMAND_RESET = "demand_reset"
    METER_CLEAR = "meter_clear"
    EVENT_CLEAR = "event_clear"
    RELAY = "relay"
    """Take away and give back a customer's supply (跳合闸)."""
    ALARM = "alarm"
    SUPPLY_GUARD = "supply_guard"
    """保电: the meter then ignores orders to open."""


CLOCKS = (Capability.CLOCK, Capability.CLOCK_SYNC)
"""Each has a setting of its own: ``KILOWATCH_ALLOW_CLOCK`` and ``KILOWATCH_ALLOW_CLOCK_SYNC``."""
WRITES = tuple(capability for capability in Capability if capability not in CLOCKS)
"""What ``KILOWATCH_ALLOW_WRITES`` may name."""
