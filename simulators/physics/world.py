"""The world of one simulated meter: what is drawn and metered, and everything that may be wrong there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from simulators.physics.circuit import Circuit
from simulators.physics.conditions import NORMAL, Conditions, Distorted, Lens, Shown
from simulators.physics.handling import Handling
from simulators.physics.loads import LoadCurve
from simulators.physics.meter_clock import ClockChange
from simulators.physics.model import MeterConfig, MeterModel, peak_kw
from simulators.physics.phase_loads import PhaseLoads
from simulators.physics.supply import VoltageEvent
from simulators.physics.window import Change, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSwap:
    """Another device in the meter's place from an instant on."""

    at: datetime
    new_meter: str
    """Its id in the archive; empty when nobody told the archive."""
    opening_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledSuspension:
    """A suspension as the archive has it."""

    window: Window
    remaining_kva: float = 0.0
    """What may still run; 0 is a full one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSlips:
    """In what the archive (档案) differs from the world."""

    wrong_ct: Sequence[tuple[Window, float]] = ()
    swaps: Sequence[MeterSwap] = ()
    area: str | None = None
    """The area that the archive puts the customer in; None is the right one."""
    phase: str | None = None
    """The phase that the archive gives, ``A`` to ``C``; None is the right one."""
    category: str | None = None
    """The tariff category (电价类别) in the archive; None is the right one."""
    tariff: str | None = None
    """The tariff in the archive; None leaves it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """What faults act on. A fault returns another world; nothing is changed in place."""

    config: MeterConfig
    usual: LoadCurve
    """What the customer draws when nothing is agreed or wrong."""
    drawn: PhaseLoads
    """What flows through the feeder, suspensions and faults included."""
    metered: PhaseLoads
    """What flows through the meter; less than what is drawn where somebody goes round it."""
    seed: int
    """For what is random in a fault."""
    conditions: Conditions = NORMAL
    silences: Sequence[Window] = ()
    """The line or the meter's port is dead: nobody answers."""
    clock: Sequence[ClockChange] = ()
    slips: ArchiveSlips = ArchiveSlips()
    handlings: Sequence[Handling] = ()
    """What hands did to the meter itself."""
    work_orders: Sequence[Window] = ()
    """When the utility's own people were to work at it, as the archive has it."""
    suspensions: Sequence[FiledSuspension] = ()
    """Suspensions that the archive has beside those of the fleet file, rightly granted or not."""

    def carrying(self, drawn: PhaseLoads, metered: PhaseLoads | None = None) -> World:
        """Return the world with other loads; without ``metered`` the meter sees all of it."""
        return replace(self, drawn=drawn, metered=drawn if metered is None else metered)

    def rewired(self, change: Change[Circuit]) -> World:
        """Return the world with other connections for a time."""
        return self._with(replace(self.conditions, circuits=(*self.conditions.circuits, change)))

    def supplied(self, event: VoltageEvent) -> World:
        """Return the world with another supply voltage for a time."""
        return self._with(replace(self.conditions, voltage_events=(*self.conditions.voltage_events, event)))

    def seen_through(self, lens: Lens) -> World:
        """Return the world with other registers."""
        return self._with(replace(self.conditions, lenses=(*self.conditions.lenses, lens)))

    def showing(self, change: Change[Shown]) -> World:
        """Return the world with another display for a time."""
        return self._with(replace(self.conditions, shown=(*self.conditions.shown, change)))

    def distorted(self, change: Change[Distorted]) -> World:
        """Return the world with more distortion for a time."""
        return self._with(replace(self.conditions, distorted=(*self.conditions.distorted, change)))

    def without_power(self, window: Window) -> World:
        """Return the world with an outage: nothing flows, the meter is dark."""
        outages = (*self.conditions.outages, window)
        drawn, metered = self.drawn.scaled(window, 0.0), self.metered.scaled(window, 0.0)
        return self._with(replace(self.conditions, outages=outages)).carrying(drawn, metered)

    def hidden_kwh(self, window: Window) -> float:
        """Return the energy that was drawn but did not flow through the meter, primary side."""
        return _energy_kwh(self.drawn, window) - _energy_kwh(self.metered, window)

    def _with(self, conditions: Conditions) -> World:
        return replace(self, conditions=conditions)


def honest_world(
    config: MeterConfig, curve: LoadCurve, *, usual: LoadCurve | None = None, seed: int = 0
) -> World:
    """Return a world in which nothing is wrong."""
    loads = PhaseLoads.split(curve, config.shares)
    return World(config=config, usual=usual or curve, drawn=loads, metered=loads, seed=seed)


def model_of(world: World) -> MeterModel:
    """Return the meter that measures a world."""
    conditions = replace(
        world.conditions, drawn=world.drawn, metered=world.metered, peak_kw=peak_kw(world.usual)
    )
    return MeterModel(world.config, world.drawn.total, conditions)


def random_of(world: World, what: str) -> np.random.Generator:
    """Return what is random in a world: the same for the same seed and purpose."""
    return np.random.default_rng([world.seed, *what.encode()])


def _energy_kwh(loads: PhaseLoads, window: Window) -> float:
    return loads.total.energy_kwh(window.ends_at) - loads.total.energy_kwh(window.starts_at)
