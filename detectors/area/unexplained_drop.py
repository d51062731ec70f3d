"""The voltage drop that no reported load explains: the rest of a regression learnt from the days before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.area.drop_columns import DropColumns, columns_of
from detectors.area.drop_regression import Fit, Learner
from detectors.area.phase_voltages import FEWEST, AreaVoltages

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
TRIMMED = 4.0
"""An hour that is off by so many standard deviations is no longer learnt from."""
TRIMMED_DAYS = 2.5
"""The same for a day's mean: some days of a small theft must not make it usual."""
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Drops:
    """The unexplained drops of the channels of one phase; NaN where nothing was learnt yet."""

    chosen: Ints
    """The channels, as places in their area."""
    drop: NDArray[np.floating]
    """Shape (channels, days, hours), % of nominal; positive where the voltage is lower than explained."""
    mean: Floats
    """Of each day, shape (channels, days)."""
    scatter: Floats
    """Standard deviation of such means on the days learnt from, shape (channels, days)."""
    slope: Floats
    """What a reported kW takes off, % of nominal, as learnt before each day: shape (channels, days)."""
    explained: Floats
    """R2 of the regression on the days learnt from, shape (channels, days)."""


def unexplained_drops(
    asked: Sequence[tuple[AreaVoltages, str]], learn: tuple[int, int], known_share: float
) -> list[Drops]:
    """Return what reported loads and neighbours do not explain in the voltages of phases of areas.

    Each day is held against a regression on days before it (at least ``learn[0]``, at most ``learn[1]``):
    U = a + b supply - d phase load - k own load. Tap changes and the network are in the voltage of the
    supply meter, the neighbours' load along the line in the reported load of the phase. A load on the phase
    that nobody reports draws all neighbours down, each by his d: the median of what it would be, as those
    further along the line show it, is taken away too.

    Hours in which the customer feeds in tell nothing. Hours that stand out are not learnt from, nor whole
    days whose mean does: whoever takes load past his meter does not become usual.

    All phases go through the days together: that costs little more than one of them.
    """
    found: dict[int, Drops] = {}
    shapes = [(*voltages.percent.shape[:2], voltages.hours.minutes) for voltages, _ in asked]
    for shape in dict.fromkeys(shapes):
        alike = [place for place, own in enumerate(shapes) if own == shape]
        columns = columns_of([asked[place] for place in alike])
        found |= dict(zip(alike, _of_columns(columns, learn, known_share), strict=True))
    return [found[place] for place in range(len(asked))]


def _of_columns(columns: DropColumns, learn: tuple[int, int], known_share: float) -> list[Drops]:
    fewest, most = learn
    groups, days, _, channels = columns.u.shape
    learner = Learner(columns, most)
    _begin(learner, columns, min(fewest, days))
    drop = np.full(columns.u.shape, np.nan, np.float32)
    mean, scatter, slope, explained = np.full((4, days, groups, channels), np.nan)
    for day in range(fewest, days):
        fit = learner.fit(fewest)
        known = columns.known[:, day] & fit.is_known[:, None]
        left = _without_neighbours(_left(columns, fit, day), known, fit.phase)
        good = known.sum(axis=1) >= known_share * columns.hours[:, day, None]
        kept = np.where(known, left, 0.0)
        day_mean = kept.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        drop[:, day] = np.where(known, left, np.nan)
        mean[day], scatter[day] = np.where(good, [day_mean, fit.scatter], np.nan)
        slope[day], explained[day] = np.where(good, [fit.slope, fit.explained], np.nan)
        usual = np.abs(day_mean) <= TRIMMED_DAYS * fit.scatter
        # Before a customer has shown enough of himself every one of his days is learnt from.
        off = known & ~((np.abs(left) <= TRIMMED * fit.noise[:, None]) & usual[:, None])
        learner.learn(day, off, np.where(good & usual, day_mean, np.nan))
    return [
        Drops(
            chosen=chosen,
            drop=np.moveaxis(drop[group, ..., : len(chosen)], -1, 0),
            mean=mean[:, group, : len(chosen)].T,
            scatter=scatter[:, group, : len(chosen)].T,
            slope=slope[:, group, : len(chosen)].T,
            explained=explained[:, group, : len(chosen)].T,
        )
        for group, chosen in enumerate(columns.chosen)
    ]


def _begin(learner: Learner, columns: DropColumns, days: int) -> None:
    """Learn the first days, then again without their hours that stand out."""
    off = np.zeros((days, *columns.known[:, 0].shape), np.bool_)
    means = np.zeros((days, *columns.u.shape[::3]))
    for _ in range(ROUNDS):
        _learn_again(learner, off, means)
        fit, before = learner.fit(days), off
        left = np.stack([_left(columns, fit, day) for day in range(days)])
        known = columns.known[:, :days].swapaxes(0, 1)
        off = known & (np.abs(left) > TRIMMED * fit.noise[:, None])
        taken = known & ~off
        means = np.where(taken, left, 0.0).sum(axis=2) / np.maximum(taken.sum(axis=2), 1)
        if (off == before).all():
            break
    _learn_again(learner, off, means)


def _learn_again(learner: Learner, off: Bools, means: Floats) -> None:
    learner.forget()
    for day, (off_then, mean) in enumerate(zip(off, means, strict=True)):
        learner.learn(day, off_then, mean)


def _left(columns: DropColumns, fit: Fit, day: int) -> Floats:
    """Return how far the voltages of a day are below what is explained: shape (groups, hours, channels)."""
    constant, supply, phase, load = (factor[:, None] for factor in fit.factors)
    left = load * columns.load[:, day]
    left += phase * columns.phase[:, day, :, None]
    left += supply * columns.supply[:, day, :, None]
    left += constant
    left -= columns.u[:, day]
    return left


def _without_neighbours(left: Floats, known: Bools, weights: Floats) -> Floats:
    """Take away what draws all channels down alike: the median of the drop that one kW would make.

    Those that hardly feel the phase's load say nothing of it: of enough channels the half that feels it most
    is asked.
    """
    own = np.maximum(weights, 0.0)
    count = (own > 0).sum(axis=1)
    size = own.shape[1]
    place = np.where(count >= 2 * FEWEST, size - count + count // 2, 0)
    least = np.take_along_axis(np.sort(own, axis=1), np.minimum(place, size - 1)[:, None], axis=1)
    asked = known & ((own > 0) & (own >= least))[:, None]
    per_kw = np.where(asked, left / np.where(own > 0, own, 1.0)[:, None], np.inf).astype(np.float32)
    per_kw.sort(axis=-1)
    told = asked.sum(axis=-1)
    middle = np.take_along_axis(per_kw, (np.maximum(told - 1, 0) // 2)[..., None], axis=-1)
    hidden = np.where((told > 0)[..., None] & (count >= FEWEST)[:, None, None], middle, 0.0)
    rest: Floats = left - own[:, None] * hidden
    return rest
