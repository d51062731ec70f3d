"""Weights by which a register's energy is allocated to periods and segments: intervals, else hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.settlement.billing_month import BillingMonth, PointIntervals
from analysis.settlement.segments import Segment
from pipeline.tariff import Period
from pipeline.tariff_periods import PERIODS, period_numbers
from pipeline.timegrid import local_clock, slot_grid, to_numpy

Cell: TypeAlias = tuple[int, Period]
"""A segment's number and a period: what one price per charge holds for."""
KWH_DECIMALS = 6
"""What several meters add up to is known to so many: smaller than that is the noise of a sum."""
GRID_MINUTES = 15
"""Slots by which hours are counted where there are no intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the intervals of a stretch say of some cells."""

    kwh: Sequence[float]
    """Energy of each cell; slots that are missing count as the mean of those known in their cell, or, where
    none is, of those of the same hours on other days, or of all."""
    slots: Sequence[int]
    missing: int
    estimated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSlots:
    """The intervals of a month as far as they are known, primary side."""

    kwh: float
    largest: float
    """kWh of the largest slot, whatever its sign."""
    slots: int
    """All of the month, known or not."""
    missing: int
    below_zero: int


@dataclass(frozen=True)
class SlotMap:
    """Which cell each slot of the month lies in."""

    month: BillingMonth
    segments: Sequence[Segment]

    @cached_property
    def _starts(self) -> NDArray[np.datetime64]:
        intervals = self.month.intervals
        minutes = GRID_MINUTES if intervals is None else intervals.minutes
        return slot_grid(self.month.starts_at, self.month.ends_at, minutes)

    @cached_property
    def _segment(self) -> NDArray[np.int16]:
        found = np.full(len(self._starts), -1, dtype=np.int16)
        for segment in self.segments:
            found[self._within(segment.starts_at, segment.ends_at)] = segment.number
        return found

    @cached_property
    def _period(self) -> NDArray[np.int8]:
        found = np.zeros(len(self._starts), dtype=np.int8)
        for segment in self.segments:
            inside = self._within(segment.starts_at, segment.ends_at)
            found[inside] = period_numbers(segment.tariff, self._starts[inside], self.month.zone)
        return found

    @cached_property
    def _kwh(self) -> NDArray[np.float64]:
        """The point's intervals laid on the month's slots; NaN where one is missing."""
        intervals = self.month.intervals
        return self._nothing() if intervals is None else self._laid(intervals, intervals.import_kwh)

    def _nothing(self) -> NDArray[np.float64]:
        return np.full(len(self._starts), np.nan)

    def _laid(self, intervals: PointIntervals, values: NDArray[np.float64]) -> NDArray[np.float64]:
        found = self._nothing()
        if not len(self._starts):
            return found
        place = np.searchsorted(self._starts, intervals.starts_at)
        fits = place < len(self._starts)
        fits[fits] = self._starts[place[fits]] == intervals.starts_at[fits]
        found[place[fits]] = values[fits]
        return found

    def _within(self, starts_at: datetime, ends_at: datetime) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = (self._starts >= to_numpy(starts_at)) & (self._starts < to_numpy(ends_at))
        return inside

    def periods_of(self, segment: Segment, starts_at: datetime, ends_at: datetime) -> list[Period]:
        """Return the periods that come in a segment between two instants."""
        inside = self._within(max(starts_at, segment.starts_at), min(ends_at, segment.ends_at))
        return [PERIODS[number] for number in np.unique(self._period[inside])]

    def weights(
        self, cells: Sequence[Cell], starts_at: datetime, ends_at: datetime, intervals: PointIntervals | None
    ) -> Weights:
        """Return what intervals say of cells between two instants; without any, how many slots they have."""
        inside = self._within(starts_at, ends_at)
        laid, guessed = self._nothing(), np.zeros(len(self._starts), dtype=np.bool_)
        if intervals is not None:
            laid = self._laid(intervals, intervals.import_kwh)
            guessed = self._laid(intervals, (intervals.quality != "A").astype(np.float64)) == 1.0
        kwh, slots, missing, estimated = [], [], 0, 0
        for number, period in cells:
            here = inside & (self._segment == number) & (self._period == PERIODS.index(period))
            values = laid[here]
            known = np.isfinite(values)
            like = here if known.any() else self._like(here, inside & np.isfinite(laid))
            counted = np.maximum(laid[like & np.isfinite(laid)], 0.0)  # below zero counts nothing
            kwh.append(float(counted.mean()) * len(values) if len(counted) else 0.0)
            slots.append(len(values))
            missing += int((~known).sum())
            estimated += int(guessed[here][known].sum())
        return Weights(kwh=kwh, slots=slots, missing=missing, estimated=estimated)

    def _like(self, wanted: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return known slots of the same time of day as those wanted, of which none is; else all."""
        minute = local_clock(self._starts, self.month.zone)[1]
        same: NDArray[np.bool_] = known & np.isin(minute, minute[wanted])
        return same if same.any() else known

    def known(self) -> KnownSlots:
        """Return what the point's intervals come to where they are known."""
        known = np.isfinite(self._kwh)
        kwh = self._kwh[known]
        return KnownSlots(
            kwh=float(kwh.sum()),
            largest=float(np.abs(kwh).max(initial=0.0)),
            slots=len(known),
            missing=int((~known).sum()),
            below_zero=int((np.round(kwh, KWH_DECIMALS) < 0).sum()),  # 0.3 - 0.1 - 0.2 is -3e-17
        )

    def missing_hours(self, starts_at: datetime, ends_at: datetime) -> float:
        """Return for how long the point's intervals are missing between two instants."""
        missing = int((self._within(starts_at, ends_at) & ~np.isfinite(self._kwh)).sum())
        minutes = GRID_MINUTES if self.month.intervals is None else self.month.intervals.minutes
        return missing * minutes / 60.0

    def cut(self, starts_at: datetime, ends_at: datetime, intervals: PointIntervals) -> list[str]:
        """Return the tariffs whose hours, or whose own edges, lie within a slot between two instants."""
        begins = set((local_clock(self._starts, self.month.zone)[1] % intervals.minutes).tolist())
        return [
            segment.tariff.id
            for segment in self.segments
            if segment.starts_at < ends_at
            and segment.ends_at > starts_at
            and (
                any(
                    to_numpy(at) not in self._starts
                    for at in (segment.starts_at, segment.ends_at)
                    if starts_at < at < ends_at
                )
                or any(minute % intervals.minutes not in begins for minute in _edges(segment))
            )
        ]


def _edges(segment: Segment) -> Iterator[int]:
    """Yield the minutes of the day at which prices change."""
    for schedule in segment.tariff.schedules:
        for span in schedule.spans:
            yield from (span.from_minute, span.to_minute)
