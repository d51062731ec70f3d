"""The voltage drop that no reported load explains: the rest of a regression learnt from the days before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.area.phase_voltages import FEWEST, AreaVoltages

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
FACTORS = 4
"""Constant, the supply's voltage, the reported load of the phase, the own load."""
PHASE, LOAD = 2, 3
TRIMMED = 4.0
"""A slot that is off by so many standard deviations is no longer learnt from."""
TRIMMED_DAYS = 2.5
"""The same for a day's mean: some days of a small theft must not make it usual."""
ROUNDS = 3
SLOTS_ALIKE = 12
"""Slots whose deviations count as one: the network remembers about three hours."""
_RIDGE = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Drops:
    """The unexplained drops of the channels of one phase; NaN where nothing was learnt yet."""

    chosen: Ints
    """The channels, as places in their area."""
    drop: Floats
    """Shape (channels, slots), % of nominal; positive where the voltage is lower than explained."""
    mean: Floats
    """Of each day, shape (channels, days)."""
    scatter: Floats
    """Standard deviation of such means on the days learnt from, shape (channels, days)."""
    slope: Floats
    """What a reported kW takes off, % of nominal, as learnt before each day: shape (channels, days)."""
    explained: Floats
    """R2 of the regression on the days learnt from, shape (channels, days)."""


