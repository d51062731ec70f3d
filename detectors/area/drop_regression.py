"""The regression of voltages on supply and loads, learnt day by day from sums of products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.area.drop_columns import DropColumns

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
FACTORS = 4
"""Constant, the supply's voltage, the reported load of the phase, the own load."""
ALIKE_MINUTES = 180
"""Deviations of so long count as one: the network remembers about three hours."""
_RIDGE = 1e-8
_PAIRS = [(a, b) for a in range(FACTORS) for b in range(a, FACTORS)]
_XX = {pair: place for place, pair in enumerate(_PAIRS)}
_XU = [len(_PAIRS) + factor for factor in range(FACTORS)]
_UU = len(_PAIRS) + FACTORS
SUMS = _UU + 1
"""Products of two factors, of a factor and the voltage, and the voltage's square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A regression of every channel; arrays of shape (groups, channels)."""

    factors: Sequence[Floats]
    noise: Floats
    """Standard deviation of an hour."""
    scatter: Floats
    explained: Floats
    is_known: Bools

    @property
    def phase(self) -> Floats:
        """Return what a kW on the phase takes off, % of nominal."""
        return self.factors[2]

    @property
    def slope(self) -> Floats:
        """Return what an own kW takes off, % of nominal."""
        return self.factors[3]


class Learner:
    """Sums of products of the last days, from which their regression is had without their hours."""

    def __init__(self, columns: DropColumns, most: int) -> None:
        """Know nothing yet; at most so many days are learnt from."""
        self._columns = columns
        self._most = most
        self._alike = max(ALIKE_MINUTES / columns.minutes, 1.0)
        self._whole = _whole_days(columns)
        self.forget()

    def forget(self) -> None:
        """Know nothing again."""
        groups, _, _, channels = self._columns.u.shape
        self._days: list[tuple[Floats, Floats]] = []
        self._sums = np.zeros((SUMS, groups, channels))
        self._of_days = np.zeros((3, groups, channels))
        """Days learnt from, days with a mean, squares of the means."""

    def learn(self, day: int, off: Bools, means: Floats) -> None:
        """Take the known hours of the next day but those that are off, and the mean of what they leave."""
        sums = self._whole[day]
        if off.any():
            sums = sums - _of_cells(self._columns, day, off)
        known = np.isfinite(means)
        of_day = np.stack([sums[0] > 0, known, np.where(known, means, 0.0) ** 2])
        self._days.append((sums, of_day))
        self._sums += sums
        self._of_days += of_day
        if len(self._days) > self._most:
            oldest = self._days[len(self._days) - self._most - 1]
            self._sums -= oldest[0]
            self._of_days -= oldest[1]

    def fit(self, fewest: int) -> Fit:
        """Return the regression of the days that were learnt, and of whom it knows so many days."""
        sums = self._sums
        days, with_mean, squares = self._of_days
        count = np.maximum(sums[0], 1.0)
        factors = _solved(sums, _RIDGE * count)
        explained_squares = sum(factors[n] * sums[_XU[n]] for n in range(FACTORS))
        square = np.maximum(sums[_UU] - explained_squares, 0.0)
        noise = np.sqrt(square / count)
        spread = np.maximum(sums[_UU] - sums[_XU[0]] ** 2 / count, _RIDGE)
        deviation = np.sqrt(np.maximum(squares, 0.0) / (np.maximum(with_mean, 2) - 1))
        alike = noise / np.sqrt(np.maximum(count / np.maximum(days, 1) / self._alike, 1.0))
        return Fit(
            factors=factors,
            noise=np.maximum(noise, _RIDGE),
            scatter=np.maximum(np.maximum(deviation, alike), _RIDGE),
            explained=1.0 - square / spread,
            is_known=days >= fewest,
        )


def _whole_days(columns: DropColumns) -> Floats:
    """Return the sums of all known hours by day: shape (days, sums, groups, channels)."""
    groups, days, _, channels = columns.u.shape
    found = np.empty((days, SUMS, groups, channels))
    shared = np.stack([np.ones_like(columns.supply), columns.supply, columns.phase], axis=2)
    pairs = [pair for pair in _PAIRS if pair[1] < FACTORS - 1]
    squares = np.stack([shared[:, :, a] * shared[:, :, b] for a, b in pairs], axis=2)
    counted = squares @ columns.known.astype(np.float64)
    with_load, with_u = shared @ columns.load, shared @ columns.u
    for place, pair in enumerate(pairs):
        found[:, _XX[pair]] = counted[:, :, place].swapaxes(0, 1)
    for factor in range(FACTORS - 1):
        found[:, _XX[factor, FACTORS - 1]] = with_load[:, :, factor].swapaxes(0, 1)
        found[:, _XU[factor]] = with_u[:, :, factor].swapaxes(0, 1)
    load, u = columns.load, columns.u
    for place, first, second in (
        (_XX[FACTORS - 1, FACTORS - 1], load, load),
        (_XU[-1], load, u),
        (_UU, u, u),
    ):
        found[:, place] = np.einsum("gdhc,gdhc->dgc", first, second)
    return found


def _of_cells(columns: DropColumns, day: int, cells: Bools) -> Floats:
    """Return the sums of a few hours of a day."""
    groups, _, channels = cells.shape
    found = np.zeros((SUMS, groups * channels))
    group, hour, channel = np.nonzero(cells)
    x = [
        np.ones(len(group)),
        columns.supply[group, day, hour],
        columns.phase[group, day, hour],
        columns.load[group, day, hour, channel],
    ]
    u = columns.u[group, day, hour, channel]
    products = [*(x[a] * x[b] for a, b in _PAIRS), *(own * u for own in x), u * u]
    for row, product in zip(found, products, strict=True):
        np.add.at(row, group * channels + channel, product)
    return found.reshape(SUMS, groups, channels)


def _solved(sums: Floats, ridge: Floats) -> list[Floats]:
    """Return the factors of all channels at once: elimination without a search for pivots.

    The matrix of products is positive with the ridge.
    """
    left = {pair: sums[place] + ridge if pair[0] == pair[1] else sums[place] for pair, place in _XX.items()}
    right = [sums[place] for place in _XU]
    for n in range(FACTORS):
        for row in range(n + 1, FACTORS):
            share = left[n, row] / left[n, n]
            for column in range(row, FACTORS):
                left[row, column] = left[row, column] - share * left[n, column]
            right[row] = right[row] - share * right[n]
    for n in reversed(range(FACTORS)):
        for column in range(n + 1, FACTORS):
            right[n] = right[n] - left[n, column] * right[column]
        right[n] = right[n] / left[n, n]
    return right
