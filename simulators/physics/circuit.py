"""How a meter's terminals are connected to the phases, and what its elements make of them.

Phasors are per unit of the phase's voltage; b lags a by 120 degrees. Within a slot every phase draws a
constant complex power, so an element's power is that power times one complex number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.registry import Wiring

SQRT3 = math.sqrt(3.0)
PHASORS = (1 + 0j, complex(-0.5, -SQRT3 / 2), complex(-0.5, SQRT3 / 2))
"""The voltages of phases a, b and c."""
PHASES = "abc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """The state of a meter's voltage and current terminals."""

    volts: tuple[complex, complex, complex] = PHASORS
    """What stands at the voltage terminals a, b, c, against neutral."""
    feeds: tuple[int, int, int] = (0, 1, 2)
    """The phase whose current flows through the current terminals a, b, c."""
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """The share of that current that passes; below 0 it flows backwards."""


CORRECT = Circuit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One measuring element: a voltage between two terminals and the current of one."""

    phase: str
    """The letter its values bear."""
    plus: int
    minus: int | None
    """None is the neutral."""
    current: int


ELEMENTS: Mapping[Wiring, tuple[Element, ...]] = MappingProxyType(
    {
        Wiring.ONE_PHASE: (Element(phase="a", plus=0, minus=None, current=0),),
        # The two-wattmeter method: Uab with Ia, Ucb with Ic.
        Wiring.THREE_PHASE_THREE_WIRE: (
            Element(phase="a", plus=0, minus=1, current=0),
            Element(phase="c", plus=2, minus=1, current=2),
        ),
        Wiring.THREE_PHASE_FOUR_WIRE: tuple(
            Element(phase=phase, plus=n, minus=None, current=n) for n, phase in enumerate(PHASES)
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementState:
    """What an element makes of the phases, per unit."""

    element: Element
    row: int
    """The phase whose current it sees."""
    power: complex
    """Times the complex power of that phase: what the element measures."""
    volts: float
    """Its voltage, as a share of what it is when all is right."""
    amps: float
    """Its current, as a share of the phase's."""
    ampere_phasor: complex
    """Times the conjugate of the phase's complex power: its current, for the sum in the neutral."""


def element_states(wiring: Wiring, circuit: Circuit) -> tuple[ElementState, ...]:
    """Return the state of every element of a meter."""
    return tuple(_state(element, circuit) for element in ELEMENTS[wiring])


def _state(element: Element, circuit: Circuit) -> ElementState:
    row, gain = circuit.feeds[element.current], circuit.gains[element.current]
    terminal = circuit.volts[element.plus]
    usual = 1.0
    if element.minus is not None:
        terminal -= circuit.volts[element.minus]
        usual = SQRT3
    # I = conj(S / U): with U the phase's own phasor, an element's S is its voltage times conj(I).
    return ElementState(
        element=element,
        row=row,
        power=terminal * gain / PHASORS[row],
        volts=abs(terminal) / usual,
        amps=abs(gain),
        ampere_phasor=gain * PHASORS[row],
    )
