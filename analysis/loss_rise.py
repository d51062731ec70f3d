"""Since when an area loses more than its load explains (线损突增): the day on which its loss rose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.area_curves import AreaCurves
from analysis.usual_loss import NORMAL_MAD

Floats = NDArray[np.float64]
CLIP = 4.0
"""A single day proves no more than so many standard deviations of the days before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseNumbers:
    """The numbers of the rule."""

    least_t: float = 6.0
    """Standard errors by which the days since are above those before."""
    least_points: float = 0.15
    """Percentage points of the energy in by which they are at least."""
    days_before: int = 10
    """Known days before, from which the usual loss is told."""
    days_since: int = 3
    """Known days since; a shorter rise waits."""
    least_spread_points: float = 0.05
    """A steadier area is judged as if its days were so far apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A loss that goes on higher than before."""

    first: int
    """The first day that is higher, as a place in the days that were given."""
    kwh_a_day: float
    """Above what load and the days before explain, mean of the days since."""
    points: float
    """The same in percentage points of the energy in."""
    t: float
    """How sure: standard errors."""


def loss_rise(
    loss_kwh: Floats, injected_kwh: Floats, slots: AreaCurves, numbers: RiseNumbers | None = None
) -> Rise | None:
    """Return since when the last days of an area lose more than the days before them; None if they do not.

    Every day is tried as the first one: the slots of the days before give a curve (a fixed part and one with
    the square of the load), and the mean that the days since lie above it is held against the spread (MAD) of
    the days before. The surest day wins.

    Args:
        loss_kwh: Loss of each day, NaN where it is not known; shape (days,).
        injected_kwh: Energy in of each day.
        slots: Supply and loss of the same days, slot by slot.
        numbers: Other numbers of the rule.
    """
    rule = numbers or RiseNumbers()
    curves = _Curves(slots)
    known = np.flatnonzero(np.isfinite(loss_kwh + curves.square) & (injected_kwh > 0))
    best: Rise | None = None
    for split in range(rule.days_before, len(known) - rule.days_since + 1):
        before, since = known[:split], known[split:]
        beyond = loss_kwh[known] - curves.learnt(before, known)
        usual = float(np.median(beyond[:split]))
        scale = float(np.mean(injected_kwh[since])) / 100.0
        spread = NORMAL_MAD * float(np.median(np.abs(beyond[:split] - usual)))
        spread = max(spread, rule.least_spread_points * scale)
        above = np.clip(beyond - usual, -CLIP * spread, CLIP * spread)
        sure = float(above[split:].mean() - above[:split].mean())
        t = sure / (spread * np.sqrt(1.0 / split + 1.0 / len(since)))
        shift = float(beyond[split:].mean() - beyond[:split].mean())
        is_surer = best is None or t > best.t
        if t >= rule.least_t and shift >= rule.least_points * scale and is_surer:
            best = Rise(first=int(since[0]), kwh_a_day=shift, points=shift / scale, t=float(t))
    return best


class _Curves:
    """Technical losses of days by the curve of others, by sums of days: a split costs next to nothing."""

    def __init__(self, slots: AreaCurves) -> None:
        known = np.isfinite(slots.supplied_kwh) & np.isfinite(slots.lost_kwh)
        square = np.where(known, slots.supplied_kwh, 0.0) ** 2
        loss = np.where(known, slots.lost_kwh, 0.0)
        columns = (known, square, square**2, loss, loss * square)
        self._sums = np.stack([column.sum(axis=1) for column in columns])
        self._slots = slots.slots_of_day
        self.square = slots.squares()

    def learnt(self, days: NDArray[np.intp], at: NDArray[np.intp]) -> Floats:
        """Return what some days lose by the curve of others: least squares, neither part below zero."""
        count, square, fourth, loss, product = self._sums[:, days].sum(axis=1)
        determinant = count * fourth - square**2
        fixed = (loss * fourth - product * square) / determinant if determinant > 0 else -1.0
        slope = (product * count - loss * square) / determinant if determinant > 0 else -1.0
        if fixed < 0 or slope < 0:
            fixed, slope = _one_sided(count, fourth, loss, product)
        learnt: Floats = fixed * self._slots[at] + slope * self.square[at]
        return learnt


def _one_sided(count: float, fourth: float, loss: float, product: float) -> tuple[float, float]:
    """Return the better of the fits of one part alone; each takes (its product)^2 / (its square) away."""
    fixed = max(loss, 0.0) / count if count > 0 else 0.0
    slope = max(product, 0.0) / fourth if fourth > 0 else 0.0
    return (fixed, 0.0) if fixed * loss > slope * product else (0.0, slope)
