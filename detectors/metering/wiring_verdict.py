"""Which wiring state a stretch of slots proves, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.hysteresis import Stretch
from detectors.metering.element_powers import complex_power
from detectors.metering.wiring_cases import Turns, WiringState, right_state, turned
from detectors.metering.wiring_fit import (
    HomeAngle,
    load_power,
    nearest_state,
    pattern_of,
    substantial,
    wrapped,
)
from detectors.metering.wiring_signs import SlotSigns
from detectors.ratings import ELEMENTS
from pipeline.block import MeterMatrix
from pipeline.model import Json
from pipeline.registry import Wiring

FAR_BETTER = 3.0
"""As the rule's own ratio, for all slots of a stretch together."""
HALF_TURN = 6
"""In steps of 30 degrees."""
STEADY_ANGLE = np.radians(25.0)
"""How far from its usual angle a load may be that is steady enough to tell a turn of 60 degrees."""
STEADY_SHARE = 0.85
"""Share of a load that must be so near, before and after."""
TELLING = 0.17
"""Sine of the usual angle (10 degrees) above which reactive power tells a turned meter from generation."""
A_DAY_H = 24.0
SHORT_H = 14.0
"""The longest day's sun: what ends earlier, and comes again, is generation."""

Bools = NDArray[np.bool_]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class WiringVerdict:
    """The state, and what speaks for it."""

    state: WiringState
    load_angle: float
    """Mean angle of the load in that state, radians, lagging above 0."""
    home: HomeAngle
    misfit: float
    """Share of the squared powers that the state leaves unexplained."""
    right_misfit: float
    """The same of the right wiring."""
    powers: Complexes
    """Those of the slots that tell, shape (elements, slots)."""

    @property
    def score(self) -> float:
        """How sure it is: by the fit, less where the load's usual angle had to be assumed."""
        return round(max(1.0 - self.misfit, 0.0) * (1.0 if self.home.is_known else 0.7), 3)

    def fit(self) -> dict[str, Json]:
        """Return the figures for the evidence."""
        return {
            "unexplained_share": round(self.misfit, 4),
            "unexplained_by_right_wiring": round(self.right_misfit, 4),
            "load_angle_degrees": round(float(np.degrees(self.load_angle)), 1),
            "usual_angle_degrees": round(float(np.degrees(self.home.radians)), 1),
            "usual_angle_is": "that of the meter's days with right wiring"
            if self.home.is_known
            else "assumed",
        }

    def alternatives(self) -> list[Json]:
        """Return the states that would fit as well if the load's angle were another, importing one."""
        found: list[Json] = []
        for state in turned(self.state.wiring, self.state.turns):
            load = load_power(state, self.powers)
            angle = float(np.angle((load * np.abs(load)).sum()))
            if state is not self.state and abs(angle) < np.pi / 2:
                degrees = float(np.degrees(angle))
                factor = state.factor(degrees)
                found.append({
                    "wiring": state.cases[0].name,
                    "load_angle_degrees": round(degrees, 1),
                    "factor": None if factor is None else round(factor, 3),
                })  # fmt: skip
        return found


def verdict(window: MeterMatrix, wiring: Wiring, signs: SlotSigns, stretch: Stretch) -> WiringVerdict | None:
    """Return the state that fits a stretch; None where the load explains it after all."""
    place = signs.place(stretch.row)
    telling = stretch.first + np.flatnonzero(signs.begins[place, stretch.first : stretch.end])
    whole = slice(0, len(window.starts_at))
    powers = np.stack([complex_power(window, e, stretch.row, whole)[telling] for e in ELEMENTS[wiring]])
    home = signs.homes[place]
    pattern, misfit, right_misfit = pattern_of(wiring, powers)
    right = right_state(wiring)
    if pattern != right.turns and misfit * FAR_BETTER >= right_misfit:
        pattern = _by_signs(wiring, powers)
    state, angle = nearest_state(wiring, pattern, powers, home)
    found = WiringVerdict(
        state=state, load_angle=angle, home=home, misfit=misfit, right_misfit=right_misfit, powers=powers
    )
    if state is right:
        return None
    hours = (stretch.end - stretch.first) * window.minutes / 60.0
    if pattern == right.turns and not _is_turned(
        found, hours, signs.power[place], signs.honest[place], stretch
    ):
        return None
    return found


def comes_and_goes(stretch: Stretch, same: Sequence[Stretch], minutes: int) -> bool:
    """Tell whether it is one of several stretches of a meter that each ended within a day's light."""
    longest = SHORT_H * 60.0 / minutes

    def is_short(one: Stretch) -> bool:
        return not one.is_open and one.end - one.first < longest

    return is_short(stretch) and sum(map(is_short, same)) > 1


def _by_signs(wiring: Wiring, powers: Complexes) -> Turns:
    """Return the polarities of a four-wire meter's elements, where an unbalanced load fits no case."""
    right = right_state(wiring).turns
    if wiring is not Wiring.THREE_PHASE_FOUR_WIRE:
        return right
    return tuple(HALF_TURN if power < 0 else 0 for power in powers.real.sum(axis=1))


def _is_turned(found: WiringVerdict, hours: float, power: Complexes, honest: Bools, stretch: Stretch) -> bool:
    """Tell whether the wiring turned all elements alike, and not the load or generation behind the meter."""
    home = found.home
    turn = (found.state.turns[0] - right_state(found.state.wiring).turns[0]) % (2 * HALF_TURN)
    shown = float(wrapped(found.load_angle + turn * np.pi / HALF_TURN))
    if abs(shown) < np.pi / 2:
        # A load may show that angle by itself: what is turned back must be as steady as it was before.
        back = power * np.exp(-1j * turn * np.pi / HALF_TURN)
        inside = np.zeros_like(honest)
        inside[stretch.first : stretch.end] = True
        works = substantial(np.abs(power), honest)
        is_steady = _near(power[works & ~inside], home) and _near(back[works & inside], home)
        return home.is_known and hours >= A_DAY_H and is_steady
    if turn == HALF_TURN:
        # Generation feeds active power back and leaves the reactive power as it was.
        if home.is_known and abs(np.sin(home.radians)) > TELLING:
            return bool(np.sin(found.load_angle) * np.sin(home.radians) > 0)
        return hours >= A_DAY_H
    return True


def _near(power: Complexes, home: HomeAngle) -> bool:
    """Tell whether a working load keeps near its usual angle."""
    sizes = np.abs(power)
    near = np.abs(wrapped(np.angle(power) - home.radians)) < STEADY_ANGLE
    return float(sizes[near].sum()) >= STEADY_SHARE * float(sizes.sum()) > 0
