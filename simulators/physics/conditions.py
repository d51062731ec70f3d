"""What holds at a meter beside its load: connections, supply, registers, displays, outages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pipeline.quantities import Quantity
from simulators.physics.circuit import Circuit
from simulators.physics.phase_loads import PhaseLoads
from simulators.physics.supply import SharedDrop, VoltageEvent
from simulators.physics.window import Change, Window

Shown: TypeAlias = dict[Quantity, float]
Reader: TypeAlias = Callable[[float], Shown]
"""What the registers show at a POSIX time."""
Lens: TypeAlias = Callable[[Reader], Reader]
"""What becomes of registers: a reader through which the honest one is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distorted:
    """How much more distortion there is than the load's own."""

    voltage: float = 1.0
    current: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conditions:
    """Everything that may be otherwise than at an honest meter; each in the order in which it came."""

    drawn: PhaseLoads | None = None
    """What flows through the feeder; None takes the meter's curve."""
    metered: PhaseLoads | None = None
    """What flows through the meter; None takes what is drawn."""
    peak_kw: float | None = None
    """The customer's usual peak, at which distortion is that of full load; None takes the curve's."""
    circuits: Sequence[Change[Circuit]] = ()
    """Changes begin and end with the slots of the curve."""
    voltage_events: Sequence[VoltageEvent] = ()
    shared_pu: SharedDrop | None = None
    """Voltage that neighbours and network take off."""
    lenses: Sequence[Lens] = ()
    shown: Sequence[Change[Shown]] = ()
    distorted: Sequence[Change[Distorted]] = ()
    outages: Sequence[Window] = ()
    """The meter has no power: it shows and answers nothing."""


NORMAL = Conditions()
