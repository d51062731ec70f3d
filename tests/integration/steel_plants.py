"""Plants on the real curve of a steel plant, each in suspension, and what the utility knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.contracts import BasicCharge, Contract, Suspension
from pipeline.model import MeterId
from pipeline.registry import (
    DEFAULT_ZONE,
    Area,
    Bus,
    Installation,
    Meter,
    Ratio,
    Registry,
    Schedule,
    ServicePoint,
    Wiring,
)
from simulators.faults.deeds.usage import lagging_kva
from simulators.faults.suspended import Idling, with_idling
from simulators.physics.loads import LoadCurve
from simulators.physics.window import Window

DAYS = 22
"""Days of the curve; the suspension lies in it, with working days on both sides."""
SUSPENDED = (1, 21)
"""First day of the 20-day suspension, and the day on which the plant works again."""
NIGHTS = ((4, 22.0, 4.0), (9, 21.5, 6.0), (15, 23.25, 2.5))
"""Day, local hour and hours of each night with load."""
NIGHT_KW = 80.0
IDLE_KW = 0.2
AUXILIARIES_KW = 5.0
SETPOINT_KW = 10.0
RS485 = "rs485"
WIRING = Wiring.THREE_PHASE_FOUR_WIRE
CT = 200.0
"""1000/5 A: the plant draws up to 1 kA at 380 V."""
QUARTER = timedelta(minutes=15)
SLOTS_A_DAY = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One customer with one meter, on a curve that carries what was done in the suspension."""

    id: str
    bus: str
    address: str
    profile: str
    curve: LoadCurve
    suspension: Suspension
    unread: Sequence[Window] = field(default=())
    """Instants of these windows are nowhere to be read: not in the memory, or the meter is not polled."""
    silent: Sequence[Window] = field(default=())
    """The meter does not answer."""

    @property
    def meter(self) -> MeterId:
        return MeterId(f"M-{self.id}")

    @property
    def step_kwh(self) -> float:
        """One register step on the primary side; the Modbus meter shows primary values itself."""
        return 0.01 * CT if self.bus == RS485 else 0.01

    @property
    def limit_kw(self) -> float:
        """What the customer may draw: his set-point, else what no idle plant draws."""
        watts = self.suspension.setpoint_w
        return 0.5 if watts is None else watts / 1000

    def is_unread(self, instant: datetime) -> bool:
        return _is_in(self.unread, instant)

    def is_silent(self, instant: datetime) -> bool:
        return _is_in(self.silent, instant)

    def above(self) -> NDArray[np.bool_]:
        """Tell for each slot of the curve whether it breaks the suspension."""
        above: NDArray[np.bool_] = self.curve.active_kw > self.limit_kw
        above[: SUSPENDED[0] * SLOTS_A_DAY] = False
        above[SUSPENDED[1] * SLOTS_A_DAY :] = False
        return above

    def local_day(self, slot: int) -> date:
        return (self.curve.starts_at + slot * QUARTER).astimezone(DEFAULT_ZONE).date()

    def suspended_days(self) -> list[date]:
        return [self.local_day(day * SLOTS_A_DAY) for day in range(*SUSPENDED)]

    def days_with_gaps(self) -> set[date]:
        """Return the local days on which a slot begins or ends with a reading that is lost."""
        slots = DAYS * SLOTS_A_DAY
        instants = [self.curve.starts_at + edge * QUARTER for edge in range(slots + 1)]
        lost = [self.is_unread(instant) or self.is_silent(instant) for instant in instants]
        return {self.local_day(slot) for slot in range(slots) if lost[slot] or lost[slot + 1]}


def _is_in(windows: Sequence[Window], instant: datetime) -> bool:
    return any(window.starts_at <= instant < window.ends_at for window in windows)


