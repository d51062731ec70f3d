"""Voltages and what explains them, for phases of areas side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.area.phase_voltages import AreaVoltages

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumns:
    """Arrays of shape (groups, days, hours, channels); zero where anything of an hour is unknown.

    A group is a phase of an area; one with fewer channels than others is filled up with unknown ones.
    Voltages are lined up around 100 %: the sums of squares keep their digits.
    """

    chosen: Sequence[Ints]
    """The channels of each group, as places in their area."""
    u: Floats
    load: Floats
    """Own load, kW, negative: it takes the voltage down."""
    supply: Floats
    """Voltage of the supply meter, shape (groups, days, hours)."""
    phase: Floats
    """Reported load of the phase, kW, negative, shape (groups, days, hours)."""
    known: NDArray[np.bool_]
    hours: Ints
    """How many hours each day has, shape (groups, days)."""
    minutes: int
    """Between two hours: less where every slot is looked at."""


def columns_of(asked: Sequence[tuple[AreaVoltages, str]]) -> DropColumns:
    """Return phases of areas that have the same days and hours."""
    chosen = [voltages.of_phase(phase) for voltages, phase in asked]
    days, hours = asked[0][0].percent.shape[:2]
    shape = len(asked), days, hours, max(len(own) for own in chosen)
    u, load = np.full((2, *shape), np.nan)
    supply, phase_kw = np.full((2, *shape[:3]), np.nan)
    for group, ((voltages, phase), own) in enumerate(zip(asked, chosen, strict=True)):
        kw = np.take(voltages.kw, own, axis=-1)
        u[group, ..., : len(own)] = np.take(voltages.percent, own, axis=-1)
        load[group, ..., : len(own)] = kw
        supply[group] = voltages.supply_of(phase)
        reported = np.isfinite(kw).sum(axis=-1)
        mean_kw = np.where(np.isfinite(kw), kw, 0.0).sum(axis=-1) / np.maximum(reported, 1)
        phase_kw[group] = np.where(2 * reported >= len(own), mean_kw * len(own), np.nan)
    u -= 100.0
    # What flows back is pure active power; a load's own share of reactive power is not to be learnt from it.
    known = (load >= 0) & np.isfinite(u) & np.isfinite(supply + phase_kw)[..., None]
    unknown = ~known
    u[unknown] = 0.0
    np.negative(load, out=load)
    load[unknown] = 0.0
    return DropColumns(
        chosen=chosen,
        u=u,
        load=load,
        supply=np.nan_to_num(supply - 100.0),
        phase=-np.nan_to_num(phase_kw),
        known=known,
        minutes=asked[0][0].hours.minutes,
        hours=np.stack([voltages.hours.known for voltages, _ in asked]),
    )
