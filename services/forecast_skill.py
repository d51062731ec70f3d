"""How good a meter's stored forecasts (预测准确度) were: beside what came, and beside the week before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.timegrid import to_numpy
from storage.forecasts import StoredForecast

Floats = NDArray[np.float64]
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
LEAST_SLOTS = 96
"""Of fewer slots nothing is said: a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Of each forecast's first day, over the slots of which it, what came and the week before are known."""

    days: int
    """Forecasts that were looked at."""
    slots: int
    error_percent: float
    """Mean absolute error of P50, of the mean energy."""
    week_error_percent: float
    """That of saying what was a week before."""
    skill: float
    """1 less the ratio of both: 0 is no better, below 0 worse."""
    inside_share: float
    """Share of what came that lay between P10 and P90; 0.8 is what they promise."""


def forecast_skill(
    forecasts: Sequence[StoredForecast], starts_at: Times, kwh: Floats, now: datetime
) -> Skill | None:
    """Return how good forecasts of one model were; None where too little is known.

    Args:
        forecasts: Those of one meter and model.
        starts_at: Slot starts of what came, UTC, rising.
        kwh: Its measured energy, NaN where missing.
        now: Only slots that are over are looked at.
    """
    came: list[Floats] = []
    said: list[Floats] = []
    before: list[Floats] = []
    for one in forecasts:
        step = np.timedelta64(one.minutes * 60_000_000, "us")
        slots = min(len(one.p50), int(DAY / timedelta(minutes=one.minutes)))
        begins = to_numpy(one.starts_at) + step * np.arange(slots)
        begins = begins[begins + step <= to_numpy(now)]
        quantiles = np.array([one.p10[: len(begins)], one.p50[: len(begins)], one.p90[: len(begins)]])
        came.append(_at(begins, starts_at, kwh))
        before.append(_at(begins - np.timedelta64(WEEK), starts_at, kwh))
        said.append(quantiles.reshape(3, -1))
    if not came:
        return None
    actual, week, (low, middle, high) = (
        np.concatenate(came),
        np.concatenate(before),
        np.concatenate(said, axis=1),
    )
    known = np.isfinite(actual) & np.isfinite(week) & np.isfinite(low + middle + high)
    mean = float(np.abs(actual[known]).mean()) if known.any() else 0.0
    if int(known.sum()) < LEAST_SLOTS or mean <= 0:
        return None
    error = float(np.abs(actual - middle)[known].mean())
    week_error = float(np.abs(actual - week)[known].mean())
    return Skill(
        days=len(forecasts),
        slots=int(known.sum()),
        error_percent=100.0 * error / mean,
        week_error_percent=100.0 * week_error / mean,
        skill=1.0 - error / week_error if week_error > 0 else 0.0,
        inside_share=float(((actual >= low) & (actual <= high))[known].mean()),
    )


def _at(wanted: Times, starts_at: Times, kwh: Floats) -> Floats:
    """Return the energies of slots; NaN where there is none."""
    found = np.full(len(wanted), np.nan)
    if not len(starts_at):
        return found
    place = np.minimum(np.searchsorted(starts_at, wanted), len(starts_at) - 1)
    same = starts_at[place] == wanted
    found[same] = kwh[place[same]]
    return found
