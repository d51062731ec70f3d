"""Offsets of many clocks as columns, and the days on which one of them runs away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analysis.clock_drift import clock_drift
from detectors.hysteresis import Delays, stretches_of
from pipeline.model import MeterId
from pipeline.records import TimedValues

SUSPECT_SHARE: Final = 0.5
"""A drift moves the mean offset by at least this share of itself every day; one setting on two at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSeries:
    """Offsets by meter and time: columns of equal length."""

    meters: Sequence[MeterId]
    row: NDArray[np.intp]
    """Which meter."""
    taken_at: NDArray[np.datetime64]
    offset_s: NDArray[np.float64]
    """Meter minus server."""
    day: NDArray[np.int64]
    """Days of 24 hours since the day of the first offset of all, by UTC."""

    def of(self, row: int) -> slice:
        """Return where a meter's offsets are."""
        return slice(*np.searchsorted(self.row, [row, row + 1]).tolist())

    def drift(self, where: NDArray[np.intp]) -> float:
        """Return the drift by Theil and Sen of some of a meter's offsets, s/d; NaN where there is none."""
        found = clock_drift(self.taken_at[where], self.offset_s[where])
        return np.nan if found is None else found.s_per_day


def clock_series(told: TimedValues, meters: Sequence[MeterId]) -> ClockSeries:
    """Return the known offsets of some meters; those of others are left out."""
    row_of = {meter: row for row, meter in enumerate(meters)}
    row = np.fromiter((row_of.get(meter, -1) for meter in told.meters), np.intp, len(told.meters))
    kept = np.flatnonzero((row >= 0) & np.isfinite(told.values))
    kept = kept[np.lexsort((told.taken_at[kept], row[kept]))]
    taken_at = told.taken_at[kept].astype("datetime64[us]")
    days = taken_at.astype("datetime64[D]").astype(np.int64)
    return ClockSeries(
        meters=meters,
        row=row[kept],
        taken_at=taken_at,
        offset_s=told.values[kept],
        day=days - days.min(initial=np.iinfo(np.int64).max),
    )


def drifting_days(
    series: ClockSeries, trigger: NDArray[np.float64], days: int
) -> Iterator[tuple[int, int, int]]:
    """Yield meter, first and last day of each stretch in which a clock runs away.

    Args:
        series: The offsets.
        trigger: The drift of each meter that is too much, s/d.
        days: A drift is told from the offsets of so many days in a row.
    """
    if not len(series.row):
        return
    shape = len(series.meters), int(series.day.max()) + 1
    cell = series.row * shape[1] + series.day
    counted = np.bincount(cell, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore"):
        mean = (np.bincount(cell, series.offset_s, shape[0] * shape[1]) / counted).reshape(shape)
    apart = days - 1
    if apart < 1 or shape[1] <= apart:
        return
    moved = sliding_window_view(np.diff(mean, axis=1) / trigger[:, None], apart, axis=1)
    suspect = (moved > SUSPECT_SHARE).all(axis=2) | (moved < -SUSPECT_SHARE).all(axis=2)
    runs = np.zeros(shape, dtype=np.bool_)
    for row, first in np.argwhere(suspect).tolist():
        own = series.of(row)
        inside = (series.day[own] >= first) & (series.day[own] <= first + apart)
        drift = series.drift(np.flatnonzero(inside) + own.start)
        runs[row, first + apart] = abs(drift) > trigger[row]
    known = np.isfinite(mean)
    for stretch in stretches_of(runs, ~runs, known, Delays(gap=days)):
        yield stretch.row, max(stretch.first - apart, 0), stretch.end - 1
