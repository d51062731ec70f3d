"""What a meter counted beside what its own power says (功率积分): the energy of each slot, twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from detectors.hysteresis import Stretch
from detectors.ratings import ELEMENTS, Ratings
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import day_most
from pipeline.daily_rows import DailyRows
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Wiring
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]

QUANTITIES = (
    Quantity.ACTIVE_POWER,
    Quantity.POWER_FACTOR,
    *dict.fromkeys(q for elements in ELEMENTS.values() for e in elements for q in (e.voltage, e.current)),
)
"""Active power, and what stands in for it at a meter that does not give it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotEnergies:
    """Energies of shape (meters, slots), primary side; NaN where not known."""

    counted_kwh: Floats
    """By the register: actual intervals only."""
    power_kw: Floats
    """Import at the slots' starts; what flows back is 0."""
    hours: float
    """Length of a slot."""

    def shown_kwh(self) -> Floats:
        """Return the energy by the mean of the powers at both ends of each slot."""
        return self._of_ends(np.add, self.hours / 2.0)

    def least_kwh(self) -> Floats:
        """Return the energy by the smaller of the powers at both ends of each slot."""
        return self._of_ends(np.minimum, self.hours)

    def most_kwh(self) -> Floats:
        """Return the energy by the greater of the powers at both ends."""
        return self._of_ends(np.maximum, self.hours)

    def _of_ends(self, joined: np.ufunc, hours: float) -> Floats:
        """Return powers at both ends made one, times ``hours``; the end of the last slot is not known yet."""
        kwh = np.empty_like(self.power_kw)
        joined(self.power_kw[:, :-1], self.power_kw[:, 1:], out=kwh[:, :-1])
        kwh[:, -1:] = np.nan
        kwh *= hours
        return kwh


def slot_energies(window: MeterMatrix, rated: Ratings) -> SlotEnergies:
    """Return what registers and powers of a window say."""
    power = np.maximum(window.power_kw, 0.0)
    silent = np.flatnonzero(~np.isfinite(power).any(axis=1))
    for wiring in ELEMENTS:
        rows = np.intersect1d(silent, rated.rows_of(wiring))
        if len(rows):
            power[rows] = _by_currents(window, rated, wiring, rows)
    return SlotEnergies(counted_kwh=window.actual_kwh(), power_kw=power, hours=window.minutes / 60.0)


def shown_kw(rated: Ratings, amps: Floats) -> Floats:
    """Return what meters show at nominal voltage and some current in every phase, kW, shape (meters,)."""
    phases = np.full(len(amps), np.nan)
    for wiring, factor in _PHASES.items():
        phases[rated.rows_of(wiring)] = factor
    return phases * rated.nominal_v * amps / 1000.0


def day_basic_kw(window: MeterMatrix, daily: DailyRows, rated: Ratings, amps: Floats) -> Floats:
    """Return it on the primary side, by each day's greatest ratio: shape (meters, days) or (meters, 1)."""
    return shown_kw(rated, amps)[:, None] * day_ratios(window, daily, rated)


def day_ratios(window: MeterMatrix, daily: DailyRows, rated: Ratings) -> Floats:
    """Return the greatest ratio of each day, shape (meters, days); (meters, 1) where none changes."""
    if rated.ratio.shape[1] == 1:
        return rated.ratio
    by_day = day_most(window, daily, rated.ratio)
    return np.where(np.isnan(by_day), np.fmax.reduce(rated.ratio, axis=1, keepdims=True), by_day)


def ratio_changes(window: MeterMatrix, registry: Registry) -> Mapping[int, Sequence[datetime]]:
    """Return by row when the archive has another ratio from within the window on.

    Before a meter was first fitted and after it was taken off for good it measured nothing by any ratio.
    """
    if not len(window.starts_at):
        return {}
    first, last = from_numpy(window.starts_at[0]), from_numpy(window.starts_at[-1])
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    found: dict[int, list[datetime]] = {}
    for ratio in registry.ratios:
        row = row_of.get(ratio.meter)
        for at in (ratio.starts_at, ratio.ends_at):
            if (
                row is not None
                and at is not None
                and first < at <= last
                and _hangs_around(registry, ratio.meter, at)
            ):
                found.setdefault(row, []).append(at)
    return {row: sorted(set(instants)) for row, instants in found.items()}


def _hangs_around(registry: Registry, meter: MeterId, at: datetime) -> bool:
    """Tell whether a meter hung somewhere both before and after an instant; one that never did counts."""
    placed = registry.installations_by_meter.get(meter, ())
    return not placed or (
        any(i.starts_at is None or i.starts_at < at for i in placed)
        and any(i.ends_at is None or i.ends_at > at for i in placed)
    )


def stretch_kwh(energies: SlotEnergies, stretch: Stretch) -> tuple[float, float]:
    """Return counted and shown energy of a stretch; unread powers lie between read ones."""
    row, where = stretch.row, slice(stretch.first, stretch.end)
    counted = float(np.nansum(energies.counted_kwh[row, where]))
    ends = energies.power_kw[row, stretch.first : stretch.end + 1]
    known = np.flatnonzero(np.isfinite(ends))
    if not len(known):
        return counted, float("nan")
    powers = np.interp(np.arange(stretch.end - stretch.first + 1), known, ends[known])
    return counted, float((powers[:-1] + powers[1:]).sum() / 2.0 * energies.hours)


_PHASES: Mapping[Wiring, float] = {
    Wiring.ONE_PHASE: 1.0,
    Wiring.THREE_PHASE_FOUR_WIRE: 3.0,
    Wiring.THREE_PHASE_THREE_WIRE: sqrt(3.0),
}


def _by_currents(window: MeterMatrix, rated: Ratings, wiring: Wiring, rows: NDArray[np.intp]) -> Floats:
    """Return the power of meters that only give voltages, currents and a power factor."""
    factor = window.values.get(Quantity.POWER_FACTOR)
    elements = ELEMENTS[wiring]
    wanted = {q for e in elements for q in (e.voltage, e.current)}
    if factor is None or not wanted <= window.values.keys():
        return np.full((len(rows), len(window.starts_at)), np.nan)
    kva = np.zeros((len(rows), len(window.starts_at)))
    for element in elements:
        kva += window.values[element.voltage][rows].astype(np.float64) * window.values[element.current][rows]
    # The two elements of a three-wire meter see line voltages: of a balanced load 2 UI for its sqrt(3) UI.
    share = _PHASES[wiring] / len(elements)
    own: Floats = kva * share * factor[rows] * rated.ratio[rows] / 1000.0
    return np.maximum(own, 0.0)