def plants_on(curve: LoadCurve) -> list[Plant]:
    """Return plants for each of the three cases, behind DL/T 645 and behind Modbus meters."""

    def at(day: int, hour: float = 0.0) -> datetime:
        return curve.starts_at + timedelta(days=day, hours=hour)

    def suspension(plant: str, setpoint_kw: float | None = None) -> Suspension:
        return Suspension(
            id=f"ZT-{plant}",
            service_point=f"SP-{plant}",
            starts_at=at(SUSPENDED[0]),
            ends_at=at(SUSPENDED[1]),
            setpoint_w=None if setpoint_kw is None else setpoint_kw * 1000,
        )

    def idling(kw: float) -> LoadCurve:
        window = Window(starts_at=at(SUSPENDED[0]), ends_at=at(SUSPENDED[1]))
        return with_idling(curve, Idling(window=window, idle_kw=kw))

    kva = lagging_kva(NIGHT_KW, 0.9)
    working = idling(IDLE_KW)
    for day, hour, hours in NIGHTS:
        working = working.replaced(at(day, hour), at(day, hour + hours), kva.real, kva.imag)
    modbus = "eastron_sdm630"
    dlt645 = "dlt645_2007_three_phase"
    lost_records = [
        Window(starts_at=at(3, 10), ends_at=at(5, 3)),
        Window(starts_at=at(12, 14.5), ends_at=at(12, 14.75)),
    ]
    return [
        Plant(
            id="A-645", bus=RS485, address="201800000001", profile=dlt645,
            curve=working, suspension=suspension("A-645"),
        ),
        Plant(
            id="B-645", bus=RS485, address="201800000002", profile=dlt645,
            curve=idling(AUXILIARIES_KW), suspension=suspension("B-645", SETPOINT_KW),
        ),
        Plant(
            id="C-645", bus=RS485, address="201800000003", profile=dlt645,
            curve=idling(IDLE_KW), suspension=suspension("C-645"), unread=lost_records,
        ),
        Plant(
            id="A-MB", bus="modbus-a", address="1", profile=modbus,
            curve=working, suspension=suspension("A-MB"),
        ),
        Plant(
            id="B-MB", bus="modbus-b", address="2", profile=modbus,
            curve=idling(AUXILIARIES_KW), suspension=suspension("B-MB", SETPOINT_KW),
        ),
        Plant(
            id="C-MB", bus="modbus-c", address="3", profile=modbus,
            curve=idling(IDLE_KW), suspension=suspension("C-MB"),
            unread=[Window(starts_at=at(13, 8), ends_at=at(14, 14))],
            silent=[Window(starts_at=at(9, 10), ends_at=at(9, 12))],
        ),
    ]  # fmt: skip


def archive(plants: Sequence[Plant], urls: Mapping[str, str]) -> Registry:
    """Return what the utility knows: never what was done in the suspension."""
    return Registry(
        meters=[
            Meter(id=plant.meter, wiring=WIRING, rated_current_a=1.5, max_current_a=6.0) for plant in plants
        ],
        installations=[
            Installation(
                meter=plant.meter,
                service_point=plant.suspension.service_point,
                bus=plant.bus,
                address=plant.address,
                profile=plant.profile,
            )
            for plant in plants
        ],
        ratios=[Ratio(meter=plant.meter, ct=CT) for plant in plants],
        service_points=[ServicePoint(id=plant.suspension.service_point, area="TA-1") for plant in plants],
        areas=[Area(id="TA-1")],
        contracts=[
            Contract(
                service_point=plant.suspension.service_point,
                capacity_kva=800.0,
                basic_charge=BasicCharge.CAPACITY,
            )
            for plant in plants
        ],
        suspensions=[plant.suspension for plant in plants],
        buses=[
            # What the noisy line has lost is asked for again at once; a polled slot does not come back.
            Bus(id=bus, url=url, timeout_s=0.15, retries=3)
            if bus == RS485
            else Bus(id=bus, url=url, timeout_s=0.5, retries=1)
            for bus, url in urls.items()
        ],
        schedules=[
            Schedule(group="register", every_s=900),
            Schedule(group="electrical", every_s=3600),
        ],
    )
