"""The worlds of a fleet's meters: customers with what was done there, those who measure them, their line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from pipeline.model import MeterId
from simulators.faults.planting import PlantedFault, plant
from simulators.faults.suspended import Idling, with_idling
from simulators.faults.truth import Truth
from simulators.fleet.plan import FaultPlan, FleetPlan, MeterPlan, SumPlan
from simulators.fleet.summing import in_order, on_three_phases, phase_voltage_v, total_of
from simulators.fleet.times import PlacedPlan
from simulators.fleet.trunk import Trunk, places, trunk_of
from simulators.physics.harmonics import DISTORTIONS
from simulators.physics.loads import LoadCurve
from simulators.physics.local_time import local_times
from simulators.physics.model import MeterConfig, feeder_for_loads
from simulators.physics.phase_loads import PhaseLoads
from simulators.physics.shapes import LoadPlan, sunshine, synthetic
from simulators.physics.window import Window
from simulators.physics.world import World, honest_world

FEEDER_DROP_PU = 0.02
"""Voltage lost at a customer's greatest load, as a share of nominal."""
LONGEST_BASE_KWH = 60_000
"""A register may have counted this much, secondary side, before the simulated time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lived:
    """One meter's world with everything that happened, and what happened."""

    plan: MeterPlan
    world: World
    truth: Sequence[Truth]


def lived_worlds(placed: PlacedPlan) -> list[Lived]:
    """Return the worlds of all meters of a fleet, in the order of its file.

    Raises:
        ConfigError: If summing meters have no members, or go in a circle.
    """
    plan = placed.plan
    lived = {
        meter.id: _customer(meter, meter.load, placed)
        for meter in plan.meters
        if isinstance(meter.load, LoadPlan)
    }
    areas = {area.id: area for area in plan.areas}
    for meter, summed, members in in_order(plan.meters):
        drawn = [(member, lived[member.id].world.drawn) for member in members]
        loads = total_of(meter, summed, drawn, areas)
        config = _config(meter, plan)
        world = World(
            config=config, usual=loads.total, drawn=loads, metered=loads, seed=seed_of(plan, meter.id, "deed")
        )
        lived[meter.id] = _finished(meter, world, placed)
    for area in plan.areas:
        if area.trunk_r_ohm or area.trunk_x_ohm:
            _hang_on_trunk(lived, area.id, plan)
    return [lived[meter.id] for meter in plan.meters]


def seed_of(plan: FleetPlan, meter: str, what: str) -> int:
    """Return the seed of one thing about a meter."""
    return crc32(f"{plan.seed}/{meter}/{what}".encode())


def _customer(meter: MeterPlan, load: LoadPlan, placed: PlacedPlan) -> Lived:
    plan = placed.plan
    usual = synthetic(
        load, placed.curve_from, placed.curve_to, plan.curve_minutes, seed_of(plan, meter.id, "curve")
    )
    kept = usual
    for suspension in plan.suspensions:
        if suspension.meter == meter.id:
            window = placed.window(suspension.starts, suspension.ends)
            kept = with_idling(
                kept,
                Idling(window=window, idle_kw=suspension.idle_kw, running_kva=suspension.running_kva),
            )
    world = honest_world(
        _config(meter, plan),
        _with_panels(kept, meter, plan),
        usual=_with_panels(usual, meter, plan),
        seed=seed_of(plan, meter.id, "deed"),
    )
    return _finished(meter, world, placed)


def _with_panels(curve: LoadCurve, meter: MeterPlan, plan: FleetPlan) -> LoadCurve:
    """Return a curve less what a customer's declared panels make."""
    if not meter.pv_kw:
        return curve
    times = local_times(curve.starts_at, curve.active_kw.size, curve.minutes, plan.zone)
    net_kw = curve.active_kw - meter.pv_kw * sunshine(times)
    return LoadCurve.of(curve.starts_at, curve.minutes, net_kw, curve.reactive_kvar)


def _finished(meter: MeterPlan, world: World, placed: PlacedPlan) -> Lived:
    """Plant the meter's faults, then build the feeder for everything that is drawn behind it."""
    usual = PhaseLoads.split(world.usual, world.config.shares)
    if meter.error_percent:
        always = Window(starts_at=placed.curve_from, ends_at=placed.curve_to)
        world = world.carrying(world.drawn, world.metered.scaled(always, 1 + meter.error_percent / 100))
    faults = [_planted(fault, meter, placed) for fault in placed.plan.faults if fault.meter == meter.id]
    world, truth = plant(world, faults, placed.now)
    if isinstance(meter.load, LoadPlan):
        # The supply is built for the customer and for whoever is plugged in behind his back.
        heaviest = replace(usual, kva=np.concatenate([usual.kva, world.drawn.kva], axis=1))
        feeder = feeder_for_loads(heaviest, world.config, FEEDER_DROP_PU)
        world = replace(world, config=replace(world.config, feeder=feeder))
    return Lived(plan=meter, world=world, truth=truth)


def _planted(fault: FaultPlan, meter: MeterPlan, placed: PlacedPlan) -> PlantedFault:
    return PlantedFault(
        meter=MeterId(meter.id),
        service_point=meter.service_point,
        deed=fault.deed,
        windows=placed.fault_windows(fault),
        values=fault.values,
        twin=fault.twin,
        why=fault.why,
    )


def _hang_on_trunk(lived: dict[str, Lived], area: str, plan: FleetPlan) -> None:
    """Give the meters of an area the voltage of their common line."""
    customers = [m for m in plan.meters if m.area == area and isinstance(m.load, LoadPlan)]
    if not customers:
        return
    (area_plan,) = (a for a in plan.areas if a.id == area)
    kva = np.sum([on_three_phases(lived[m.id].world.drawn, m.phase) for m in customers], axis=0)
    trunk = trunk_of(area_plan, kva, phase_voltage_v(customers[0]), seed_of(plan, area, "network"))
    for meter, place in zip(customers, places(len(customers)), strict=True):
        lived[meter.id] = _hung(lived[meter.id], trunk, place)
    for meter in plan.meters:
        if isinstance(meter.load, SumPlan) and meter.load.area == area:
            lived[meter.id] = _hung(lived[meter.id], trunk, 0.0)


def _hung(lived: Lived, trunk: Trunk, place: float) -> Lived:
    conditions = replace(lived.world.conditions, shared_pu=trunk.at(place))
    return replace(lived, world=replace(lived.world, conditions=conditions))


def _config(meter: MeterPlan, plan: FleetPlan) -> MeterConfig:
    rng = np.random.default_rng(seed_of(plan, meter.id, "meter"))
    shares = 1 / 3 + np.append(rng.normal(0, 0.01, 2), 0.0)
    return MeterConfig(
        id=MeterId(meter.id),
        wiring=meter.wiring,
        rated_voltage_v=meter.rated_voltage_v,
        ct=meter.ct,
        pt=meter.pt,
        zone=plan.zone,
        phase_shares=(shares.item(0), shares.item(1), 1 - shares.item(0) - shares.item(1)),
        phase=meter.phase,
        base_kwh=round(rng.uniform(500, LONGEST_BASE_KWH), 2) if meter.base_kwh is None else meter.base_kwh,
        distortion=DISTORTIONS[meter.harmonics],
    )
