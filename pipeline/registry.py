"""The archive (档案): meters, where they hang, what was agreed with the customer, each with its dates.

Every stretch of time is half-open, ``[from, to)``; ``None`` means "always" or "still".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from pipeline.alarms.records import AlarmChannel, AlarmRoute
from pipeline.archive_records import (
    AreaMember,
    MemberRole,
    ProtectedSupply,
    Supply,
    Threshold,
    Transformer,
    WorkOrder,
)
from pipeline.contracts import Contract, Suspension
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.tariff import MarketEnergy, Tariff
from pipeline.vee_records import Estimation, LoadProfile, Temperature, Total, TotalMember

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
EVENTS_EVERY_S = 3600
"""How often meters are asked for new events where the archive has no schedule for them."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


USUAL_MAX_A = 60.0
"""Most current of a direct meter, 5(60) A, where nobody filed it."""


class Wiring(StrEnum):
    """How a meter is connected. A 3P3W meter's elements are Uab/Ia and Ucb/Ic; it has no phase B."""

    ONE_PHASE = "1P2W"
    THREE_PHASE_THREE_WIRE = "3P3W"
    THREE_PHASE_FOUR_WIRE = "3P4W"


class Role(StrEnum):
    """What an installed meter's energy means at its service point."""

    MAIN = "main"
    CHECK = "check"
    SUBTRACT = "sub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A device (电能表)."""

    id: MeterId
    wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE
    rated_voltage_v: float = 220.0
    """What the plate says: secondary side."""
    nominal_voltage_v: float = 220.0
    """The nominal voltage of the supply point, against which voltage is judged."""
    rated_current_a: float = 5.0
    max_current_a: float | None = None
    """What the plate allows; None where nobody filed it: no rule may then accuse anybody by it."""
    digits: int = 6
    """Digits of the energy register before the decimal point."""
    resolution: float = 0.01
    """One step of the energy register, kWh."""
    zone: ZoneInfo = DEFAULT_ZONE
    """Zone of the meter's own clock."""
    model: str = ""
    """As on its plate (型号)."""
    serial: str = ""
    """The maker's number (出厂编号)."""
    accuracy_class: str = ""
    """As on its plate (准确度等级): ``0.5S``, ``B``."""
    firmware: str = ""
    verified_until: date | None = None
    """The last day on which its verification (检定) holds."""

    @property
    def most_current_a(self) -> float:
        """What it may carry, as filed or as is usual: tells values that cannot be from those that can."""
        return USUAL_MAX_A if self.max_current_a is None else self.max_current_a


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A meter at a service point for a time, and how it is reached there."""

    meter: MeterId
    service_point: str | None = None
    role: Role = Role.MAIN
    bus: str | None = None
    address: str | None = None
    profile: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    opening: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Registers (装表底度) when it was fitted, by quantity with its rate (``active_energy_import_t1``).

    In kWh or kvarh on the meter's own side; empty if nobody wrote them down."""
    closing: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Registers (拆表底度) when it was taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Instrument transformers before a meter: secondary values times ``ct * pt`` are primary ones."""

    meter: MeterId
    ct: float = 1.0
    pt: float = 1.0
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePoint:
    """Where a customer is supplied."""

    id: str
    name: str = ""
    customer: str = ""
    area: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A transformer area (台区)."""

    id: str
    name: str = ""
    zone: ZoneInfo = DEFAULT_ZONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """One RS-485 line or one connection: one owner at a time."""

    id: str
    url: str
    """``tcp://host:port`` or ``serial:///dev/ttyUSB0?baudrate=2400&parity=E``."""
    timeout_s: float = 1.0
    retries: int = 2
    pause_s: float = 0.0
    """Silence kept between two questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often a group of quantities is read."""

    group: str
    """A :class:`pipeline.quantities.Group`."""
    every_s: int
    tolerance_s: int | None = None
    """How late a reading may be and still count as in time; default: half of ``every_s``."""


