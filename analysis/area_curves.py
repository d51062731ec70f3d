"""The slots of an area laid out by its local days: what was supplied, metered and lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.area_slots import AreaSlots
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.timegrid import MINUTES_PER_DAY, local_clock

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCurves:
    """Energies of slots, kWh: arrays of shape (days, slots of a day), NaN where unknown.

    What a local day lacks is unknown: an hour on that of 23 hours. Of the two like hours of a day of 25 the
    second stands; sums of whole days come from daily rows.
    """

    members: Sequence[str]
    """Service points."""
    is_whole: Bools
    """Whether a member belonged to the area all the time."""
    metered_kwh: Floats
    """Shape (members, days, slots of a day)."""
    supplied_kwh: Floats
    lost_kwh: Floats
    """With missing members as they usually are at that hour; unknown where the supply is."""
    slots_of_day: Floats
    """How many slots each day really has, shape (days,)."""

    @classmethod
    def of(cls, slots: AreaSlots, window: MeterMatrix, daily: DailyRows, row: int) -> AreaCurves:
        """Lay slots out by the local days of a meter's row."""
        zone, days = daily.zones[row], daily.days
        size = MINUTES_PER_DAY // window.minutes
        day, minute = local_clock(window.starts_at, zone)
        place = day - (int(days[0].astype(np.int64)) if len(days) else 0)
        inside = (place >= 0) & (place < len(days))
        laid = np.full((1 + len(slots.metered), len(days), size), np.nan)
        hour = np.minimum(minute // window.minutes, size - 1)
        laid[0, place[inside], hour[inside]] = slots.supplied[inside]
        laid[1:, place[inside], hour[inside]] = slots.metered[:, inside]
        metered = laid[1:]
        spans = [daily.span(row, each, each + 1) for each in range(len(days))]
        lengths = [(end - begin).total_seconds() / 60.0 / window.minutes for begin, end in spans]
        return cls(
            members=slots.members,
            is_whole=slots.is_whole,
            metered_kwh=metered,
            supplied_kwh=laid[0],
            lost_kwh=laid[0] - _filled(metered).sum(axis=0),
            slots_of_day=np.array(lengths),
        )

    def squares(self) -> Floats:
        """Return the sum of squares of each day's net supply; missing slots are like the others."""
        known = np.isfinite(self.supplied_kwh)
        count = known.sum(axis=1)
        mean = (np.where(known, self.supplied_kwh, 0.0) ** 2).sum(axis=1) / np.maximum(count, 1)
        squares: Floats = np.where(count > 0, mean * self.slots_of_day, np.nan)
        return squares

    def of_days(self, chosen: Bools) -> tuple[Floats, Floats]:
        """Return the supply and the loss of the slots of some days, one after the other."""
        return self.supplied_kwh[chosen].ravel(), self.lost_kwh[chosen].ravel()


def _filled(metered: Floats) -> Floats:
    """Return energies with missing ones as the mean of their member and time of day; NaN if there is none."""
    there = np.isfinite(metered)
    count = there.sum(axis=1)
    usual = np.where(there, metered, 0.0).sum(axis=1) / np.maximum(count, 1)
    filled: Floats = np.where(there, metered, np.where(count > 0, usual, np.nan)[:, None, :])
    return filled
