"""Stretches of slots: where something goes on, and how they are written into evidence."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.model import Json
from pipeline.timegrid import from_numpy


def stretches(mask: NDArray[np.bool_], at_least: int = 1) -> NDArray[np.intp]:
    """Return the half-open index ranges in which ``mask`` holds for at least so many slots: shape (n, 2)."""
    padded = np.zeros(len(mask) + 2, dtype=np.int8)
    padded[1:-1] = mask
    edges = np.flatnonzero(np.diff(padded)).reshape(-1, 2)
    return edges[edges[:, 1] - edges[:, 0] >= at_least]


def in_stretches(mask: NDArray[np.bool_], at_least: int) -> NDArray[np.bool_]:
    """Return ``mask`` without its stretches that are shorter than ``at_least`` slots."""
    kept = np.zeros(len(mask), dtype=np.bool_)
    for first, end in stretches(mask, at_least):
        kept[first:end] = True
    return kept


def slot_end(starts_at: Times, slot: int, minutes: int) -> datetime:
    """Return the end of a slot."""
    return from_numpy(starts_at[slot]) + timedelta(minutes=minutes)


def iso(instant: datetime | np.datetime64) -> str:
    """Return an instant as text for evidence: ISO 8601, UTC."""
    return (instant if isinstance(instant, datetime) else from_numpy(instant)).isoformat()


def number(value: float, digits: int = 3) -> float | None:
    """Return a number for evidence; None where it is missing."""
    return round(float(value), digits) if np.isfinite(value) else None


def curve(
    starts_at: Times, values: NDArray[np.floating], chosen: NDArray[np.intp], most: int, peak: int = 1
) -> list[Json]:
    """Return ``[time, value]`` points of the chosen slots, at most ``most``.

    Of several slots joined into one point the highest is shown (``peak`` 1) or the lowest (-1). Missing
    values are kept as None, so that a page draws the gap.
    """
    each = max(-(-len(chosen) // most), 1)
    firsts = range(0, len(chosen), each)
    if each > 1:
        ranked = np.where(np.isfinite(values), peak * values, -np.inf)
        parts = (chosen[first : first + each] for first in firsts)
        chosen = np.array([part[ranked[part].argmax()] for part in parts], dtype=np.intp)
    times = np.datetime_as_string(starts_at[chosen].astype("datetime64[s]")).tolist()
    return [
        [f"{at}+00:00", value if np.isfinite(value) else None]
        for at, value in zip(times, values[chosen].astype(np.float64).round(3).tolist(), strict=True)
    ]
