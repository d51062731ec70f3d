"""Daily load statistics (日负荷统计): maximum and minimum demand, mean, energy, load factor, by local day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.timegrid import from_numpy, local_day, local_days, to_numpy

DEMAND_MINUTES = 15
"""Maximum demand is the highest mean power of a 15-minute block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyLoad:
    """One local day of many meters; each array has shape (meters,), NaN or NaT where nothing is known."""

    day: date
    energy_kwh: NDArray[np.float64]
    """Sum of the blocks that are known: see ``coverage``."""
    max_kw: NDArray[np.float64]
    max_at: Times
    """Start of the block with the highest demand; the first of equal ones."""
    min_kw: NDArray[np.float64]
    min_at: Times
    mean_kw: NDArray[np.float64]
    """Mean of the known blocks."""
    load_factor: NDArray[np.float64]
    """负荷率: mean over maximum; NaN when the maximum is not positive."""
    coverage: NDArray[np.float64]
    """Known blocks over the day's 92, 96 or 100: 0 to 1."""
    curve_kw: NDArray[np.float64]
    """Demand of each block, shape (meters, blocks): the 96-point curve (96 点曲线)."""
    curve_at: Times
    """Starts of the blocks, shape (blocks,)."""
    block_minutes: int


def daily_load(
    import_kwh: NDArray[np.float64], starts_at: Times, minutes: int, zone: ZoneInfo
) -> Sequence[DailyLoad]:
    """Return the statistics of every local day that holds a slot.

    Args:
        import_kwh: Energy of each slot on the primary side, shape (meters, slots), NaN where missing.
        starts_at: Slot starts, UTC, equal steps: shape (slots,).
        minutes: Length of a slot; shorter ones than 15 minutes are joined into blocks of 15.
        zone: The area's zone, which decides where a day begins.

    Raises:
        DataError: If 15 minutes are no multiple of shorter slots, or the slots are not aligned with the day.
    """
    if minutes < DEMAND_MINUTES and DEMAND_MINUTES % minutes:
        raise DataError(f"slots of {minutes} min do not fill blocks of {DEMAND_MINUTES} min")
    if len(starts_at) == 0:
        return []
    end = starts_at[-1] + np.timedelta64(1, "us")
    days = local_days(from_numpy(starts_at[0]), from_numpy(end), zone)
    return [_one_day(import_kwh, starts_at, minutes, day, zone) for day in days]


def _one_day(
    import_kwh: NDArray[np.float64], starts_at: Times, minutes: int, day: date, zone: ZoneInfo
) -> DailyLoad:
    first, last = (to_numpy(edge) for edge in local_day(day, zone))
    slots = round((last - first) / np.timedelta64(minutes * 60_000_000, "us"))
    energy = np.full((len(import_kwh), slots), np.nan)
    inside = (starts_at >= first) & (starts_at < last)
    place, rest = np.divmod(
        (starts_at[inside] - first).astype("timedelta64[us]").astype(np.int64), minutes * 60_000_000
    )
    if rest.any():
        raise DataError(f"slots of {minutes} min are not aligned with the local day {day} ({zone.key})")
    energy[:, place] = import_kwh[:, inside]
    joined = max(1, DEMAND_MINUTES // minutes)
    block_minutes = joined * minutes
    # A block with a missing part is missing: a sum over NaN is NaN.
    blocks = energy.reshape(len(energy), -1, joined).sum(axis=2)
    at = first + np.timedelta64(block_minutes * 60_000_000, "us") * np.arange(blocks.shape[1])
    return _statistics(day, blocks * 60.0 / block_minutes, at, block_minutes)


def _statistics(day: date, demand_kw: NDArray[np.float64], at: Times, block_minutes: int) -> DailyLoad:
    known = np.isfinite(demand_kw)
    count = known.sum(axis=1)
    nothing = count == 0
    total = np.where(known, demand_kw, 0.0).sum(axis=1)
    highest = np.where(known, demand_kw, -np.inf).argmax(axis=1)
    lowest = np.where(known, demand_kw, np.inf).argmin(axis=1)
    rows = np.arange(len(demand_kw))
    never = np.datetime64("NaT", "us")
    mean = np.where(nothing, np.nan, total / np.maximum(count, 1))
    max_kw = np.where(nothing, np.nan, demand_kw[rows, highest])
    positive = np.where(max_kw > 0, max_kw, np.nan)
    return DailyLoad(
        day=day,
        energy_kwh=np.where(nothing, np.nan, total * block_minutes / 60.0),
        max_kw=max_kw,
        max_at=np.where(nothing, never, at[highest]),
        min_kw=np.where(nothing, np.nan, demand_kw[rows, lowest]),
        min_at=np.where(nothing, never, at[lowest]),
        mean_kw=mean,
        load_factor=mean / positive,
        coverage=count / demand_kw.shape[1],
        curve_kw=demand_kw,
        curve_at=at,
        block_minutes=block_minutes,
    )
