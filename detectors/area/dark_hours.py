"""The hours in which meters did not answer, by local days, without those in which nobody was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.daily_rows import DailyRows
from pipeline.model import MeterId
from pipeline.registry import Registry, latest
from pipeline.timegrid import local_clock

HOURS: Final = 24
ANSWERED: Final = frozenset({CoverageStatus.GOT, CoverageStatus.LATE})
OF_THE_METER: Final = frozenset({Cause.NO_ANSWER, Cause.CHECKSUM})
"""Causes that lie with a meter or its port; the others say that it was not asked, or refused."""
MOST_SILENT: Final = 0.5
"""Where more of the other meters of a bus are silent in an hour, its terminal or line is down."""
LEAST_OTHERS: Final = 2

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkHours:
    """Arrays of shape (meters, days, 24)."""

    asked: Ints
    """Reads that were put on the wire."""
    lost: Ints
    """Those that the meter did not answer; fetched later from its memory or not."""

    @property
    def dark(self) -> Bools:
        """Hours in which a meter was asked and never answered."""
        dark: Bools = (self.lost == self.asked) & (self.asked > 0)
        return dark

    def bright(self, least_share: float) -> Bools:
        """Return on which days a meter answered at least so much of what it was asked: (meters, days)."""
        asked, lost = self.asked.sum(axis=2), self.lost.sum(axis=2)
        bright: Bools = (asked > 0) & (asked - lost >= least_share * asked)
        return bright

    def dark_days(self, days: int, least_share: float) -> Ints:
        """Return how many of the last so many bright days have each hour dark, this one included."""
        dark = self.dark & self.bright(least_share)[:, :, None]
        padded = np.concatenate([np.zeros((dark.shape[0], days - 1, HOURS), np.bool_), dark], axis=1)
        counted: Ints = sliding_window_view(padded, days, axis=1).sum(axis=3)
        return counted


def dark_hours(
    outcomes: Sequence[CoverageEntry], meters: Sequence[MeterId], daily: DailyRows, registry: Registry
) -> DarkHours:
    """Return the dark hours of meters over the local days of ``daily``.

    A read that failed for a cause of the line or of the collector was not asked; neither was one in an hour
    in which most others of the bus were silent too.
    """
    row_of = {meter: row for row, meter in enumerate(meters)}
    shape = len(meters), len(daily.days), HOURS
    told = [entry for entry in outcomes if entry.meter in row_of and _tells(entry)]
    row = np.fromiter((row_of[entry.meter] for entry in told), np.intp, len(told))
    lost = np.fromiter((entry.status not in ANSWERED for entry in told), np.bool_, len(told))
    seconds = np.fromiter((entry.slot_at.timestamp() for entry in told), np.float64, len(told))
    times = (seconds * 1e6).astype(np.int64).view("datetime64[us]")
    cell = np.full(len(told), -1, dtype=np.int64)
    first = daily.days[0].astype(np.int64)
    zones = np.array([daily.zones[r].key for r in range(len(meters))])
    for zone in dict.fromkeys(daily.zones):
        own = np.flatnonzero(zones[row] == zone.key)
        day, minute = local_clock(times[own], zone)
        place = day - first
        inside = (place >= 0) & (place < shape[1])
        cell[own] = np.where(inside, (row[own] * shape[1] + place) * HOURS + minute // 60, -1)
    kept = cell >= 0
    size = shape[0] * shape[1] * HOURS
    asked = np.bincount(cell[kept], minlength=size).reshape(shape)
    silent = np.bincount(cell[kept & lost], minlength=size).reshape(shape)
    found = DarkHours(asked=asked, lost=silent)
    down = _terminals_down(found.dark, asked > 0, _buses(meters, registry))
    return DarkHours(asked=np.where(down, 0, asked), lost=np.where(down, 0, silent))


def _tells(entry: CoverageEntry) -> bool:
    """Whether a read tells of the meter: it answered, or did not though it was asked."""
    if entry.status in ANSWERED or entry.status is CoverageStatus.BACKFILLED:
        return True
    return entry.cause in OF_THE_METER


def _terminals_down(dark: Bools, asked: Bools, buses: Mapping[str, Sequence[int]]) -> Bools:
    down = np.zeros(dark.shape, dtype=np.bool_)
    for rows in buses.values():
        own = list(rows)
        others = asked[own].sum(axis=0) - asked[own]
        silent = dark[own].sum(axis=0) - dark[own]
        down[own] = (others >= LEAST_OTHERS) & (silent > MOST_SILENT * others)
    return down


def _buses(meters: Sequence[MeterId], registry: Registry) -> dict[str, list[int]]:
    """Return the rows of the meters behind each bus, where they hung last."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, meter in enumerate(meters):
        hung = latest(registry.installations_by_meter.get(meter, ()))
        if hung is not None and hung.bus is not None:
            rows[hung.bus].append(row)
    return rows
