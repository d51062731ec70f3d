"""Statistics of a load curve (负荷曲线) over any span: the 96 points, extremes with times, ratios, hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.load.blocks import Blocks, Peak
from pipeline.errors import DataError
from pipeline.timegrid import MINUTES_PER_DAY, from_numpy, local_clock, local_day, to_numpy

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCurve:
    """The curve of one local day: 96 points, or 92 or 100 where the clocks change."""

    day: date
    starts_at: datetime
    kw: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveStatistics:
    """What a curve comes to; every figure rests on the known blocks alone, see ``coverage``.

    Power that flows back is negative. A ratio to a maximum that is not positive is None.
    """

    block_minutes: int
    coverage: float
    """Known blocks over all blocks of the span, 0 to 1."""
    energy_kwh: float | None
    """Of the known blocks: what is missing is not in it."""
    maximum: Peak | None
    minimum: Peak | None
    mean_kw: float | None
    load_factor: float | None
    """负荷率: mean over maximum."""
    minimum_ratio: float | None
    """最小负荷率: minimum over maximum."""
    peak_valley_kw: float | None
    """峰谷差."""
    peak_valley_rate: float | None
    """峰谷差率: over the maximum."""
    utilisation_hours: float | None
    """最大负荷利用小时: energy over maximum."""
    mean_curve_kw: Sequence[float | None]
    """Mean of each block of the day by the wall clock, over all days of the span."""
    mean_curve_blocks: Sequence[int]
    """How many blocks each of these means rests on."""
    peak_day: DayCurve | None
    """The day that holds the maximum."""


def curve_statistics(blocks: Blocks, zone: ZoneInfo) -> CurveStatistics:
    """Return the statistics of a curve whose days are those of ``zone``.

    Raises:
        DataError: If a local day is no whole number of blocks, or blocks begin beside its start.
    """
    known = np.isfinite(blocks.kw)
    count = int(known.sum())
    total = float(blocks.kw[known].sum())
    hours = blocks.minutes / 60.0
    highest, lowest = blocks.highest, blocks.lowest
    mean = total / count if count else None
    positive = highest.kw if highest is not None and highest.kw > 0 else None
    mean_curve, behind = _by_the_clock(blocks, zone)
    return CurveStatistics(
        block_minutes=blocks.minutes,
        coverage=blocks.coverage,
        energy_kwh=total * hours if count else None,
        maximum=highest,
        minimum=lowest,
        mean_kw=mean,
        load_factor=_over(mean, positive),
        minimum_ratio=_over(None if lowest is None else lowest.kw, positive),
        peak_valley_kw=None if highest is None or lowest is None else highest.kw - lowest.kw,
        peak_valley_rate=None
        if highest is None or lowest is None
        else _over(highest.kw - lowest.kw, positive),
        utilisation_hours=_over(total * hours if count else None, positive),
        mean_curve_kw=mean_curve,
        mean_curve_blocks=behind,
        peak_day=None if highest is None else day_curve(blocks, highest.at.astimezone(zone).date(), zone),
    )


def day_curve(blocks: Blocks, day: date, zone: ZoneInfo) -> DayCurve:
    """Return the blocks that begin on a local day."""
    starts_at, ends_at = local_day(day, zone)
    inside = (blocks.starts_at >= to_numpy(starts_at)) & (blocks.starts_at < to_numpy(ends_at))
    first = from_numpy(blocks.starts_at[inside][0])
    return DayCurve(day=day, starts_at=first, kw=[known(kw) for kw in blocks.kw[inside].tolist()])


def known(value: float) -> float | None:
    """Return a number, or None for what numpy has as NaN."""
    return value if np.isfinite(value) else None


def _over(value: float | None, maximum: float | None) -> float | None:
    return None if value is None or maximum is None else value / maximum


def _by_the_clock(blocks: Blocks, zone: ZoneInfo) -> tuple[list[float | None], list[int]]:
    """Return the mean of the blocks at each time of day, and how many there are.

    The hour that the day of 25 hours has twice counts twice, that which the day of 23 hours lacks not at all.
    """
    if MINUTES_PER_DAY % blocks.minutes:
        raise DataError(f"a local day is no whole number of blocks of {blocks.minutes} min")
    points = MINUTES_PER_DAY // blocks.minutes
    _, minute = local_clock(blocks.starts_at, zone)
    if (minute % blocks.minutes).any():
        raise DataError(f"blocks of {blocks.minutes} min are not aligned with the local day ({zone.key})")
    there = np.isfinite(blocks.kw)
    place = (minute // blocks.minutes)[there]
    count = np.bincount(place, minlength=points)
    total = np.bincount(place, weights=blocks.kw[there], minlength=points)
    mean = np.divide(total, count, out=np.full(points, np.nan), where=count > 0)
    return [known(kw) for kw in mean.tolist()], count.tolist()