DEFAULT_SCHEDULES = (
    Schedule(group=Group.REGISTER, every_s=900),
    Schedule(group=Group.ELECTRICAL, every_s=300),
    Schedule(group=Group.DEMAND, every_s=3600),
    Schedule(group=Group.SPECTRUM, every_s=900),
    Schedule(group=Group.STATISTICS, every_s=3600),
    Schedule(group=Group.DEVICE, every_s=3600),
)
"""How often buses are read where the archive has no schedule at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSource:
    """A broker's topics and the dialect spoken on them."""

    id: str
    topic: str
    dialect: str = "kilowatch"
    every_s: int | None = None
    """How often each meter behind it reports; None when unknown."""
    meters: tuple[str, ...] = ()
    """Meters expected behind it; they need no bus. A topic that names no device has exactly one."""
    template: str | None = None
    """Where a topic names the device: ``tele/{device}/SENSOR``; None takes the first ``+`` of ``topic``."""
    devices: Mapping[str, str] = field(default_factory=dict)
    """Meters by the name that their device bears on MQTT; empty where that name is the meter's id."""
    quantities: Mapping[str, str] = field(default_factory=dict)
    """What a field or metric measures (:mod:`pipeline.scaling`), beside what the dialect knows."""
    zone: ZoneInfo = DEFAULT_ZONE
    """Zone of local times that the payloads give without one."""
    ask: bool = True
    """Whether devices may be asked over MQTT: for births, for stored records. False only listens."""

    @property
    def expected(self) -> tuple[str, ...]:
        """Every meter that may report through it, each once."""
        return tuple(dict.fromkeys((*self.meters, *self.devices.values())))


