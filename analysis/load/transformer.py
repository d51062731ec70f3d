"""Loading of a transformer (变压器负载率): heavy, over, light, by the mean apparent power of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.load.blocks import Blocks
from analysis.load.levels import TransformerLevels
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]


class Loading(StrEnum):
    """What a transformer's loading comes to."""

    OVER = "over"
    """过载."""
    HEAVY = "heavy"
    """重载."""
    NORMAL = "normal"
    LIGHT = "light"
    """轻载."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerLoading:
    """Of one transformer, or of several that share a load."""

    capacity_kva: float
    """What ran at the highest loading."""
    basis: str
    """``apparent``, or ``active`` where no reactive energy is kept: then the loading is at least so high."""
    coverage: float
    highest_percent: float
    highest_at: datetime
    mean_percent: float
    loading: Loading
    over_hours: float
    heavy_hours: float
    """In stretches above the heavy level that last long enough."""
    heavy_stretches: int
    light_hours: float
    """Below the light level."""


def transformer_loading(
    active: Blocks, reactive_kvar: Floats | None, capacity_kva: Floats, levels: TransformerLevels
) -> TransformerLoading | None:
    """Return the loading of a capacity by the blocks of active power and, where kept, of reactive power.

    ``capacity_kva`` is what runs in each block. None where no block is known in which anything runs.
    """
    has_reactive = reactive_kvar is not None and np.isfinite(active.kw + reactive_kvar).any()
    kva = (
        np.abs(active.kw) if reactive_kvar is None or not has_reactive else np.hypot(active.kw, reactive_kvar)
    )
    there = np.isfinite(kva / capacity_kva)
    if not there.any():
        return None
    percent = 100.0 * kva / capacity_kva
    highest = int(np.where(there, percent, -np.inf).argmax())
    hours = active.minutes / 60.0
    heavy = _long_stretches(percent > levels.heavy_percent, round(levels.heavy_hours / hours))
    over_hours = float((percent > levels.over_percent).sum()) * hours
    loading = Loading.NORMAL
    if over_hours:
        loading = Loading.OVER
    elif heavy:
        loading = Loading.HEAVY
    elif percent[highest] < levels.light_percent:
        loading = Loading.LIGHT
    return TransformerLoading(
        capacity_kva=float(capacity_kva[highest]),
        basis="apparent" if has_reactive else "active",
        coverage=float(there.mean()),
        highest_percent=float(percent[highest]),
        highest_at=from_numpy(active.starts_at[highest]),
        mean_percent=float(percent[there].mean()),
        loading=loading,
        over_hours=over_hours,
        heavy_hours=sum(heavy) * hours,
        heavy_stretches=len(heavy),
        light_hours=float((percent < levels.light_percent).sum()) * hours,
    )


def _long_stretches(above: NDArray[np.bool_], least: int) -> list[int]:
    """Return the lengths of the runs of at least so many blocks; a missing block ends a run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return [int(length) for length in lengths if length >= max(least, 1)]
