"""One slot of every hour of local days: enough to see how voltages move, at a quarter of the cost."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.timegrid import local_clock

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DayHours:
    """The first slot of each hour of each local day; a day has as many places as the longest."""

    days: NDArray[np.int64]
    """Local days since 1970, one after the other as far as there are slots."""
    slots: Ints
    """Shape (days, hours): which slot, -1 where a day has none."""
    minutes: int
    """Between them: an hour, or more where slots are longer."""
    slots_in_all: int

    @classmethod
    def of(
        cls, starts_at: NDArray[np.datetime64], minutes: int, zone: ZoneInfo, each_minutes: int = HOUR
    ) -> DayHours:
        """Return the hours of a grid of at least one slot; or what is so many minutes apart."""
        day, _ = local_clock(starts_at, zone)
        edges = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
        lengths = np.diff(np.append(edges, len(day)))
        each = max(each_minutes // minutes, 1)
        place = np.arange(0, lengths.max(), each)
        slots = np.where(place < lengths[:, None], edges[:, None] + place, -1)
        return cls(days=day[edges], slots=slots, minutes=minutes * each, slots_in_all=len(starts_at))

    @property
    def known(self) -> Ints:
        """Return how many hours each day has."""
        known: Ints = (self.slots >= 0).sum(axis=1)
        return known

    def taken(self, column: NDArray[np.floating], rows: Ints) -> NDArray[np.floating]:
        """Return rows of a column at these slots, one after the other; any value where there is none."""
        flat = self.slots.reshape(-1)
        step = int(flat[1] - flat[0]) if len(flat) > 1 else 1
        if (np.diff(flat) == step).all():
            return column[:, flat[0] : flat[-1] + 1 : step][rows]
        return column[np.ix_(rows, flat)]

    def by_day(self, taken: Singles) -> Singles:
        """Return what was taken in shape (days, hours, rows); NaN where there is none."""
        turned = np.ascontiguousarray(taken.T)
        turned[self.slots.reshape(-1) < 0] = np.nan
        return turned.reshape(*self.slots.shape, len(taken))

    def of_slots(self, by_hour: Floats) -> Floats:
        """Return for each slot what the hour has in which it lies: (rows, days, hours) to (rows, slots)."""
        flat = self.slots.reshape(-1)
        place = np.flatnonzero(flat >= 0)
        hour_of = place[np.searchsorted(flat[place], np.arange(self.slots_in_all), side="right") - 1]
        return by_hour.reshape(len(by_hour), -1)[:, hour_of]
