"""Whose load explains an area's loss (线损归因): members chosen one by one in a non-negative regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Floats = NDArray[np.float64]
RIDGE = 1e-3
"""Of the rows' number: keeps signs of one member that say the same from being told apart by noise."""
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What each member takes of a loss; of shape (members, signs)."""

    kwh: Floats
    chosen: Sequence[int]
    """The members that were needed, the one who explains most first."""
    explained: float
    """Share of the loss's squares that the regression explains."""
    loss_kwh: float

    @property
    def share(self) -> Floats:
        """Return each member's share of the loss."""
        total: Floats = self.kwh.sum(axis=1) / max(self.loss_kwh, _NOTHING)
        return total


def loss_shares(loss: Floats, signs: Floats, most: int) -> Shares:
    """Return what few members explain of a loss.

    There are far more members than thieves, and their loads are alike: a regression on all of them at once
    gives everybody a little. So the member who explains most is taken first, then who explains most of the
    rest, as long as that is more than chance; what everybody reports and a constant are in it from the
    start.

    Args:
        loss: Loss beyond the technical one, kWh a slot; NaN where unknown.
        signs: Shape (signs, members, slots), kWh a slot, each a pattern that a loss of that member would
            follow: what he reports (a constant share is missing), what he reports less than before, what his
            voltage tells. Missing values are 0.
        most: At most so many members are chosen.
    """
    known = np.isfinite(loss)
    target, columns = loss[known], signs[..., known]
    kinds, members, _ = signs.shape
    # A loss that never changes, or follows the load of all, points at nobody.
    everybody = np.vstack([columns[:1].sum(axis=1), np.ones(len(target))])
    chosen: list[int] = []
    factors, rest = _fitted(target, everybody)
    for _ in range(min(most, members)):
        tried = {
            member: _fitted(target, np.vstack([everybody, *(columns[:, n] for n in (*chosen, member))]))
            for member in range(members)
            if member not in chosen
        }
        best = min(tried, key=lambda member: tried[member][1])
        if not _is_more_than_chance(rest, tried[best][1], len(target), members):
            break
        chosen.append(best)
        factors, rest = tried[best]
    kwh = np.zeros((members, kinds))
    for place, member in enumerate(chosen):
        own = factors[(first := len(everybody) + place * kinds) : first + kinds]
        kwh[member] = own * columns[:, member].sum(axis=1)
    square = float((target**2).sum())
    return Shares(
        kwh=kwh,
        chosen=chosen,
        explained=1.0 - rest / square if square > 0 else 0.0,
        loss_kwh=float(target.sum()),
    )


def alone(loss: Floats, signs: Floats) -> tuple[Floats, Floats]:
    """Return what each member explains of a loss if he is the only one: kWh, and how much surer it makes us.

    Arguments as of :func:`loss_shares`. The second is the gain in -ln likelihood a slot that the member
    brings over what everybody reports and a constant: half of ln(squares left before / after).
    """
    known = np.isfinite(loss)
    target, columns = loss[known], signs[..., known]
    everybody = np.vstack([columns[:1].sum(axis=1), np.ones(len(target))])
    _, rest = _fitted(target, everybody)
    kwh, gain = np.zeros((2, columns.shape[1]))
    for member in range(columns.shape[1]):
        own = columns[:, member]
        factors, left = _fitted(target, np.vstack([everybody, own]))
        kwh[member] = float(factors[len(everybody) :] @ own.sum(axis=1))
        gain[member] = 0.5 * np.log(max(rest, _NOTHING) / max(left, _NOTHING))
    return kwh, np.maximum(gain, 0.0)


def _is_more_than_chance(before: float, after: float, slots: int, members: int) -> bool:
    """Tell whether the best of so many members explains more than the best would by chance.

    The extended Bayesian information criterion: n ln(rest before / after) against ln n for one more thief,
    and 2 ln m for the choice among m.
    """
    if not slots:
        return False
    gain = slots * np.log(max(before, _NOTHING) / max(after, _NOTHING))
    return bool(gain > np.log(slots) + 2.0 * np.log(members))


def _fitted(target: Floats, columns: Floats) -> tuple[Floats, float]:
    """Return non-negative factors of columns, shape (columns, slots), and the squares that they leave."""
    factors = np.zeros(len(columns))
    size = np.sqrt((columns**2).sum(axis=1) / max(len(target), 1))
    usable = size > _NOTHING
    if usable.any() and len(target):
        scaled = (columns[usable] / size[usable, None]).T
        ridge = np.sqrt(RIDGE * len(target)) * np.eye(int(usable.sum()))
        found = nnls(np.vstack([scaled, ridge]), np.append(target, np.zeros(len(ridge))))[0]
        factors[usable] = found / size[usable]
    left = target - factors @ columns
    return factors, float((left**2).sum())