def unexplained_drops(
    voltages: AreaVoltages, phase: str, learn: tuple[int, int], known_share: float
) -> Drops:
    """Return what reported loads and neighbours do not explain in the voltages of one phase.

    Each day is held against a regression on days before it (at least ``learn[0]``, at most ``learn[1]``):
    U = a + b supply - d phase load - k own load. Tap changes and the network are in the voltage of the
    supply meter, the neighbours' load along the line in the reported load of the phase. A load on the phase
    that nobody reports draws all neighbours down, each by his d: their weighted median is taken away too.

    Slots that stand out are not learnt from, nor whole days whose mean does: whoever takes load past his
    meter does not become usual.
    """
    fewest, most = learn
    chosen = voltages.of_phase(phase)
    ends = np.append(voltages.edges[1:], voltages.percent.shape[1])
    days = [slice(int(a), int(b)) for a, b in zip(voltages.edges, ends, strict=True)]
    columns = _columns(voltages, phase, chosen)
    learner = _Learner(len(chosen), len(days))
    learner.begin(days[:fewest], columns)
    shape = len(chosen), len(days)
    drop = np.full(columns.u.shape, np.nan)
    mean, scatter, slope, explained = (np.full(shape, np.nan) for _ in range(4))
    for number, day in enumerate(days[fewest:], start=fewest):
        fit = learner.fit(number, fewest, most)
        u, x, known = columns.u[:, day], columns.x[:, day], columns.known[:, day]
        known = known & fit.is_known[:, None]
        left = _without_neighbours((x @ fit.factors[..., None])[..., 0] - u, known, fit.factors[:, PHASE])
        good = known.sum(axis=1) >= known_share * known.shape[1]
        drop[:, day] = np.where(known, left, np.nan)
        day_mean = np.where(known, left, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        mean[good, number], scatter[good, number] = day_mean[good], fit.scatter[good]
        slope[good, number], explained[good, number] = fit.factors[good, LOAD], fit.explained[good]
        usual = np.abs(day_mean) <= TRIMMED_DAYS * fit.scatter
        fits = np.abs(left) <= TRIMMED * fit.noise[:, None]
        # Before a customer has shown enough of himself every one of his days is learnt from.
        take = columns.known[:, day] & ((fits & usual[:, None]) | ~fit.is_known[:, None])
        learner.learn(number, u, x, take)
        learner.means[:, number] = np.where(good & usual, day_mean, np.nan)
    return Drops(chosen=chosen, drop=drop, mean=mean, scatter=scatter, slope=slope, explained=explained)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """What is explained and what explains it; zero where anything of a slot is unknown."""

    u: Floats
    x: Floats
    """Shape (channels, slots, factors)."""
    known: NDArray[np.bool_]


def _columns(voltages: AreaVoltages, phase: str, chosen: Ints) -> _Columns:
    """Line the columns up, voltages around 100 %: the sums of squares keep their digits."""
    u, kw = voltages.percent[chosen] - 100.0, voltages.kw[chosen]
    reported = np.isfinite(kw).sum(axis=0)
    mean_kw = np.nansum(kw, axis=0) / np.maximum(reported, 1)
    phase_kw = np.where(2 * reported >= len(chosen), mean_kw * len(chosen), np.nan)
    supply = voltages.supply_of(phase) - 100.0
    x = np.stack(
        [np.ones_like(u), *(np.broadcast_to(row, u.shape) for row in (supply, -phase_kw)), -kw], axis=-1
    )
    known = np.isfinite(u) & np.isfinite(x).all(axis=-1)
    return _Columns(u=np.where(known, u, 0.0), x=np.where(known[..., None], x, 0.0), known=known)


def _without_neighbours(left: Floats, known: NDArray[np.bool_], weights: Floats) -> Floats:
    """Take away what draws all channels down alike: the weighted median of their drops for one kW."""
    own = np.maximum(weights, 0.0)
    if (own > 0).sum() < FEWEST:
        return left
    counts = np.where(known, own[:, None], 0.0)
    per_kw = np.where(counts > 0, left / np.where(own > 0, own, 1.0)[:, None], np.inf)
    order = np.argsort(per_kw, axis=0)
    heavy = np.cumsum(np.take_along_axis(counts, order, axis=0), axis=0)
    middle = np.argmax(heavy >= heavy[-1] / 2.0, axis=0)[None]
    hidden = np.take_along_axis(np.take_along_axis(per_kw, order, axis=0), middle, axis=0)[0]
    rest: Floats = left - own[:, None] * np.where(np.isfinite(hidden), hidden, 0.0)
    return rest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    factors: Floats
    noise: Floats
    """Standard deviation of a slot."""
    scatter: Floats
    explained: Floats
    is_known: NDArray[np.bool_]


class _Learner:
    """Sums of products by day, from which the regression of any days is had without their slots."""

    def __init__(self, channels: int, days: int) -> None:
        self._xx = np.zeros((channels, days, FACTORS, FACTORS))
        self._xu = np.zeros((channels, days, FACTORS))
        self._u = np.zeros((channels, days, 3))
        """Count, sum and sum of squares of the voltages."""
        self.means = np.full((channels, days), np.nan)

    def learn(self, day: int, u: Floats, x: Floats, take: NDArray[np.bool_]) -> None:
        """Take the slots of a day, in place of those that were taken before."""
        kept = np.where(take[..., None], x, 0.0)
        own = np.where(take, u, 0.0)
        self._xx[:, day] = kept.swapaxes(1, 2) @ kept
        self._xu[:, day] = (own[:, None] @ kept)[:, 0]
        self._u[:, day] = np.stack([take.sum(axis=1), own.sum(axis=1), (own * own).sum(axis=1)], axis=1)

    def begin(self, days: Sequence[slice], columns: _Columns) -> None:
        """Learn the first days, then again without their slots that stand out."""
        u, x, known = columns.u, columns.x, columns.known
        for number, day in enumerate(days):
            self.learn(number, u[:, day], x[:, day], known[:, day])
        for _ in range(ROUNDS):
            fit = self.fit(len(days), len(days), len(days))
            for number, day in enumerate(days):
                left = (x[:, day] @ fit.factors[..., None])[..., 0] - u[:, day]
                take = known[:, day] & (np.abs(left) <= TRIMMED * fit.noise[:, None])
                self.learn(number, u[:, day], x[:, day], take)
                count = np.maximum(take.sum(axis=1), 1)
                self.means[:, number] = np.where(take, left, 0.0).sum(axis=1) / count

    def fit(self, day: int, fewest: int, most: int) -> _Fit:
        """Return the regression of the days before one, and of whom it knows so many days."""
        where = slice(max(day - most, 0), day)
        xx, xu, u = (sums[:, where].sum(axis=1) for sums in (self._xx, self._xu, self._u))
        count = np.maximum(u[:, 0], 1.0)
        ridge = _RIDGE * count[:, None, None] * np.eye(FACTORS)
        factors = np.linalg.solve(xx + ridge, xu[..., None])[..., 0]
        square = np.maximum(u[:, 2] - np.einsum("nf,nf->n", factors, xu), 0.0)
        noise = np.sqrt(square / count)
        spread = np.maximum(u[:, 2] - u[:, 1] ** 2 / count, _RIDGE)
        taken = self._u[:, where, 0]
        days = (taken > 0).sum(axis=1)
        of_days = self.means[:, where]
        seen = np.maximum(np.isfinite(of_days).sum(axis=1), 2)
        deviation = np.sqrt(np.nansum(of_days**2, axis=1) / (seen - 1))
        alike = noise / np.sqrt(np.maximum(count / np.maximum(days, 1) / SLOTS_ALIKE, 1.0))
        return _Fit(
            factors=factors,
            noise=np.maximum(noise, _RIDGE),
            scatter=np.maximum(np.maximum(deviation, alike), _RIDGE),
            explained=1.0 - square / spread,
            is_known=days >= fewest,
        )
