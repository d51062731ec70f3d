"""What single slots say of a meter's wiring: the signs (迹象) that a wiring error begins and ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.metering.wiring_fit import (
    NEAR,
    SUBSTANTIAL,
    HomeAngle,
    best_pattern,
    home_angle,
    imports,
    right_sum,
    substantial,
    usual_angles,
    wrapped,
)
from detectors.ratings import ELEMENTS
from pipeline.block import MeterMatrix
from pipeline.registry import Wiring

FIRST_DAYS = 3
"""Days of a window that tell a load's usual angle, if they hold enough of it."""
LEAST_SLOTS = 24
DOUBTFUL = np.radians(25.0)
"""An angle so far from the mean one is looked at."""
REACTIVE_SHARE = 0.1
"""Reactive by active power above which its sign tells a turned element from one that feeds back."""

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]
Numbers = Mapping[str, Floats]
Real = TypeVar("Real", np.float32, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSigns:
    """The suspects among the meters of one wiring: arrays of shape (rows, slots)."""

    rows: NDArray[np.intp]
    """Their rows in the window."""
    begins: Bools
    restored: Bools
    known: Bools
    honest: Bools
    """Slots with load that the right wiring explains, if the load's angle is the usual one."""
    power: NDArray[np.complex128]
    """The elements' powers, turned back and added up as if the wiring were right."""
    homes: Sequence[HomeAngle]

    def place(self, row: int) -> int:
        """Return where a row of the window stands here."""
        return int(np.searchsorted(self.rows, row))

    def on(self, window: MeterMatrix, mask: Bools) -> Bools:
        """Return a mask for all meters of the window; the others have no sign."""
        spread = np.zeros((len(window.meters), mask.shape[1]), dtype=np.bool_)
        spread[self.rows] = mask
        return spread


def slot_signs(
    window: MeterMatrix, wiring: Wiring, rows: NDArray[np.intp], base_kva: Floats, numbers: Numbers
) -> SlotSigns:
    """Return the signs of those meters of which any slot speaks against the right wiring."""
    elements = ELEMENTS[wiring]
    active = [_of_rows(window.values[e.power], rows) for e in elements]
    reactive = [_of_rows(window.values[e.reactive], rows) for e in elements]
    own = {name: _of_rows(values, rows).astype(np.float32) for name, values in numbers.items()}
    real, imaginary = right_sum(wiring, active, reactive)
    size = sum((part * part for part in (*active[1:], *reactive)), active[0] * active[0])
    gain = real * real + imaginary * imaginary
    percent = (base_kva[rows, None] / 100.0).astype(np.float32)
    count = np.float32(len(elements))
    loaded = size > count * (percent * own["current_percent"]) ** 2
    awake = size > count * (percent * own["restore_percent"]) ** 2
    poor = awake & (gain < (1.0 - own["least_misfit"]) * count * size)
    suspects = np.flatnonzero((poor & loaded).any(axis=1) | _turns(real, imaginary, gain, loaded & ~poor))
    power = real[suspects] + 1j * imaginary[suspects].astype(np.float64)
    stacked = np.stack([p[suspects] + 1j * q[suspects] for p, q in zip(active, reactive, strict=True)])
    poor, loaded, awake = poor[suspects], loaded[suspects], awake[suspects]
    limits = {name: values[suspects] for name, values in own.items()}
    reverse = (percent[suspects] * limits["reverse_percent"]).astype(np.float32)
    wrong = _wrong(wiring, stacked, poor, limits["fit_ratio"], reverse)
    honest = loaded & ~poor
    begins, restored, homes = wrong & loaded, awake & ~wrong, []
    for place in range(len(suspects)):
        home = _home(window, power[place], honest[place])
        homes.append(home)
        if wiring is Wiring.ONE_PHASE:
            widest = np.pi / 2
        else:
            widest = np.radians(float(limits["turned_degrees"][place].max()))
        works = substantial(np.abs(power[place]), honest[place])
        away = np.abs(wrapped(np.angle(power[place]) - home.radians))
        turned = works & (away > widest)
        if turned.any():
            begins[place] |= turned
            learnt = awake[place] & ~poor[place] & (power[place].real > 0)
            learnt[int(np.argmax(turned)) :] = False
            usual = usual_angles(power[place], learnt)
            by_load = np.abs(wrapped(np.angle(power[place]) - usual)) < NEAR
            by_sign = ~imports(power[place], turned, home) & (power[place].real > 0)
            by_home = works & (away < NEAR)
            restored[place] = awake[place] & ~poor[place] & (by_home | by_load | by_sign)
    kept: Bools = np.asarray(begins.any(axis=1))
    return SlotSigns(
        rows=rows[suspects][kept],
        begins=begins[kept],
        restored=restored[kept],
        known=np.isfinite(power[kept]),
        honest=honest[kept],
        power=power[kept],
        homes=[home for home, keeps in zip(homes, kept, strict=True) if keeps],
    )


def _of_rows(column: NDArray[Real], rows: NDArray[np.intp]) -> NDArray[Real]:
    """Return some rows; without a copy where they are all there is."""
    return column if len(rows) == len(column) else column[rows]


def _turns(real: Singles, imaginary: Singles, gain: Singles, usable: Bools) -> Bools:
    """Tell of each meter whether its load's angle is ever far from its mean one, at a working load."""
    sizes = np.sqrt(np.where(usable, gain, 0.0))
    total = sizes.sum(axis=1)
    usual = np.divide((sizes * sizes).sum(axis=1), total, out=np.full(len(total), np.inf), where=total > 0)
    works = sizes > (SUBSTANTIAL * usual)[:, None]
    along = np.where(works, real, 0.0).sum(axis=1)
    across = np.where(works, imaginary, 0.0).sum(axis=1)
    length = np.hypot(along, across)
    cosine, sine = (part / np.where(length > 0, length, 1.0) for part in (along, across))
    is_far = real * cosine[:, None] + imaginary * sine[:, None] < np.float32(np.cos(DOUBTFUL)) * sizes
    # A meter that only ever feeds back has one angle, and an impossible one.
    return np.asarray((works & is_far).any(axis=1) | (cosine < 0))


def _wrong(
    wiring: Wiring, powers: NDArray[np.complexfloating], poor: Bools, fit_ratio: Singles, reverse: Singles
) -> Bools:
    """Return the slots that another case explains far better than the right wiring, or that run backwards."""
    wrong = np.zeros_like(poor)
    if not poor.any() or wiring is Wiring.ONE_PHASE:
        return wrong
    row, slot = np.nonzero(poor)
    chosen = powers[:, row, slot]
    best, misfit = best_pattern(wiring, chosen)
    right = _right_misfit(wiring, chosen)
    fits = (best > 0) & (misfit * np.broadcast_to(fit_ratio, poor.shape)[row, slot] < right)
    if wiring is Wiring.THREE_PHASE_FOUR_WIRE:
        # An element of a three-wire meter is negative by itself at a low power factor.
        fits |= _backwards(chosen, np.broadcast_to(reverse, poor.shape)[row, slot])
    wrong[row, slot] = fits
    return wrong


def _right_misfit(wiring: Wiring, powers: NDArray[np.complexfloating]) -> Floats:
    real, imaginary = right_sum(wiring, list(powers.real), list(powers.imag))
    size = (powers.real**2 + powers.imag**2).sum(axis=0)
    return np.asarray(1.0 - (real**2 + imaginary**2) / (len(powers) * size), dtype=np.float64)


def _backwards(powers: NDArray[np.complexfloating], reverse: Singles) -> Bools:
    """Return the slots in which an element runs backwards while another does not: both its powers turned."""
    active, reactive = powers.real, powers.imag
    back = active < -reverse
    forth = active > reverse
    others = np.where(forth, reactive, 0.0).sum(axis=0)
    small = np.abs(reactive) < REACTIVE_SHARE * np.abs(active)
    is_turned = back & (small | (reactive * others <= 0))
    return np.asarray(is_turned.any(axis=0) & forth.any(axis=0) & (back == is_turned).all(axis=0))


def _home(window: MeterMatrix, power: NDArray[np.complex128], honest: Bools) -> HomeAngle:
    """Return the usual angle by the first days, else by all there is."""
    first = np.zeros_like(honest)
    first[: FIRST_DAYS * 24 * 60 // window.minutes] = True
    if (first & honest).sum() >= LEAST_SLOTS:
        home = home_angle(power, first & honest)
        if home.is_known:
            return home
    return home_angle(power, honest)
