"""Meters that measure what others draw: main and supply meters, with the losses on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from pipeline.errors import ConfigError
from pipeline.registry import Wiring
from simulators.fleet.plan import AreaPlan, MeterPlan, SumPlan
from simulators.physics.circuit import SQRT3
from simulators.physics.phase_loads import Complex, PhaseLoads

EVENLY_SPREAD = 1 / 3
"""Loss of a line whose customers hang on it evenly, as a share of the loss with all of them at its end."""


def members_of(plan: MeterPlan, summed: SumPlan, meters: Sequence[MeterPlan]) -> list[MeterPlan]:
    """Return the meters behind a summing one."""
    by_pattern = [m for m in meters if any(fnmatchcase(m.id, pattern) for pattern in summed.of)]
    of_area = [m for m in meters if m.area == summed.area and not isinstance(m.load, SumPlan)]
    return [m for m in dict.fromkeys([*by_pattern, *of_area]) if m.id != plan.id]


def in_order(meters: Sequence[MeterPlan]) -> list[tuple[MeterPlan, SumPlan, list[MeterPlan]]]:
    """Return the summing meters with their members, each after those it needs.

    Raises:
        ConfigError: If one has no members, or they need each other.
    """
    left = [(m, m.load, members_of(m, m.load, meters)) for m in meters if isinstance(m.load, SumPlan)]
    done: list[tuple[MeterPlan, SumPlan, list[MeterPlan]]] = []
    while left:
        waiting = {plan.id for plan, _, _ in left}
        ready = [entry for entry in left if not waiting & {member.id for member in entry[2]}]
        for plan, _, members in left:
            if not members:
                raise ConfigError(f"meter {plan.id} of the fleet: key 'sums' fits no meter")
        if not ready:
            raise ConfigError(
                f"meters {', '.join(sorted(waiting))} of the fleet: key 'sums' goes in a circle"
            )
        done += ready
        left = [entry for entry in left if entry not in ready]
    return done


def on_three_phases(loads: PhaseLoads, phase: int) -> Complex:
    """Return loads with a row for each phase; a single-phase customer's stands on his own."""
    if loads.kva.shape[0] == len(PHASE_ROWS):
        return loads.kva
    rows = np.zeros((len(PHASE_ROWS), loads.kva.shape[1]), np.complex128)
    rows[phase] = loads.kva[0]
    return rows


def total_of(
    plan: MeterPlan,
    summed: SumPlan,
    members: Sequence[tuple[MeterPlan, PhaseLoads]],
    areas: Mapping[str, AreaPlan],
) -> PhaseLoads:
    """Return what a summing meter measures: its members' draw and the losses of each phase."""
    grid = members[0][1]
    through: Complex = np.sum([on_three_phases(loads, m.phase) for m, loads in members], axis=0)
    if plan.wiring is Wiring.THREE_PHASE_THREE_WIRE:
        through = np.repeat(through.sum(axis=0, keepdims=True) / 3, 3, axis=0)
    r_ohm, no_load_kw = summed.loss_r_ohm, summed.no_load_kw
    if summed.area is not None:
        area = areas[summed.area]
        r_ohm, no_load_kw = r_ohm + area.trunk_r_ohm * EVENLY_SPREAD, no_load_kw + area.no_load_kw
    kva = through + loss_kw(through, r_ohm, phase_voltage_v(plan)) + no_load_kw / 3
    return replace(grid, kva=kva, edits=tuple({edit for _, loads in members for edit in loads.edits}))


def loss_kw(kva: Complex, r_ohm: float, phase_v: float) -> Complex:
    """Return the loss that the current of each phase makes in a resistance, kW: R I2."""
    amps = np.abs(kva) * 1000 / phase_v
    return (r_ohm * amps * amps / 1000).astype(np.complex128)


def phase_voltage_v(plan: MeterPlan) -> float:
    """Return the nominal voltage of a phase against neutral where a meter is, primary side."""
    nominal_v = plan.rated_voltage_v * plan.pt
    return nominal_v / SQRT3 if plan.wiring is Wiring.THREE_PHASE_THREE_WIRE else nominal_v


PHASE_ROWS = (0, 1, 2)
