"""What a fleet is made of: the contents of a fleet file as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from pipeline.archive_records import Supply
from pipeline.contracts import SuspensionKind
from pipeline.registry import Role, Wiring
from simulators.dlt645.traits import STANDARD, Traits
from simulators.gateway_messages import GatewayFaults
from simulators.line import LineFaults
from simulators.physics.shapes import LoadPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time relative to the fleet's start: so many local days ago, at a local time."""

    days_ago: int
    """0 is today; below 0 is to come."""
    at: time = time()


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaPlan:
    """A transformer area (台区)."""

    id: str
    name: str
    transformer_kva: float | None = None
    trunk_r_ohm: float = 0.0
    """Resistance of one conductor of the low-voltage line, along which the customers hang evenly."""
    trunk_x_ohm: float = 0.0
    no_load_kw: float = 0.0
    """Iron loss of the transformer, where the supply meter stands before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SumPlan:
    """A meter that measures what others draw, and the losses on the way to them."""

    of: tuple[str, ...] = ()
    """Patterns of meter ids, such as ``H-*``."""
    area: str | None = None
    """All customers of this area and the losses of its line."""
    loss_r_ohm: float = 0.0
    """Resistance of each phase between this meter and the others, at this meter's voltage."""
    no_load_kw: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BusPlan:
    """A simulated line."""

    id: str
    protocol: str
    """``dlt645`` or ``modbus``."""
    framing: str
    """``rtu`` where serial Modbus frames are passed on over TCP; else empty."""
    port: int
    """0 takes a free one."""
    timeout_s: float
    retries: int
    faults: LineFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPlan:
    """A simulated MQTT gateway."""

    id: str
    topic: str
    """What it publishes to, and the collector subscribes to."""
    dialect: str
    """``kilowatch``, or one of :data:`simulators.mqtt_manner.manners`."""
    faults: GatewayFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitsPlan:
    """In what a DL/T 645 meter differs from the standard."""

    fixed: Traits = STANDARD
    """What does not hang on the fleet's start."""
    missing_freezes: tuple[int, ...] = ()
    """So many days ago it had no power at midnight."""
    clock_jumps: tuple[tuple[Moment, float], ...] = ()
    """When its clock leaps, and by how many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlan:
    """One simulated meter and its customer."""

    id: str
    line: str
    """The id of its bus or gateway."""
    address: str | None
    """None behind a gateway."""
    profile: str | None
    wiring: Wiring
    rated_voltage_v: float
    ct: float
    pt: float
    max_current_a: float
    area: str
    customer: str
    category: str | None
    capacity_kva: float | None
    supply_voltage_kv: float
    service_point: str
    role: Role
    load: LoadPlan | SumPlan
    pv_kw: float
    """Peak of declared generation behind the meter."""
    phase: int
    """The phase of a single-phase customer, 0 to 2."""
    harmonics: str
    """A name in :data:`simulators.physics.harmonics.DISTORTIONS`."""
    error_percent: float
    """What the meter measures too much."""
    base_kwh: float | None
    """None draws one from the seed."""
    traits: TraitsPlan
    """In what a DL/T 645 meter differs from the standard."""

    @property
    def rated_current_a(self) -> float:
        """The basic current (基本电流) on the plate."""
        return 5.0 if self.wiring is Wiring.ONE_PHASE else 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionPlan:
    """A suspension (报停) of a meter's customer."""

    id: str
    meter: str
    kind: SuspensionKind
    starts: Moment
    ends: Moment | None
    remaining_kva: float
    setpoint_w: float | None
    auxiliaries_kw: float | None
    idle_kw: float
    running_kva: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """A fault, or its innocent twin."""

    meter: str
    deed: str
    """A name in :data:`simulators.faults.deed.deeds`."""
    starts: Moment
    minutes: int
    """Length of each window."""
    nights: int
    """How many days in a row it begins anew."""
    values: Mapping[str, float | str]
    """By the deed's keys."""
    twin: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """A whole fleet file."""

    name: str
    what: str
    """What it is, in one line."""
    seed: int
    zone: ZoneInfo
    history_days: int
    """How far back the meters' memories reach."""
    ahead_days: int
    """How far into the future the curves vary; then their last step holds on."""
    live_every_s: int
    spectrum_every_s: int | None = None
    """How often spectra are to be read; None leaves them out."""
    curve_minutes: int
    areas: tuple[AreaPlan, ...]
    buses: tuple[BusPlan, ...]
    gateways: tuple[GatewayPlan, ...]
    meters: tuple[MeterPlan, ...]
    suspensions: tuple[SuspensionPlan, ...]
    faults: tuple[FaultPlan, ...]
    supplies: tuple[Supply, ...] = ()
    """What harmonics at a service point are judged by, as the archive has it."""
