"""Planted areas as detectors see them: 30 homes on one line, their supply meter, a deed and the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np

from detectors.engine import run
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import Episode, MeterId, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint, Wiring
from pipeline.timegrid import slot_grid
from simulators.faults.truth import Truth
from simulators.fleet.file import parse_fleet
from simulators.fleet.plan import SumPlan
from simulators.fleet.times import PlacedPlan
from simulators.fleet.worlds import Lived, lived_worlds
from simulators.physics.supply import DAY_S, RIPPLE_PERIOD_S, RIPPLE_PU
from simulators.physics.world import World, model_of

AREA, OTHER = "TQ-1", "TQ-2"
SUPPLY = MeterId("SUPPLY")
THIEF = MeterId("H-12")
"""Of the homes H-01 to H-30, which hang along the line and in turn on the phases a, b, c."""
FAR = MeterId("N-05")
"""Of the homes N-01 to N-12 of the other area."""
DAYS = 21
FAULT_DAYS = 10
"""The deed goes on for so many days up to the end."""
NOW = datetime(2024, 6, 24, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Monday, at local midnight."""
START = NOW - timedelta(days=DAYS)
FAULT_FROM = NOW - timedelta(days=FAULT_DAYS)
EVENING = 'at = "18:00"\nminutes = 240\nnights = 10'
"""Every evening, for a deed with windows."""
VOLTAGES = tuple(Quantity(f"voltage_{phase}") for phase in "abc")
POWERS = tuple(Quantity(f"active_power_{phase}") for phase in "abc")
QUANTITIES = (*VOLTAGES, Quantity.ACTIVE_POWER, *POWERS)
_FLEET = """
[fleet]
seed = 30
history_days = {days}
curve_minutes = 15
[[area]]
id = "TQ-1"
trunk_r_ohm = 0.12
trunk_x_ohm = 0.05
[[area]]
id = "TQ-2"
trunk_r_ohm = 0.25
trunk_x_ohm = 0.1
[[bus]]
id = "b"
protocol = "dlt645"
[[meters]]
count = 30
id = "H-{{n:02d}}"
bus = "b"
address = "20250001{{n:04d}}"
profile = "dlt645_2007_single_phase"
wiring = "1P2W"
phase = "each"
area = "TQ-1"
load = "home"
peak_kw = 4
[[meters]]
count = 12
id = "N-{{n:02d}}"
bus = "b"
address = "20250002{{n:04d}}"
profile = "dlt645_2007_single_phase"
wiring = "1P2W"
phase = "each"
area = "TQ-2"
load = "home"
peak_kw = 4
[[meters]]
id = "SUPPLY"
bus = "b"
address = "202500090001"
profile = "dlt645_2007_three_phase"
ct = 40
max_current_a = 6
area = "TQ-1"
supplies = "TQ-1"
[[meters]]
id = "N-SUPPLY"
bus = "b"
address = "202500090002"
profile = "dlt645_2007_three_phase"
ct = 20
max_current_a = 6
area = "TQ-2"
supplies = "TQ-2"
{fault}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedArea:
    """What one deed in an area looks like."""

    window: MeterMatrix
    registry: Registry
    truths: Sequence[Truth]
    """A row for each window of the deed."""

    @property
    def stolen_kwh(self) -> float:
        """The energy that the deed kept from the meters."""
        return sum(truth.energy_kwh or 0.0 for truth in self.truths)

    def found(self, detector: str) -> list[Episode]:
        """Return the abnormal episodes of one detector."""
        return [e for e in self.said(detector) if e.verdict is Verdict.ABNORMAL]

    def said(self, detector: str) -> list[Episode]:
        """Return the episodes of one detector."""
        return run(self.window, self.registry, only=[detector])

    def without(self, rows: Sequence[str], slots: slice = slice(None)) -> PlantedArea:
        """Return the same without the reads of some meters in some slots."""
        chosen = [self.window.meters.index(MeterId(name)) for name in rows]
        kwh, quality = self.window.import_kwh.copy(), self.window.quality.copy()
        kwh[chosen, slots], quality[chosen, slots] = np.nan, "N"
        return replace(self, window=replace(self.window, import_kwh=kwh, quality=quality, daily=None))

    def with_gaps(self, share: float, *, with_registers: bool, seed: int = 3) -> PlantedArea:
        """Return the same with random slots missing, and the freezes that a meter stores where wanted."""
        kwh, quality = self.window.import_kwh.copy(), self.window.quality.copy()
        gaps = np.random.default_rng(seed).random(kwh.shape) < share
        kwh[gaps], quality[gaps] = np.nan, "N"
        window = with_daily_rows(
            replace(self.window, import_kwh=kwh, quality=quality, daily=None), self.registry
        )
        daily = window.daily
        assert daily is not None
        ratios = np.array([[self.registry.ratio_of(meter, START).ct] for meter in window.meters])
        flows = {
            Quantity.ACTIVE_ENERGY_IMPORT: self.window.import_kwh,
            Quantity.ACTIVE_ENERGY_EXPORT: self.window.energies["export_kwh"],
        }
        registers = {
            quantity: (flow.reshape(len(flow), -1, 96).sum(axis=2).cumsum(axis=1) / ratios).round(2)
            for quantity, flow in flows.items()
        }
        daily = replace(daily, registers=registers if with_registers else {})
        return replace(self, window=replace(window, daily=daily))


AREA_DEEDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bypass_load": (THIEF, f"kw = 3\n{EVENING}"),
        "wrong_phase": (THIEF, f'phase = "a"\ndays = {FAULT_DAYS}'),
        "wrong_area": (FAR, f'area = "{AREA}"\ndays = {FAULT_DAYS}'),
    }
)
"""Deeds that only an area shows: whom each is done to, and its keys. H-12 is fed from phase c."""


@cache
def planted_area(deed: str | None = None, keys: str | None = None, meter: MeterId = THIEF) -> PlantedArea:
    """Return two areas with a deed done in them (None for honest ones), in the digits of DL/T 645.

    ``keys`` are the lines of the deed in a fleet file; without a time it goes on for ``FAULT_DAYS`` days.
    """
    fault = ""
    if deed is not None:
        whom, usual = AREA_DEEDS.get(deed, (meter, f"days = {FAULT_DAYS}"))
        lines = usual if keys is None else keys if "nights" in keys else f"days = {FAULT_DAYS}\n{keys}"
        fault = f'[[fault]]\ndeed = "{deed}"\nmeter = "{whom}"\ndays_ago = {FAULT_DAYS}\n{lines}\n'
    plan = parse_fleet(_FLEET.format(days=DAYS, fault=fault), "planted area")
    lived = lived_worlds(PlacedPlan(plan=plan, now=NOW))
    registry = _registry(lived)
    return PlantedArea(
        window=with_daily_rows(_window(lived), registry),
        registry=registry,
        truths=[truth for meter in lived for truth in meter.truth],
    )


def _registry(lived: Sequence[Lived]) -> Registry:
    """Return the archive of the areas, as the fleet's own file would be imported."""
    plans = [(meter.plan, meter.world.slips) for meter in lived]
    return Registry(
        meters=[Meter(id=MeterId(p.id), wiring=p.wiring, nominal_voltage_v=220.0) for p, _ in plans],
        installations=[Installation(meter=MeterId(p.id), service_point=p.service_point) for p, _ in plans],
        ratios=[Ratio(meter=MeterId(p.id), ct=p.ct) for p, _ in plans if p.ct != 1],
        service_points=[
            ServicePoint(id=p.service_point, customer=p.customer or p.id, area=slips.area or p.area)
            for p, slips in plans
        ],
        areas=[Area(id=AREA), Area(id=OTHER)],
        area_members=[
            AreaMember(
                area=slips.area or p.area,
                service_point=p.service_point,
                role=MemberRole.SUPPLY if isinstance(p.load, SumPlan) else MemberRole.MEMBER,
                phase=(slips.phase or "ABC"[p.phase]) if p.wiring is Wiring.ONE_PHASE else None,
            )
            for p, slips in plans
        ],
    )


