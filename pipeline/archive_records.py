"""Records of the archive (档案) that detectors judge by: members of areas, planned work, thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MemberRole(StrEnum):
    """Which side of an area's balance a service point stands on."""

    MEMBER = "member"
    SUPPLY = "supply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformer:
    """A transformer (变压器) of an area or of one customer."""

    id: str
    area: str | None = None
    service_point: str | None = None
    """The customer's own (专变)."""
    capacity_kva: float | None = None
    starts_at: datetime | None = None
    """Since when it is in service (投运); None where nobody filed it."""
    no_load_loss_kw: float | None = None
    """P0 of the plate or its test report (空载损耗)."""
    load_loss_kw: float | None = None
    """Pk at rated current (负载损耗)."""
    no_load_current_percent: float | None = None
    """I0 (空载电流)."""
    impedance_percent: float | None = None
    """Uk (短路阻抗)."""


class MeteringSide(StrEnum):
    """On which side of the customer's own transformer the meter hangs (计量方式)."""

    HIGH = "high"
    """高供高计: losses are metered."""
    LOW = "low"
    """高供低计: the transformer's losses are added to what is metered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaMember:
    """A service point in the balance of an area (台区), by date."""

    area: str
    service_point: str
    role: MemberRole = MemberRole.MEMBER
    sign: int = 1
    """How a supply meter counts in the balance: 1 into the area, -1 out of it."""
    phase: str | None = None
    """``A``, ``B`` or ``C`` as filed, for a single-phase customer."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


SUPPLY_OFF = frozenset({"outage", "停电"})
"""Kinds of work orders that take the supply away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """Planned work (工单) at a service point: what happens within it is expected."""

    id: str
    service_point: str
    kind: str = ""
    """What is done, in the utility's words: ``meter change``, ``programming``, ``inspection``; one of
    :data:`SUPPLY_OFF` says that the supply is off from its start to its end."""
    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedSupply:
    """A service point whose supply no order takes away for a time (保电)."""

    service_point: str
    reason: str = ""
    """Why, in the utility's words: ``hospital``, ``高考保电``."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class PointClass(StrEnum):
    """Kinds of voltage monitoring points (电压监测点), 供电监管办法 (2009) article 8, to be confirmed."""

    A = "A"
    """Busbars of 10 kV in substations that carry local load."""
    B = "B"
    """Dedicated lines of 35 kV and all customers of 110 kV and above."""
    C = "C"
    """Other customers of 35 kV and 10 kV."""
    D = "D"
    """Networks and customers of 380/220 V."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """The supply of a service point, against which harmonics are judged (GB/T 14549)."""

    service_point: str
    short_circuit_mva: float | None = None
    agreed_mva: float | None = None
    equipment_mva: float | None = None
    demand_current_a: float | None = None
    """I_L of IEEE 519: the mean of twelve months' maximum demand currents, primary."""
    point_class: PointClass | None = None
    agreed_band_percent: tuple[float, float] | None = None
    """Lowest and highest deviation of the voltage that were agreed, signed: ``(-3.0, 7.0)``
    (GB/T 12325-2008 4.4; busbars of class A)."""
    capacitor_steps_kvar: tuple[float, ...] = ()
    """Reactive power of each step of the capacitors (补偿电容器) at the point, at nominal voltage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Another number for a detector than its default: for a class of customers or for one service point."""

    detector: str
    parameter: str
    value: float
    service_point: str | None = None
    """Only there; it goes before a class."""
    category: str | None = None
    """Only where the contract names this class; neither: everywhere."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    source: str = ""
    """Who laid it down, and where."""
