"""Days of a curve that are those of another day, to the last digit of the register."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detectors.usage.day_curves import by_days, first_slots
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.timegrid import MINUTES_PER_DAY

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
FINENESS = 1000.0
"""Values are the same if they are to this part of a register step: only what rounding leaves."""
SAME = 1.0 + 0.5 / FINENESS
"""Steps that the same energy may differ by: the register had begun at another fraction of a step."""
PARTS = 4
"""Days are compared by the energy of their parts first: they differ by a step at most, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """When a day is so much its own that another one like it is no chance; it is known in full, too."""

    changes: float
    """So many slots differ clearly from the one before."""
    clear_steps: float
    """A clear difference, in register steps."""
    days_back: int
    """How far back copies are looked for."""

    def of(self, curves: Floats) -> Bools:
        """Tell it of days, shape (days, slots)."""
        clear = (np.abs(np.diff(curves, axis=1)) >= self.clear_steps).sum(axis=1)
        known: Bools = (clear >= self.changes) & np.isfinite(curves).all(axis=1)
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A stretch of slots of a meter that repeats an earlier one."""

    row: int
    first: int
    end: int
    lag: int
    """How many slots before the same was metered."""
    days: int
    """Whole local days in it."""
    exact: float
    """Share of its slots that are the same without a step's difference."""


def in_steps(window: MeterMatrix) -> Floats:
    """Return actual energies in register steps, without what rounding left; NaN where none is known."""
    steps = window.actual_kwh()
    steps *= FINENESS / window.step_kwh[:, None]
    whole: Floats = np.rint(steps, out=steps)
    whole /= FINENESS
    return whole


def copies(window: MeterMatrix, daily: DailyRows, steps: Floats, telling: Telling) -> Iterator[Copy]:
    """Yield where whole local days repeat an earlier day of the same meter.

    ``steps`` are those of :func:`in_steps`. Days of 23 and 25 hours are not compared.
    """
    size = MINUTES_PER_DAY // window.minutes
    for zone in dict.fromkeys(daily.zones):
        rows = np.flatnonzero([own == zone for own in daily.zones])
        firsts = first_slots(window, daily, int(rows[0]))
        firsts = firsts[firsts >= 0]
        if not len(firsts):
            continue
        curves = by_days(steps if len(rows) == len(steps) else steps[rows], firsts, size)
        for place in np.flatnonzero(_may_have_copies(curves, telling.days_back)).tolist():
            row = int(rows[place])
            lags = _lags(curves[place], telling)
            yield from _runs(row, steps[row], firsts, size, lags)


def _may_have_copies(curves: Floats, days_back: int) -> Bools:
    """Tell of each meter whether the parts of two of its days have the same energy, and any."""
    parts = curves.reshape(*curves.shape[:2], PARTS, -1).sum(axis=3)
    found = np.zeros(len(curves), dtype=np.bool_)
    for lag in range(1, min(days_back, curves.shape[1] - 1) + 1):
        near = np.abs(parts[:, lag:] - parts[:, :-lag]) <= SAME
        found |= (near.all(axis=2) & (parts[:, lag:, 0] > 0)).any(axis=1)
    return found


def _lags(curves: Floats, telling: Telling) -> NDArray[np.intp]:
    """Return for each day of one meter how many days before the same day was, the nearest; else 0."""
    lags = np.zeros(len(curves), dtype=np.intp)
    tells = telling.of(curves)
    for lag in range(min(telling.days_back, len(curves) - 1), 0, -1):
        same = (np.abs(curves[lag:] - curves[:-lag]) <= SAME).all(axis=1)
        lags[lag:][same & tells[lag:]] = lag
    return lags


def _runs(
    row: int, steps: Floats, firsts: NDArray[np.intp], size: int, lags: NDArray[np.intp]
) -> Iterator[Copy]:
    """Yield the runs of days with one lag, with what is the same before and after them."""
    done = 0
    edges = np.flatnonzero(np.diff(lags, prepend=0, append=0)).tolist()
    for first_day, end_day in pairwise(edges):
        back = int(lags[first_day])
        first, end = max(int(firsts[first_day]), done), int(firsts[end_day - 1]) + size
        if not back or end <= first:
            continue
        lag = int(firsts[first_day] - firsts[first_day - back])
        apart = np.full(len(steps), np.nan)
        apart[lag:] = np.abs(steps[lag:] - steps[:-lag])
        while first > max(done, lag) and apart[first - 1] <= SAME:
            first -= 1
        while end < len(steps) and apart[end] <= SAME:
            end += 1
        yield Copy(
            row=row,
            first=first,
            end=end,
            lag=lag,
            days=end_day - first_day,
            exact=float((apart[first:end] < 0.5).mean()),  # noqa: PLR2004 - half a step
        )
        done = end