def _window(lived: Sequence[Lived]) -> MeterMatrix:
    grid = slot_grid(START, NOW, 15)
    stamps = START.timestamp() + 900.0 * np.arange(len(grid))
    kwh, export = np.empty((2, len(lived), len(grid)))
    values = {q: np.full(kwh.shape, np.nan, np.float32) for q in QUANTITIES}
    for row, meter in enumerate(lived):
        world, ct = meter.world, meter.plan.ct
        first = world.metered.total.slots_between(START, NOW).start
        metered = world.metered.kva[:, first : first + len(grid)]
        total_kw = metered.real.sum(axis=0) / ct
        for column, flow_kw in ((kwh, total_kw), (export, -total_kw)):
            register = world.config.base_kwh + np.cumsum(np.append(0.0, flow_kw.clip(0.0) * 0.25))
            column[row] = np.diff(register.round(2)) * ct
        values[Quantity.ACTIVE_POWER][row] = total_kw.round(4)
        for place, power_kw in enumerate(metered.real / ct):
            phase = world.config.phase if len(metered) == 1 else place
            volts = _volts(world, phase, place, (stamps, first))
            values[VOLTAGES[place]][row] = volts.round(1)
            values[POWERS[place]][row] = power_kw.round(4)
        _compare(world, {q: column[row] for q, column in values.items()})
    ratios = np.array([[meter.plan.ct] for meter in lived])
    return MeterMatrix(
        meters=[MeterId(meter.plan.id) for meter in lived],
        starts_at=grid,
        minutes=15,
        values=values,
        import_kwh=kwh,
        quality=np.where(np.isnan(kwh), "N", "A"),
        step_kwh=0.01 * ratios[:, 0],
        power_kw=values[Quantity.ACTIVE_POWER].astype(np.float64) * ratios,
        energies={"export_kwh": export},
    )


def _volts(world: World, phase: int, place: int, slots: tuple[np.ndarray, int]) -> np.ndarray:
    """Return a meter's voltage at slots: the simulator's own formula for all of them at once."""
    stamps, first = slots
    feeder, shared = world.config.feeder, world.conditions.shared_pu
    load = world.drawn.kva[place, first : first + len(stamps)]
    taken = [0.0 if shared is None else shared(phase, first + n) for n in range(len(stamps))]
    swing = feeder.swing_pu * np.cos(2 * np.pi * (stamps % DAY_S) / DAY_S)
    ripple = RIPPLE_PU * np.sin(2 * np.pi * stamps / RIPPLE_PERIOD_S + phase)
    level = feeder.level_pu + feeder.phase_offset_pu[phase] + swing + ripple - np.array(taken)
    drop = (feeder.r_ohm * load.real + feeder.x_ohm * load.imag) * 1000 / 220.0
    return np.asarray(220.0 * level - drop)


def _compare(world: World, shown: Mapping[Quantity, np.ndarray]) -> None:
    """Hold what was worked out at once against the simulated meter itself."""
    model = model_of(world)
    for slot in range(7, DAYS * 96, 500):
        read = model.read(START + slot * timedelta(minutes=15))
        for quantity in QUANTITIES:
            if quantity in read:
                assert abs(read[quantity] - shown[quantity][slot]) < 0.06
