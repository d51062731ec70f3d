"""The supply before a meter: its voltage over the day, what the load and the neighbours take off, events."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.registry import Wiring
from simulators.physics.circuit import PHASORS, SQRT3

DAY_S = 86_400
RIPPLE_PERIOD_S = 97.0
"""Voltage moves a little all the time; a period that divides no slot, so that live reads differ."""
RIPPLE_PU = 0.002

SharedDrop: TypeAlias = Callable[[int, int], float]
"""From phase (0 to 2) and slot to the share of nominal voltage that others take off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """The supply before the meter: its voltage without load, and what the load takes off."""

    level_pu: float = 1.02
    """Voltage without load as a share of nominal."""
    swing_pu: float = 0.008
    """How far it moves over the day."""
    r_ohm: float = 0.0
    """Resistance of one conductor, primary side."""
    x_ohm: float = 0.0
    phase_offset_pu: tuple[float, float, float] = (0.0, 0.002, -0.003)


STIFF = Feeder()
"""A supply whose voltage no load takes down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageEvent:
    """A time in which the supply's voltage is multiplied by a factor."""

    starts_at: datetime
    ends_at: datetime
    factor: float
    phase: int | None = None
    """0 to 2 for one phase; None for all."""


class Supply:
    """The voltages of a service point on the primary side, under its load."""

    def __init__(
        self,
        feeder: Feeder,
        *,
        nominal_v: float,
        phases: Sequence[int],
        events: Sequence[VoltageEvent] = (),
        shared_pu: SharedDrop | None = None,
    ) -> None:
        """Prepare.

        Args:
            feeder: What the service point hangs on.
            nominal_v: Line to neutral; line to line for three-wire supplies.
            phases: The phases of the supply (0 to 2) that are looked at, in order.
            events: Times of another voltage.
            shared_pu: What neighbours and network take off.
        """
        self._feeder = feeder
        self._nominal_v = nominal_v
        self._phases = phases
        self._shared_pu = shared_pu
        self._events = [
            (event.starts_at.timestamp(), event.ends_at.timestamp(), event.factor, event.phase)
            for event in events
        ]

    def volts(self, stamp_s: float, slot: int, loads: Sequence[complex]) -> list[float]:
        """Return each phase's voltage under its load: U0 - (R P + X Q) / U."""
        return [
            self._volts(stamp_s, slot, phase, load) * self._factor(stamp_s, phase)
            for phase, load in zip(self._phases, loads, strict=True)
        ]

    def line_volts(self, stamp_s: float, slot: int, load: complex) -> list[float]:
        """Return Uab and Ucb of a three-wire supply under its whole load, which is balanced."""
        volts = self._volts(stamp_s, slot, 0, load)
        return [volts * self._pair_factor(stamp_s, plus, 1) for plus in (0, 2)]

    def _volts(self, stamp_s: float, slot: int, phase: int, load: complex) -> float:
        feeder, nominal_v = self._feeder, self._nominal_v
        swing = feeder.swing_pu * math.cos(2 * math.pi * (stamp_s % DAY_S) / DAY_S)
        ripple = RIPPLE_PU * math.sin(2 * math.pi * stamp_s / RIPPLE_PERIOD_S + phase)
        shared = 0.0 if self._shared_pu is None else self._shared_pu(phase, slot)
        level = feeder.level_pu + feeder.phase_offset_pu[phase] + swing + ripple - shared
        drop_v = (feeder.r_ohm * load.real + feeder.x_ohm * load.imag) * 1000 / nominal_v
        return nominal_v * level - drop_v

    def _factor(self, stamp_s: float, phase: int) -> float:
        return math.prod(
            factor
            for start, end, factor, only in self._events
            if start <= stamp_s < end and only in {None, phase}
        )

    def _pair_factor(self, stamp_s: float, plus: int, minus: int) -> float:
        """Return the factor of a voltage between two phases, each with its own factor."""
        if not self._events:
            return 1.0
        first, second = self._factor(stamp_s, plus), self._factor(stamp_s, minus)
        if first == second:
            return first
        return abs(first * PHASORS[plus] - second * PHASORS[minus]) / SQRT3


def drop_load_kw(loads: NDArray[np.complex128], wiring: Wiring) -> float:
    """Return the greatest P + 0.4 Q that one conductor pair of a feeder carries, kW."""
    weighed = np.abs(loads.real) + 0.4 * np.abs(loads.imag)
    by_pair = weighed.sum(axis=0) if wiring is Wiring.THREE_PHASE_THREE_WIRE else weighed.max(axis=0)
    return float(by_pair.max(initial=0.0))
