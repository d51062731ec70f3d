"""Least squares of wiring states on the elements' powers: which one fits, and what the load's angle is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.metering.wiring_cases import (
    Turns,
    WiringState,
    patterns,
    phasors,
    right_state,
    turned,
)
from pipeline.registry import Wiring

ASSUMED_ANGLE = np.radians(20.0)
"""A load's angle where nothing tells it: a power factor of 0.94, lagging."""
SUBSTANTIAL = 0.6
"""Share of the usual working load above which a slot's angle tells the load's; idle plants show any."""
NEAR = np.radians(30.0)
LEAST_LEARNT = 8
"""Slots of one load that tell its usual angle."""
STEADY = 0.95
"""Mean of their unit vectors above which they agree: a spread of 18 degrees."""
LEAST_SHARE = 0.02
"""Share of the load at plausible angles below which there is no honest time to learn from."""
_GRID = np.radians(np.arange(-80.0, 81.0, 5.0))
_PRIOR = np.where(np.abs(_GRID - np.radians(15.0)) < np.radians(56.0), 1.0, 0.2)

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAngle:
    """The angle of a load whose meter is connected right."""

    radians: float
    is_known: bool
    """Whether the meter's own honest time told it; else it is assumed."""


def right_sum(
    wiring: Wiring, active: Sequence[Singles], reactive: Sequence[Singles]
) -> tuple[Singles, Singles]:
    """Return the elements' powers, each turned back to the load's angle, and added up: real, imaginary."""
    if wiring is not Wiring.THREE_PHASE_THREE_WIRE:
        return sum(active[1:], active[0]), sum(reactive[1:], reactive[0])
    vectors = right_state(wiring).vectors
    parts = [
        (np.float32(t.real) * p + np.float32(t.imag) * q, np.float32(t.real) * q - np.float32(t.imag) * p)
        for t, p, q in zip(vectors, active, reactive, strict=True)
    ]
    (real, imaginary), *others = parts
    return sum((r for r, _ in others), real), sum((i for _, i in others), imaginary)


def best_pattern(wiring: Wiring, powers: NDArray[np.complexfloating]) -> tuple[NDArray[np.intp], Floats]:
    """Return for each column of elements' powers the pattern that fits best, and what it leaves unexplained.

    The second is the residual's share in the squared powers, 0 to 1.
    """
    size = (np.abs(powers) ** 2).sum(axis=0)
    best, most = np.zeros(powers.shape[1], dtype=np.intp), np.full(powers.shape[1], -1.0)
    for number, pattern in enumerate(patterns(wiring)):
        explained = _explained(pattern, powers)
        better = explained > most
        best[better], most[better] = number, explained[better]
    return best, 1.0 - most / np.where(size > 0, size, np.nan)


def pattern_of(wiring: Wiring, powers: Complexes) -> tuple[Turns, float, float]:
    """Return the pattern that fits many slots best together, its residual and that of the right wiring."""
    size = float((np.abs(powers) ** 2).sum())
    sums = [float(_explained(pattern, powers).sum()) for pattern in patterns(wiring)]
    best = int(np.argmax(sums))
    return patterns(wiring)[best], 1.0 - sums[best] / size, 1.0 - sums[0] / size


def load_power(state: WiringState, powers: Complexes) -> Complexes:
    """Return the load's whole complex power, as it would be shown with right wiring.

    Least squares for a balanced load; exact for any load of a four-wire meter, whose currents are all there.
    """
    fitted: Complexes = (state.vectors.conjugate() @ powers) / len(powers)
    due: complex = right_state(state.wiring).vectors.sum()
    return fitted * due


def nearest_state(
    wiring: Wiring, pattern: Turns, powers: Complexes, home: HomeAngle
) -> tuple[WiringState, float]:
    """Return the state of a pattern that puts the load's angle next to its usual one, and that angle."""
    found = []
    for state in turned(wiring, pattern):
        load = load_power(state, powers)
        angle = float(np.angle((load * np.abs(load)).sum()))
        found.append((abs(wrapped(angle - home.radians)), state, angle))
    _, state, angle = min(found, key=lambda entry: (entry[0], entry[1].turns))
    return state, angle


def substantial(sizes: Floats, usable: Bools) -> Bools:
    """Return the slots whose load is near the usual working load, by apparent power."""
    known = sizes[usable]
    total = float(known.sum())
    usual = float((known**2).sum()) / total if total > 0 else np.inf
    return usable & (sizes > SUBSTANTIAL * usual)


def home_angle(power: Complexes, usable: Bools) -> HomeAngle:
    """Return the angle near which most of the load lies, among those at which a customer imports.

    An angle between 40 degrees leading and 70 lagging counts fully, any other at which power flows in a fifth
    of it.
    """
    chosen = power[substantial(np.abs(power), usable)]
    angles, weights = np.angle(chosen), np.abs(chosen)
    imports = np.abs(angles) < np.pi / 2
    if weights[imports].sum() <= LEAST_SHARE * weights.sum() or not len(chosen):
        return HomeAngle(radians=float(ASSUMED_ANGLE), is_known=False)
    near = np.abs(wrapped(angles[None, :] - _GRID[:, None])) < NEAR
    score = (near * weights).sum(axis=1) * _PRIOR
    around = near[int(np.argmax(score))]
    return HomeAngle(radians=float(np.angle(chosen[around].sum())), is_known=True)


def usual_angles(power: Complexes, learnt: Bools) -> Floats:
    """Return the angle that is usual at each slot's load; NaN where such a load shows many.

    An idle plant with its capacitors on stands elsewhere than a working one. What is usual is learnt from the
    slots ``learnt``, by apparent power in steps of half an octave: wrong wiring turns it and leaves its size.
    """
    sizes = np.abs(power)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = np.floor(2.0 * np.log2(sizes))
    usual = np.full(len(power), np.nan)
    for level in np.unique(levels[learnt & np.isfinite(levels)]):
        units = power[learnt & (levels == level)]
        units = units / np.abs(units)
        if len(units) >= LEAST_LEARNT and abs(units.mean()) > STEADY:
            usual[levels == level] = np.angle(units.sum())
    return usual


def imports(power: Complexes, turned_slots: Bools, home: HomeAngle) -> Bools:
    """Return the slots in which the load imports if all is turned as in the ``turned_slots``."""
    apart = np.degrees(np.angle(power[turned_slots].sum()) - home.radians)
    turn = np.radians(60.0 * np.round(apart / 60.0))
    return np.asarray((power * np.exp(-1j * turn)).real > 0)


def wrapped(angle: Floats | float) -> Floats:
    """Return an angle between -pi and pi."""
    return np.asarray((np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi)


def _explained(pattern: Turns, powers: NDArray[np.complexfloating]) -> Floats:
    fitted = phasors(pattern).conjugate().astype(powers.dtype) @ powers
    explained: Floats = (fitted.real**2 + fitted.imag**2).astype(np.float64)
    return explained / len(powers)
