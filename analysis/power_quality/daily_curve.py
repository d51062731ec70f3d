"""A month's voltage by local days, and the stretches outside its band: what a chart and a dispute need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from analysis.limits import VoltageBand
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.voltage import is_over, is_under
from pipeline.block import Times
from pipeline.model import Json
from pipeline.timegrid import from_numpy, local_day, local_days, to_numpy

MOST_STRETCHES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One phase's readings, and for how many minutes each stands."""

    volts: Columns
    minutes: Columns


def daily_curve(month: PointMonth, band: VoltageBand, standing: Standing) -> list[Json]:
    """Return each local day's lowest, mean and highest voltage and its rate: ``[day, V, V, V, %]``.

    A reading counts on the day on which it was taken; a day without any is left out.
    """
    known = np.isfinite(standing.volts) & (standing.minutes > 0)
    volts, minutes = standing.volts[known], standing.minutes[known]
    days, edges = _days(month.starts_at, month.ends_at, month.point.zone)
    day_of = np.searchsorted(edges, month.taken_at[known], side="right") - 1
    inside = np.where(is_over(volts, band) | is_under(volts, band), 0.0, minutes)
    present, first = np.unique(day_of, return_index=True)
    if not len(present):
        return []
    total = np.add.reduceat(minutes, first)
    figures = np.stack(
        [
            np.minimum.reduceat(volts, first),
            np.add.reduceat(volts * minutes, first) / total,
            np.maximum.reduceat(volts, first),
            100.0 * np.add.reduceat(inside, first) / total,
        ]
    )
    return [
        [days[day].isoformat(), *(round(value, 3) for value in row)]
        for day, row in zip(present.tolist(), figures.T.tolist(), strict=True)
    ]


def outside_stretches(month: PointMonth, band: VoltageBand, standing: Standing) -> list[Json]:
    """Return the longest stretches outside the band, in order: ``[start, over or under, minutes, V]``.

    A stretch goes on while readings follow one another on the same side.
    """
    over = is_over(standing.volts, band) & (standing.minutes > 0)
    side = over.astype(np.int8) - (is_under(standing.volts, band) & (standing.minutes > 0)).astype(np.int8)
    edges = np.flatnonzero(np.diff(side, prepend=0, append=0))
    begins = edges[:-1][side[edges[:-1]] != 0] if len(edges) else edges
    if not len(begins):
        return []
    # Between two beginnings only what is outside has minutes, and only that reaches the extreme.
    minutes = np.add.reduceat(np.where(side != 0, standing.minutes, 0.0), begins)
    excess = np.where(
        side != 0, np.maximum(standing.volts - band.high_v, band.low_v - standing.volts), -np.inf
    )
    extreme = np.maximum.reduceat(excess, begins)
    longest = np.sort(np.argsort(-minutes, kind="stable")[:MOST_STRETCHES])
    found: list[Json] = []
    for place in longest.tolist():
        begin, is_high = int(begins[place]), bool(side[begins[place]] > 0)
        volts = band.high_v + extreme[place] if is_high else band.low_v - extreme[place]
        found.append(
            [
                from_numpy(month.taken_at[begin]).isoformat(),
                "over" if is_high else "under",
                round(float(minutes[place]), 3),
                round(float(volts), 3),
            ]
        )
    return found


@lru_cache(maxsize=16)  # the phases and the points of one month have the same days
def _days(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> tuple[Sequence[date], Times]:
    """Return the local days of a stretch, and the instants at which they begin."""
    days = list(local_days(starts_at, ends_at, zone))
    return days, np.array([to_numpy(local_day(day, zone)[0]) for day in days])
