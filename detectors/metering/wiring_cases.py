"""All ways to connect a meter wrongly (错误接线), and what each makes of a balanced load: its state.

A case says which phase stands at each voltage terminal and which current, with which sign, at each current
terminal. An element then shows the load's complex power turned by a multiple of 60 degrees (four-wire) or an
odd multiple of 30 degrees (three-wire). Cases with the same turns are electrical twins: no reading of powers
and angles tells them apart, and their correction is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from pipeline.registry import Wiring

PHASES = "abc"
STEP_DEGREES = 30
"""All turns are multiples of it."""
_CIRCLE = 360 // STEP_DEGREES
_LAG = {"a": 0, "b": 4, "c": 8}
"""How far each phase lags a, in steps."""

Turns = tuple[int, ...]
"""By element what the load's power is turned by, in steps of 30 degrees, 0 to 11."""
Complexes = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class WiringCase:
    """What stands at the terminals."""

    wiring: Wiring
    volts: str
    """The phases at the voltage terminals a, b, c; of a single-phase meter at its only one."""
    currents: str
    """The phase of the current at each element."""
    signs: str
    """``-`` where it flows backwards."""

    @property
    def name(self) -> str:
        """Each element's voltage and current, as on a vector diagram: ``Ua -Ia, Ub Ic, Uc Ib``."""
        parts = zip(self._voltages(), self.signs, self.currents, strict=True)
        return ", ".join(f"U{volts} {'-' if sign == '-' else ''}I{amps}" for volts, sign, amps in parts)

    @property
    def moved(self) -> int:
        """How many wires are not where they belong: the fewest is the likeliest of twins."""
        right = _RIGHT[self.wiring]
        volts = sum(own != due for own, due in zip(self.volts, right.volts, strict=True))
        currents = sum(own != due for own, due in zip(self.currents, right.currents, strict=True))
        return volts + currents + self.signs.count("-")

    @property
    def turns(self) -> Turns:
        """What each element's power is turned by; U conj(I), with I at the load's angle behind its phase."""
        return tuple(
            (_lead(volts) + _LAG[amps] + (6 if sign == "-" else 0)) % _CIRCLE
            for volts, sign, amps in zip(self._voltages(), self.signs, self.currents, strict=True)
        )

    def _voltages(self) -> Sequence[str]:
        if self.wiring is not Wiring.THREE_PHASE_THREE_WIRE:
            return list(self.volts)
        a, b, c = tuple(self.volts)
        return [a + b, c + b]


@dataclass(frozen=True, slots=True, kw_only=True)
class WiringState:
    """What a meter shows, and the cases that make it show so: the likeliest first."""

    wiring: Wiring
    turns: Turns
    cases: Sequence[WiringCase]

    @property
    def vectors(self) -> Complexes:
        """The turns as complex numbers of length 1, shape (elements,)."""
        return phasors(self.turns)

    @property
    def sum_of_powers(self) -> complex:
        """What the meter shows in all, by the load's whole complex power; 1 where it counts right."""
        return complex(self.vectors.sum() / phasors(right_state(self.wiring).turns).sum())

    def factor(self, degrees: float) -> float | None:
        """Return the correction factor (更正系数) at a load angle; None where the meter stands still."""
        load = np.exp(1j * np.radians(degrees))
        shown = float((load * self.sum_of_powers).real)
        return None if abs(shown) < _STILL else float(load.real) / shown


_STILL = 1e-6
_RIGHT = {
    Wiring.ONE_PHASE: WiringCase(wiring=Wiring.ONE_PHASE, volts="a", currents="a", signs="+"),
    Wiring.THREE_PHASE_THREE_WIRE: WiringCase(
        wiring=Wiring.THREE_PHASE_THREE_WIRE, volts="abc", currents="ac", signs="++"
    ),
    Wiring.THREE_PHASE_FOUR_WIRE: WiringCase(
        wiring=Wiring.THREE_PHASE_FOUR_WIRE, volts="abc", currents="abc", signs="+++"
    ),
}


def phasors(turns: Sequence[int]) -> Complexes:
    """Return turns as complex numbers of length 1."""
    vectors: Complexes = np.exp(1j * np.radians(STEP_DEGREES) * np.asarray(turns))
    return vectors


@cache
def states(wiring: Wiring) -> Mapping[Turns, WiringState]:
    """Return every state that a meter of this wiring can be in."""
    cases: dict[Turns, list[WiringCase]] = {}
    for case in sorted(_cases(wiring), key=lambda c: (c.moved, c.name)):
        cases.setdefault(case.turns, []).append(case)
    return {turns: WiringState(wiring=wiring, turns=turns, cases=own) for turns, own in cases.items()}


def right_state(wiring: Wiring) -> WiringState:
    """Return the state of a meter that is connected as it should be."""
    return states(wiring)[_RIGHT[wiring].turns]


@cache
def patterns(wiring: Wiring) -> Sequence[Turns]:
    """Return the states that differ by more than one turn of all elements; the right one is the first.

    Among those that differ by a turn of all alone only the load's own angle decides.
    """
    right = right_state(wiring).turns
    kept = {tuple((turn - turns[0] + right[0]) % _CIRCLE for turn in turns) for turns in states(wiring)}
    return [right, *sorted(kept - {right})]


def turned(wiring: Wiring, pattern: Turns) -> Sequence[WiringState]:
    """Return the states that a pattern can be in."""
    known = states(wiring)
    every = (tuple((turn + more) % _CIRCLE for turn in pattern) for more in range(_CIRCLE))
    return [known[turns] for turns in every if turns in known]


def _cases(wiring: Wiring) -> Iterator[WiringCase]:
    """Yield all cases; of a three-wire meter 48, for there is no transformer in phase b."""
    orders = ["".join(order) for order in permutations(PHASES)]
    volts, currents = {
        Wiring.ONE_PHASE: (["a"], ["a"]),
        Wiring.THREE_PHASE_THREE_WIRE: (orders, ["ac", "ca"]),
        Wiring.THREE_PHASE_FOUR_WIRE: (orders, orders),
    }[wiring]
    for order, amps, signs in product(volts, currents, product("+-", repeat=len(currents[0]))):
        yield WiringCase(wiring=wiring, volts=order, currents=amps, signs="".join(signs))


def _lead(volts: str) -> int:
    """Return the angle of a voltage against neutral (``a``) or between phases (``ab``), in steps."""
    if len(volts) == 1:
        return -_LAG[volts]
    plus, minus = tuple(volts)
    # Uab leads Ua by 30 degrees; a voltage against the order, such as Uac, lags its first phase by 30.
    return -_LAG[plus] + (1 if (_LAG[minus] - _LAG[plus]) % _CIRCLE == _LAG["b"] else -1)
