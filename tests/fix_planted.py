"""Planted faults as detectors see them: a simulated meter, its window with every column, and its truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np

from detectors.catalogue import detectors
from detectors.engine import run
from pipeline.block import MeterMatrix
from pipeline.model import Episode, MeterId, Verdict
from pipeline.quantities import Group, Kind, Quantity
from pipeline.registry import Installation, Meter, Ratio, Registry, ServicePoint, Wiring
from pipeline.timegrid import from_numpy, slot_grid
from simulators.faults.deed import deeds
from simulators.faults.planting import PlantedFault, plant
from simulators.faults.truth import Truth
from simulators.physics.loads import LoadCurve
from simulators.physics.model import MeterConfig, MeterModel
from simulators.physics.shapes import LoadPlan, synthetic
from simulators.physics.window import Window
from simulators.physics.world import World, honest_world, model_of
from tests.planted_records import evenings, records_of, with_papers
from tests.planted_registers import with_demands, with_filed_ratios

METER = MeterId("M1")
POINT = "SP-M1"
START = datetime(2024, 6, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Monday, at local midnight."""
DAYS = 14
FAULT = Window(starts_at=START + timedelta(days=8, hours=9), ends_at=START + timedelta(days=11, hours=9))
RATED_V = {Wiring.THREE_PHASE_THREE_WIRE: 100.0}
WINDOWS: Mapping[str, Sequence[Window]] = {
    "blackout": evenings(START + timedelta(days=6), 6),
    "clock_drift": [Window(starts_at=START + timedelta(days=3), ends_at=START + timedelta(days=12))],
}
"""When a deed is done that three days would not show."""
NEEDED: Mapping[str, float | str] = {
    "kw": 5.0,
    "register_kwh": 10.0,
    "new_meter": "M2",
    "area": "TQ9",
    "ct": 400.0,
    "factor": 0.85,
}
"""Keys of deeds that have no default."""
CHANGING: Mapping[str, Mapping[str, float | str]] = {
    "miswired": {"polarity": "-++"},
    "identity_break": {"phase": "a"},
}
"""Keys of deeds whose defaults change nothing, where none is given."""
PLAIN: Mapping[str, Mapping[str, float | str]] = {"hidden_pv": {"kw": 150.0}}
"""What of a deed is plain to see beside the usual load."""
SHARES: Mapping[str, tuple[float, float, float]] = {"swapped_currents": (0.4, 0.35, 0.25)}
"""How a load spreads over the phases where a deed changes nothing of an even one."""
EVEN = (0.34, 0.33, 0.33)
SLOT = timedelta(minutes=15)
AMONG_OTHERS = {"wrong_category"}
"""Deeds that show only in the company of other customers: the detector's own tests give it some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """What one deed looks like."""

    window: MeterMatrix
    registry: Registry
    truth: Truth

    def found(self, detector: str, registry: Registry | None = None) -> list[Episode]:
        """Return the abnormal episodes of one detector; its suppressors are run too."""
        episodes = run(self.window, registry or self.registry, only=[detector])
        return [episode for episode in episodes if episode.verdict is Verdict.ABNORMAL]


def planted(  # noqa: PLR0913 - a meter, a load and a fault
    deed: str | None,
    values: Mapping[str, float | str] = MappingProxyType({}),
    *,
    wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE,
    window: Window | Sequence[Window] = FAULT,
    days: int = DAYS,
    shape: str = "two_shift",
    peak_kw: float = 60.0,
    ct: float = 40.0,
    power_factor: float = 0.9,
    curve: LoadCurve | None = None,
) -> Planted:
    """Return a meter with a deed done to it (None for an honest one), in the digits of DL/T 645.

    Its load is synthetic, or ``curve``, which begins at ``START`` and is as long as ``days``.
    """
    config = MeterConfig(
        id=METER,
        wiring=wiring,
        ct=ct,
        rated_voltage_v=RATED_V.get(wiring, 220.0),
        base_kwh=5000.0,
        phase_shares=SHARES.get(deed or "", EVEN),
    )
    until = START + timedelta(days=days)
    plan = LoadPlan(shape=shape, peak_kw=peak_kw, power_factor=power_factor)
    world = honest_world(config, curve or synthetic(plan, START, until, 15, seed=7), seed=3)
    name = deed or "outage"
    kind = deeds.get(name)
    usual: dict[str, float | str] = {
        key.name: NEEDED.get(key.name, "x") if key.default is None else key.default for key in kind.keys
    }
    windows: Sequence[Window] = [window] if isinstance(window, Window) else window
    if window is FAULT:
        windows = WINDOWS.get(name, windows)
    usual |= {**PLAIN.get(name, {}), **(values or CHANGING.get(name, {}))}
    fault = PlantedFault(meter=METER, service_point=POINT, deed=name, windows=windows, values=usual)
    changed, (truth, *_) = plant(world, [fault], until)
    lived = world if deed is None else changed
    shown = with_demands(window_of(model_of(lived), days), lived, START, days)
    seen, registry = with_filed_ratios(shown, registry_of(config), lived, POINT)
    return _told(Planted(window=seen, registry=registry, truth=truth), lived, until)


def _told(case: Planted, world: World, until: datetime) -> Planted:
    """Return a case with what its meter tells one by one, and with its papers."""
    records = records_of(world, case.window.records, START, until)
    window = replace(case.window, records=records)
    return replace(case, window=window, registry=with_papers(case.registry, world, POINT))


def registry_of(config: MeterConfig) -> Registry:
    """Return the archive of one simulated meter."""
    return Registry(
        meters=[
            Meter(
                id=config.id,
                wiring=config.wiring,
                rated_voltage_v=config.rated_voltage_v,
                nominal_voltage_v=config.rated_voltage_v,
                resolution=0.01,
            )
        ],
        installations=[Installation(meter=config.id, service_point=POINT)],
        ratios=[Ratio(meter=config.id, ct=config.ct, pt=config.pt)],
        service_points=[ServicePoint(id=POINT)],
    )


def window_of(model: MeterModel, days: int) -> MeterMatrix:
    """Return every column that a meter gives over whole local days from ``START``; dark slots are missing."""
    grid = slot_grid(START, START + timedelta(days=days), 15)
    shown = [model.read(from_numpy(slot)) for slot in (*grid, grid[-1] + np.timedelta64(15, "m"))]
    ratio = model.config.ct * model.config.pt

    def column(quantity: Quantity, digits: int) -> np.ndarray:
        return np.array([[round(row.get(quantity, np.nan), digits) for row in shown]])

    counters = [q for q in Quantity if q.kind is Kind.COUNTER and any(q in row for row in shown)]
    reals = [q for q in Quantity if q.group is Group.ELECTRICAL and any(q in row for row in shown)]
    registers = {q: column(q, 2) for q in counters}
    kwh = np.diff(registers[Quantity.ACTIVE_ENERGY_IMPORT]) * ratio
    kwh = np.where(kwh >= 0, kwh, np.nan)
    values = {q: column(q, 4)[:, :-1].astype(np.float32) for q in reals}
    return MeterMatrix(
        meters=[model.config.id],
        starts_at=grid,
        minutes=15,
        values=values,
        import_kwh=kwh,
        quality=np.where(np.isnan(kwh), "N", "A"),
        step_kwh=np.array([0.01 * ratio]),
        power_kw=values[Quantity.ACTIVE_POWER].astype(np.float64) * ratio,
        import_kvarh=np.diff(registers[Quantity.REACTIVE_ENERGY_IMPORT]) * ratio,
        energies={"export_kwh": np.diff(registers[Quantity.ACTIVE_ENERGY_EXPORT]) * ratio},
        registers={q: column[:, :-1] for q, column in registers.items()},
    )


def deeds_for(detector: str) -> Sequence[str]:
    """Return the deeds that a detector must find."""
    return [name for name, deed in deeds.all().items() if deed.detector == detector and not deed.innocent]


def deeds_of_detectors() -> Sequence[tuple[str, str]]:
    """Return every detector that there is with each deed that it must find of a meter by itself."""
    return [(name, deed) for name in detectors.all() for deed in deeds_for(name) if deed not in AMONG_OTHERS]
