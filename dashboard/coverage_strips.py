"""A month of one meter's reads: a strip a day, each cell the worst of its slots, causes in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.coverage import RANK, CoverageEntry, CoverageStatus
from pipeline.timegrid import local_day

CELLS = 96
"""Of a day: a quarter of an hour where the day has 24 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Neighbouring quarters of an hour that went alike."""

    first: int
    count: int
    status: CoverageStatus
    cause: str | None
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One local day."""

    day: date
    due: int
    reads: Counter[CoverageStatus]
    cells: Sequence[Cell]

    @property
    def arrived(self) -> int:
        """Reads whose value we have."""
        return sum(n for status, n in self.reads.items() if RANK[status] >= RANK[CoverageStatus.BACKFILLED])

    @property
    def holes(self) -> list[Cell]:
        """What is missing, in order of time."""
        return [cell for cell in self.cells if RANK[cell.status] < RANK[CoverageStatus.BACKFILLED]]


def strips_of(entries: Iterable[CoverageEntry], zone: ZoneInfo) -> list[Strip]:
    """Return the days that have lines of the ledger, the newest first; ``entries`` are of one group."""
    by_day: dict[date, list[CoverageEntry]] = {}
    for entry in sorted(entries, key=lambda e: e.slot_at):
        by_day.setdefault(entry.slot_at.astimezone(zone).date(), []).append(entry)
    return [_strip(day, own, zone) for day, own in sorted(by_day.items(), reverse=True)]


def _strip(day: date, entries: Sequence[CoverageEntry], zone: ZoneInfo) -> Strip:
    begin, end = local_day(day, zone)
    length = (end - begin) / CELLS
    worst: dict[int, CoverageEntry] = {}
    for entry in entries:
        place = int((entry.slot_at - begin) / length)
        if place not in worst or RANK[entry.status] < RANK[worst[place].status]:
            worst[place] = entry
    return Strip(
        day=day,
        due=len(entries),
        reads=Counter(entry.status for entry in entries),
        cells=_joined(worst, begin, length),
    )


def _joined(worst: dict[int, CoverageEntry], begin: datetime, length: timedelta) -> list[Cell]:
    cells: list[Cell] = []
    for place, entry in sorted(worst.items()):
        first = place
        if cells:
            last = cells[-1]
            alike = (last.status, last.cause) == (entry.status, entry.cause)
            if alike and last.first + last.count == place:
                first = cells.pop().first
        cells.append(
            Cell(
                first=first,
                count=place - first + 1,
                status=entry.status,
                cause=entry.cause,
                since=begin + first * length,
                until=begin + (place + 1) * length,
            )
        )
    return cells
