"""What a meter records by itself when something happens to it: typed event records (事件记录)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What happened. A kind is a name at rest (``meter_event.kind``): never rename one."""

    VOLTAGE_LOSS = "voltage_loss"
    UNDERVOLTAGE = "undervoltage"
    OVERVOLTAGE = "overvoltage"
    PHASE_BREAK = "phase_break"
    ALL_VOLTAGE_LOSS = "all_voltage_loss"
    AUXILIARY_SUPPLY_LOSS = "auxiliary_supply_loss"
    VOLTAGE_REVERSE_SEQUENCE = "voltage_reverse_sequence"
    CURRENT_REVERSE_SEQUENCE = "current_reverse_sequence"
    VOLTAGE_UNBALANCE = "voltage_unbalance"
    CURRENT_UNBALANCE = "current_unbalance"
    CURRENT_LOSS = "current_loss"
    OVERCURRENT = "overcurrent"
    CURRENT_BREAK = "current_break"
    REVERSE_FLOW = "reverse_flow"
    OVERLOAD = "overload"
    POWER_DOWN = "power_down"
    DEMAND_OVER_LIMIT = "demand_over_limit"
    POWER_FACTOR_LOW = "power_factor_low"
    RELAY_TRIP = "relay_trip"
    RELAY_CLOSE = "relay_close"
    PROGRAMMING = "programming"
    METER_CLEAR = "meter_clear"
    DEMAND_RESET = "demand_reset"
    EVENT_CLEAR = "event_clear"
    CLOCK_SET = "clock_set"
    PERIOD_TABLE_PROGRAMMING = "period_table_programming"
    ZONE_TABLE_PROGRAMMING = "zone_table_programming"
    WEEKEND_PROGRAMMING = "weekend_programming"
    HOLIDAY_PROGRAMMING = "holiday_programming"
    ACTIVE_COMBINATION_PROGRAMMING = "active_combination_programming"
    REACTIVE_COMBINATION_1_PROGRAMMING = "reactive_combination_1_programming"
    REACTIVE_COMBINATION_2_PROGRAMMING = "reactive_combination_2_programming"
    SETTLEMENT_DAY_PROGRAMMING = "settlement_day_programming"
    COVER_OPEN = "cover_open"
    TERMINAL_COVER_OPEN = "terminal_cover_open"
    MAGNETIC_FIELD = "magnetic_field"
    RELAY_MISOPERATION = "relay_misoperation"
    SUPPLY_ABNORMAL = "supply_abnormal"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvent:
    """One record out of a meter's memory."""

    kind: EventKind
    part: str = ""
    """``a``, ``b``, ``c`` for a phase; ``forward``, ``reverse``, ``q1`` .. ``q4`` for a demand; or empty."""
    number: int
    """1 for the newest of its kind and part."""
    starts_at: datetime
    """As the meter's clock had it, made aware with the clock's zone."""
    ends_at: datetime | None = None
    """None while it goes on, or where the record has one time only."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What else the record holds: each field by its English name, as exact text with its unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCount:
    """How often something has happened since the meter was cleared."""

    kind: EventKind
    part: str = ""
    count: int
    minutes: int | None = None
    """How long in all; None where the meter does not add it up."""