Dated = TypeVar("Dated", Installation, Ratio, Contract, Tariff)
"""A record that replaces an older one of its kind from its start."""
Placed = TypeVar("Placed", Installation, Contract, Suspension, AreaMember)
Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The whole archive as one value."""

    meters: Sequence[Meter] = ()
    installations: Sequence[Installation] = ()
    ratios: Sequence[Ratio] = ()
    service_points: Sequence[ServicePoint] = ()
    areas: Sequence[Area] = ()
    contracts: Sequence[Contract] = ()
    suspensions: Sequence[Suspension] = ()
    transformers: Sequence[Transformer] = ()
    area_members: Sequence[AreaMember] = ()
    work_orders: Sequence[WorkOrder] = ()
    protected_supplies: Sequence[ProtectedSupply] = ()
    supplies: Sequence[Supply] = ()
    thresholds: Sequence[Threshold] = ()
    tariffs: Sequence[Tariff] = ()
    market_energies: Sequence[MarketEnergy] = ()
    buses: Sequence[Bus] = ()
    schedules: Sequence[Schedule] = ()
    mqtt_sources: Sequence[MqttSource] = field(default=())
    totals: Sequence[Total] = ()
    total_members: Sequence[TotalMember] = ()
    load_profiles: Sequence[LoadProfile] = ()
    estimations: Sequence[Estimation] = ()
    temperatures: Sequence[Temperature] = ()
    alarm_channels: Sequence[AlarmChannel] = ()
    alarm_routes: Sequence[AlarmRoute] = ()

    @cached_property
    def meter_by_id(self) -> dict[MeterId, Meter]:
        """Meters by id."""
        return {meter.id: meter for meter in self.meters}

    @cached_property
    def service_point_by_id(self) -> dict[str, ServicePoint]:
        """Service points by id."""
        return {point.id: point for point in self.service_points}

    @property
    def reading_schedules(self) -> list[Schedule]:
        """The schedules of quantities; what meters record by themselves (events) has its own."""
        return [schedule for schedule in self.schedules if schedule.group != Group.EVENT]

    @property
    def bus_schedules(self) -> Sequence[Schedule]:
        """How often meters on buses are read; a group that a given schedule leaves out is not read."""
        return self.reading_schedules or DEFAULT_SCHEDULES

    @property
    def events_every_s(self) -> int:
        """How often meters are asked for new events."""
        given = (schedule.every_s for schedule in self.schedules if schedule.group == Group.EVENT)
        return next(given, EVENTS_EVERY_S)

    @cached_property
    def area_by_id(self) -> dict[str, Area]:
        """Areas by id."""
        return {area.id: area for area in self.areas}

    def zone_of(self, service_point: str | None) -> ZoneInfo:
        """Return the zone of a service point's area: local days and tariffs follow it."""
        point = self.service_point_by_id.get(service_point or "")
        area = self.area_by_id.get(point.area or "") if point is not None else None
        return area.zone if area is not None else DEFAULT_ZONE

    @cached_property
    def installations_by_meter(self) -> dict[MeterId, list[Installation]]:
        """Where each meter hung, oldest first."""
        return _grouped(self.installations, lambda installation: installation.meter)

    @cached_property
    def installations_by_point(self) -> dict[str, list[Installation]]:
        """Which meters hung at each service point, oldest first."""
        placed = [i for i in self.installations if i.service_point is not None]
        return _grouped(placed, lambda installation: installation.service_point or "")

    @cached_property
    def contracts_by_point(self) -> dict[str, list[Contract]]:
        """The contracts of each service point, oldest first."""
        return _grouped(self.contracts, lambda contract: contract.service_point)

    @cached_property
    def suspensions_by_point(self) -> dict[str, list[Suspension]]:
        """The suspensions of each service point, oldest first."""
        return _grouped(self.suspensions, lambda suspension: suspension.service_point)

    @cached_property
    def supplying_by_point(self) -> dict[str, list[AreaMember]]:
        """When each service point supplies an area, oldest first: what its meters draw is many customers'."""
        supplying = [member for member in self.area_members if member.role is MemberRole.SUPPLY]
        return _grouped(supplying, lambda member: member.service_point)

    def supplying(
        self, service_point: str | None, starts_at: datetime, ends_at: datetime
    ) -> list[AreaMember]:
        """Return the memberships by which a point supplies an area within ``[starts_at, ends_at)``."""
        return [
            member
            for member in self.supplying_by_point.get(service_point or "", ())
            if (member.starts_at is None or member.starts_at < ends_at)
            and (member.ends_at is None or starts_at < member.ends_at)
        ]

    def service_point_of(self, meter: MeterId, instant: datetime) -> str | None:
        """Return where a meter hung at ``instant``; None if nowhere."""
        placed = self.installations_by_meter.get(meter, ())
        hung = latest(i for i in placed if in_force(i.starts_at, i.ends_at, instant))
        return None if hung is None else hung.service_point

    def last_installation(
        self, meter: MeterId, starts_at: datetime, ends_at: datetime
    ) -> Installation | None:
        """Return the last of a meter's installations that touch ``[starts_at, ends_at)``.

        One at a service point comes before one that has none.
        """
        placed = [
            i
            for i in self.installations_by_meter.get(meter, ())
            if (i.starts_at is None or i.starts_at < ends_at) and (i.ends_at is None or starts_at < i.ends_at)
        ]
        if len(placed) > 1:
            placed = [i for i in placed if i.service_point is not None] or placed
        return placed[-1] if placed else None

    def zone_within(self, meter: MeterId, starts_at: datetime, ends_at: datetime) -> ZoneInfo:
        """Return the zone of where a meter hung last within ``[starts_at, ends_at)``."""
        hung = self.last_installation(meter, starts_at, ends_at)
        return self.zone_of(None if hung is None else hung.service_point)

    def installed_at(self, instant: datetime) -> list[Installation]:
        """Return the installations in force at ``instant``."""
        return [i for i in self.installations if in_force(i.starts_at, i.ends_at, instant)]

    def installations_of(self, service_point: str) -> list[Installation]:
        """Return every installation at a service point, oldest first."""
        return list(self.installations_by_point.get(service_point, ()))

    def ratio_of(self, meter: MeterId, instant: datetime) -> Ratio:
        """Return the ratio in force; CT 1 and PT 1 where none is recorded."""
        fitting = (r for r in self.ratios if r.meter == meter and in_force(r.starts_at, r.ends_at, instant))
        return latest(fitting) or Ratio(meter=meter)

    def contract_of(self, service_point: str, instant: datetime) -> Contract | None:
        """Return the contract in force, if one is recorded."""
        known = self.contracts_by_point.get(service_point, ())
        return latest(c for c in known if in_force(c.starts_at, c.ends_at, instant))

    def tariff_of(self, tariff: str, instant: datetime) -> Tariff | None:
        """Return the version of a tariff in force, if one is recorded."""
        return latest(t for t in self.tariffs if t.id == tariff and in_force(t.starts_at, t.ends_at, instant))


def _start(entry: Installation | Contract | Suspension | AreaMember) -> datetime:
    return entry.starts_at or _LONG_AGO


def _grouped(entries: Iterable[Placed], key: Callable[[Placed], Key]) -> dict[Key, list[Placed]]:
    groups: dict[Key, list[Placed]] = {}
    for entry in sorted(entries, key=_start):
        groups.setdefault(key(entry), []).append(entry)
    return groups


def in_force(starts_at: datetime | None, ends_at: datetime | None, instant: datetime) -> bool:
    """Tell whether ``instant`` lies in ``[starts_at, ends_at)``; None is an open end."""
    return (starts_at is None or starts_at <= instant) and (ends_at is None or instant < ends_at)


def latest(entries: Iterable[Dated]) -> Dated | None:
    """Return the entry that began last; an entry without a start is the oldest."""
    return max(entries, key=lambda entry: entry.starts_at or _LONG_AGO, default=None)
