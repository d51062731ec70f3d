"""The loss of areas day by day (日线损), and which days can be judged: enough members, nobody just moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.area_days import AreaDays
from analysis.usual_loss import Usual, usual_loss

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossNumbers:
    """The numbers of the rule; arrays are broadcast to (areas, days)."""

    completeness_percent: Floats
    """Of the members, below which a day is unknown."""
    mads: Floats
    floor_points: Floats
    settle_days: int
    """Days that are unknown after a member came or went."""
    learnt_days: tuple[int, int]
    """The fewest known days before a day that tell what is usual, and the most that are looked back at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossDays:
    """The loss of each area and day in percent of the energy in, NaN where it is not judged."""

    loss: Floats
    """With missing members on a mean day."""
    sure: Floats
    """With missing members on their greatest day: the loss is no less."""
    usual: Usual
    complete: Bools
    """Whether enough members are known."""
    settling: Bools
    """Whether a member came or went on that day or shortly before."""


def loss_days(days: AreaDays, numbers: LossNumbers) -> LossDays:
    """Return the loss of every day: (net supply - net use of the members) / energy in (线损率).

    The energy in counts every injection: what supply meters bring and what members feed in. A day needs its
    supply meters, ``completeness_percent`` of its members and some energy in.
    """
    shape = days.supplied_kwh.shape
    settling = days.changed.copy()
    for later in range(1, numbers.settle_days + 1):
        settling[:, later:] |= days.changed[:, : shape[1] - later]
    complete = days.known * 100.0 >= numbers.completeness_percent * np.maximum(days.members, 1)
    judged = complete & ~settling & (days.injected_kwh > 0)
    injected = np.where(judged, days.injected_kwh, np.nan)
    net_loss = days.supplied_kwh - days.metered_kwh
    loss = 100.0 * (net_loss - days.usual_kwh) / injected
    sure = 100.0 * (net_loss - days.most_kwh) / injected
    usual = usual_loss(
        loss,
        sure,
        days.injected_kwh,
        mads=np.broadcast_to(numbers.mads, shape),
        floor=np.broadcast_to(numbers.floor_points, shape),
        days=numbers.learnt_days,
    )
    return LossDays(loss=loss, sure=sure, usual=usual, complete=complete, settling=settling)
