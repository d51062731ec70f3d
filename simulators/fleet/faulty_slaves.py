"""Meters on the wire with faults of their own: deaf for a time, without power, or with a wrong clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from pipeline.quantities import Quantity
from simulators.fleet.build import Model, SimulatedMeter
from simulators.fleet.plan import BusPlan
from simulators.fleet.serving import SlaveMaker
from simulators.line import Slave
from simulators.physics.handling import by_clock
from simulators.physics.loads import LoadCurve
from simulators.physics.meter_clock import MeterClock
from simulators.physics.model import MeterConfig
from simulators.physics.window import Window

Clock: TypeAlias = Callable[[], datetime]


def faulty_slave_maker(maker_at: Callable[[Clock], SlaveMaker], clock: Clock) -> SlaveMaker:
    """Return what makes the wire side of meters, faults of line and clock included.

    Args:
        maker_at: Makes an honest slave maker whose meters go by a clock.
        clock: The true time.
    """
    honest = maker_at(clock)

    def make(bus: BusPlan, meter: SimulatedMeter) -> Slave:
        world, maker = meter.world, honest
        if world.clock:
            own = MeterClock(world.clock, clock)
            maker = maker_at(own)
            handlings = [by_clock(handling, own.shown) for handling in world.handlings]
            meter = replace(
                meter,
                model=ClockedModel(meter.model, own),
                world=replace(world, handlings=handlings),
            )
        slave = maker(bus, meter)
        dead = (*world.silences, *world.conditions.outages)
        return Deaf(slave, dead, clock) if dead else slave

    return make


class Deaf:
    """A slave that neither hears nor answers in some windows."""

    def __init__(self, slave: Slave, windows: Sequence[Window], clock: Clock) -> None:
        """Stand before ``slave``."""
        self._slave, self._windows, self._clock = slave, windows, clock

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the line and return the answer; empty in a window."""
        now_s = self._clock().timestamp()
        return b"" if any(window.holds(now_s) for window in self._windows) else self._slave.receive(data)


class ClockedModel:
    """What a meter with a wrong clock holds: asked by its own time, it answers with what was true then."""

    def __init__(self, model: Model, clock: MeterClock) -> None:
        """See ``model`` through ``clock``."""
        self._model, self._clock = model, clock

    @property
    def config(self) -> MeterConfig:
        """What the meter is."""
        return self._model.config

    @property
    def curve(self) -> LoadCurve:
        """What is drawn there."""
        return self._model.curve

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return what was shown at a time of the meter's clock; empty where its clock had no such time."""
        true = self._clock.true(instant)
        return {} if true is None else self._model.read(true)

    def changes(self, starts_at: datetime, ends_at: datetime) -> list[datetime]:
        """Return when something planted begins or ends, by the times that the meter's clock showed then."""
        around = self._clock.reach
        true = self._model.changes(starts_at - around, ends_at + around)
        return sorted(at for at in map(self._clock.shown, true) if starts_at <= at < ends_at)

    def spectrum(self, instant: datetime) -> Mapping[Quantity, tuple[float, ...]]:
        """Return the spectra at a time of the meter's clock, likewise."""
        true = self._clock.true(instant)
        return {} if true is None else self._model.spectrum(true)
