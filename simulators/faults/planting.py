"""Plants faults into a meter's world, and their innocent twins: what happened, and its truth label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pipeline.model import MeterId
from simulators.faults.deed import Deed, Given, Stake, deeds
from simulators.faults.detector_numbers import DETECTORS
from simulators.faults.truth import Truth
from simulators.physics.loads import LoadCurve
from simulators.physics.model import MeterModel
from simulators.physics.window import Window
from simulators.physics.world import World, model_of

DEMAND_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFault:
    """One deed in one or more windows of one meter."""

    meter: MeterId
    service_point: str
    deed: str
    """A name in :data:`simulators.faults.deed.deeds`."""
    windows: Sequence[Window]
    values: Mapping[str, float | str]
    """By the deed's keys, all of them."""
    twin: bool = False
    why: str = ""

    @property
    def kind(self) -> Deed:
        """What is done."""
        return deeds.get(self.deed)

    def done_to(self, world: World) -> World:
        """Return the world with the deed done in every window."""
        given = Given(self.values)
        for window in self.windows:
            world = self.kind.act(world, window, given)
        return world


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: cached properties need a place
class _Step:
    """A fault with the worlds before and after it."""

    fault: PlantedFault
    before: World
    after: World

    @cached_property
    def meters(self) -> tuple[MeterModel, MeterModel]:
        """The meter before and after it."""
        return model_of(self.before), model_of(self.after)

    def uncounted_kwh(self, window: Window) -> float:
        """Return what the register of active import counts less in a window than before, primary side."""
        before, after = (
            meter.register_kwh(window.ends_at) - meter.register_kwh(window.starts_at) for meter in self.meters
        )
        return (before - after) * self.after.config.ct * self.after.config.pt


def plant(world: World, faults: Sequence[PlantedFault], now: datetime) -> tuple[World, list[Truth]]:
    """Do all deeds, in their order, and return the world with a label for each window that has begun."""
    steps = []
    for fault in faults:
        after = fault.done_to(world)
        steps.append(_Step(fault=fault, before=world, after=after))
        world = after
    lived = world.drawn.total
    labels = [
        _label(step, window, lived, now)
        for step in steps
        for window in step.fault.windows
        if window.starts_at < now
    ]
    return world, labels


def _label(step: _Step, window: Window, lived: LoadCurve, now: datetime) -> Truth:
    fault, kind = step.fault, step.fault.kind
    known = Window(starts_at=window.starts_at, ends_at=min(window.ends_at, now))
    return Truth(
        meter=fault.meter,
        service_point=fault.service_point,
        deed=fault.deed,
        detector=kind.detector,
        number=DETECTORS[kind.detector],
        also=() if fault.twin else tuple(kind.also),
        starts_at=window.starts_at,
        ends_at=window.ends_at if window.ends_at <= now else None,
        max_kw=max_demand_kw(lived, window) if kind.stake is Stake.DRAWN else None,
        energy_kwh=_energy_kwh(step, known, lived),
        twin=fault.twin,
        why=fault.why,
    )


def _energy_kwh(step: _Step, known: Window, lived: LoadCurve) -> float | None:
    match step.fault.kind.stake:
        case Stake.DRAWN:
            return lived.energy_kwh(known.ends_at) - lived.energy_kwh(known.starts_at)
        case Stake.UNMETERED:
            return step.after.hidden_kwh(known) - step.before.hidden_kwh(known)
        case Stake.UNCOUNTED:
            return step.uncounted_kwh(known)
        case Stake.NONE:
            return None


def max_demand_kw(curve: LoadCurve, window: Window) -> float:
    """Return the greatest mean power of the quarters of an hour that begin in a window."""
    where = curve.slots_between(window.starts_at, window.ends_at)
    per_block = max(DEMAND_MINUTES // curve.minutes, 1)
    first, last = where.start - where.start % per_block, -(-where.stop // per_block) * per_block
    power = curve.active_kw[first:last]
    whole = power[: power.size // per_block * per_block].reshape(-1, per_block)
    return float(whole.mean(axis=1).max(initial=0.0))
