"""The arithmetic of long low use: each day against the usual one, and hours that stand at nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.usage.usual_days import UsualDays, weekdays_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def day_shares(
    kwh: Floats, days: NDArray[np.datetime64], renewed: Bools, *, low_share: float, least: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Return each day's energy over the usual one of its weekday, and the usual one: shape (meters, days).

    Days below ``low_share`` are not learnt, so that a low month does not become the usual one. ``least`` are
    the known days and the kWh of a usual day that a judgement stands on; else it is NaN.
    """
    model = UsualDays(len(kwh), weeks=4)
    shares, usual = np.full(kwh.shape, np.nan), np.full(kwh.shape, np.nan)
    for day, weekday in enumerate(weekdays_of(days)):
        model.forget(renewed[:, day])
        expected = model.usual[weekday]
        ready = (model.count >= least[0]) & (expected >= least[1])
        share = np.divide(kwh[:, day], expected, out=np.full(len(kwh), np.nan), where=ready)
        shares[:, day], usual[:, day] = share, expected
        model.learn(weekday, kwh[:, day], np.isfinite(kwh[:, day]) & ~(share < low_share))
    return shares, usual


def more_zero_hours(zero_hours: Floats, usual_days: int) -> Floats:
    """Return by how many hours a day stands longer at nothing than any of the ``usual_days`` before did.

    Shape (meters, days); NaN until half of them are known. The week just before is left out: what has begun
    does not become usual within it.
    """
    more = np.full(zero_hours.shape, np.nan)
    skipped = 7
    for day in range(skipped + usual_days // 2, zero_hours.shape[1]):
        before = zero_hours[:, max(day - skipped - usual_days, 0) : day - skipped]
        known = np.isfinite(before).sum(axis=1) >= usual_days / 2
        more[known, day] = zero_hours[known, day] - np.fmax.reduce(before[known], axis=1)
    return more
