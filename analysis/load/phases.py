"""Unbalance of the load of three phases (三相负荷不平衡度): highest less lowest power, over the highest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from analysis.load.levels import UnbalanceLevels
from pipeline.block import Times
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]
PHASES = ("A", "B", "C")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseUnbalance:
    """Of the readings in which all three phase powers are known."""

    coverage: float
    mean_kw: tuple[float, float, float]
    """Of phases A, B and C."""
    of_means_percent: float | None
    """Of the mean powers: what stays whatever the hour. None where no phase draws."""
    at_maximum_percent: float | None
    """In the reading with the highest total."""
    maximum_at: datetime
    highest_phase: str
    above_limit_share: float
    """Share of these readings whose own unbalance is above the limit."""
    limit_percent: float


def phase_unbalance(kw: Floats, at: Times, levels: UnbalanceLevels) -> PhaseUnbalance | None:
    """Return the unbalance of phase powers, shape (3, slots); None without a whole reading."""
    there = np.isfinite(kw).all(axis=0)
    if not there.any():
        return None
    known, times = kw[:, there], at[there]
    peak = int(known.sum(axis=0).argmax())
    mean = known.mean(axis=1)
    each = _percent(known)
    of_means, at_maximum = (float(_percent(column.reshape(3, 1))[0]) for column in (mean, known[:, peak]))
    return PhaseUnbalance(
        coverage=float(there.mean()),
        mean_kw=(float(mean[0]), float(mean[1]), float(mean[2])),
        of_means_percent=of_means if np.isfinite(of_means) else None,
        at_maximum_percent=at_maximum if np.isfinite(at_maximum) else None,
        maximum_at=from_numpy(times[peak]),
        highest_phase=PHASES[int(mean.argmax())],
        above_limit_share=float((each > levels.limit_percent).mean()),
        limit_percent=levels.limit_percent,
    )


def _percent(kw: Floats) -> Floats:
    """Return the unbalance of each column; NaN where no phase draws."""
    highest, lowest = kw.max(axis=0), kw.min(axis=0)
    nothing = np.full(highest.shape, np.nan)
    percent: Floats = np.divide(100.0 * (highest - lowest), highest, out=nothing, where=highest > 0)
    return percent
