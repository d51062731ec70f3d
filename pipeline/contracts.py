"""Contracts (供用电合同) with customers, and the times in which they must draw less (暂停, 减容, 销户)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.archive_records import MeteringSide


class SuspensionKind(StrEnum):
    """What the customer asked for."""

    STOP = "stop"
    """暂停: all or part of the capacity rests."""
    REDUCTION = "reduction"
    """减容: the capacity is lowered."""
    CLOSED = "closed"
    """销户: the account is closed."""


class BasicCharge(StrEnum):
    """What a two-part tariff counts its basic charge (基本电费) by; ``NONE`` is a single-part one."""

    NONE = "none"
    CAPACITY = "capacity"
    DEMAND = "demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What was agreed for a service point, by date."""

    service_point: str
    capacity_kva: float | None = None
    contract_demand_kw: float | None = None
    basic_charge: BasicCharge | None = None
    category: str | None = None
    tariff: str | None = None
    """Which tariff; its version in force is :meth:`pipeline.registry.Registry.tariff_of`."""
    power_factor_standard: float | None = None
    """0.90, 0.85 or 0.80; None is that of the class and capacity."""
    metering_side: MeteringSide | None = None
    supply_voltage_kv: float | None = None
    settlement_day: int | None = None
    """Day of the month, 1 to 28, at whose 00:00 the month's account closes (抄表例日); None is the 1st."""
    interim_days: tuple[int, ...] = ()
    """Days of the month, 1 to 28, at whose 00:00 an interim bill (分次结算) closes before the month's own."""
    generation: bool = False
    """Declared generation behind the meter: energy may flow back."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A time in which a service point must not draw more than what was left to it."""

    id: str
    service_point: str
    kind: SuspensionKind = SuspensionKind.STOP
    starts_at: datetime
    ends_at: datetime | None
    """Exclusive; None while it lasts."""
    remaining_kva: float = 0.0
    """Capacity still running; 0 is a full suspension."""
    setpoint_w: float | None = None
    """Power above which load counts, as agreed or set in the terminal."""
    auxiliaries_kw: float | None = None
    """Declared auxiliaries (lighting, guard room), when there is no set-point."""
    transformers: tuple[str, ...] = ()
    """The units that rest, whole ones."""
    requested_at: datetime | None = None
    sealed_at: datetime | None = None
    unsealed_at: datetime | None = None
