"""The reading success rate (读表成功率): what arrived of what was due, and how."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pipeline.model import Severity
from storage.dashboard_coverage import CoverageCount
from storage.fleet_standings import MeterStanding

MISSED_INTERVALS = 3
"""A meter is silent when this many of its shortest reading intervals passed without a reading."""
SILENT_AT_LEAST = timedelta(minutes=2)
SILENT_WITHOUT_SCHEDULE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """Scheduled reads by what became of them."""

    due: int = 0
    in_time: int = 0
    late: int = 0
    backfilled: int = 0

    @property
    def arrived(self) -> int:
        """Reads whose value we have, however it came."""
        return self.in_time + self.late + self.backfilled

    @property
    def missing(self) -> int:
        """Reads whose value we do not have."""
        return self.due - self.arrived

    @property
    def rate(self) -> float | None:
        """Share of what was due that arrived; None when nothing was due, which is not 0 %."""
        return self.arrived / self.due if self.due else None

    @property
    def in_time_rate(self) -> float | None:
        """Share of what was due that arrived within its tolerance."""
        return self.in_time / self.due if self.due else None


class Standing(Protocol):
    """What a meter's state is judged by."""

    @property
    def newest_at(self) -> datetime | None:
        """When its newest reading was taken."""
        ...

    @property
    def due(self) -> int:
        """Reads that were due today."""
        ...

    @property
    def arrived(self) -> int:
        """Of these: got, late or backfilled."""
        ...

    @property
    def worst_severity(self) -> int | None:
        """Of its open abnormal episodes."""
        ...


def success(counts: Iterable[CoverageCount]) -> Success:
    """Add counts up."""
    reads: dict[str, int] = defaultdict(int)
    for count in counts:
        reads[count.status] += count.reads
    return Success(
        due=sum(reads.values()),
        in_time=reads["got"],
        late=reads["late"],
        backfilled=reads["backfilled"],
    )


def success_by(
    counts: Iterable[CoverageCount], key: Callable[[CoverageCount], str | None]
) -> dict[str | None, Success]:
    """Add counts up for each bus or each profile."""
    parts: dict[str | None, list[CoverageCount]] = defaultdict(list)
    for count in counts:
        parts[key(count)].append(count)
    return {name: success(part) for name, part in parts.items()}


def success_of(meters: Iterable[MeterStanding]) -> Success:
    """Add up the present day of meters."""
    due = in_time = late = backfilled = 0
    for meter in meters:
        due += meter.due
        in_time += meter.in_time
        late += meter.late
        backfilled += meter.backfilled
    return Success(due=due, in_time=in_time, late=late, backfilled=backfilled)


def silent_after(every_s: Iterable[int]) -> timedelta:
    """Return the age from which a meter counts as silent, given the schedules' intervals in seconds."""
    shortest = min(every_s, default=0)
    if shortest == 0:
        return SILENT_WITHOUT_SCHEDULE
    return max(timedelta(seconds=MISSED_INTERVALS * shortest), SILENT_AT_LEAST)


def state_of(meter: Standing, *, now: datetime, silent: timedelta) -> str:
    """Return the one word for a meter's state; the gravest comes first (see ``words.STATES``)."""
    if meter.worst_severity is not None and meter.worst_severity >= Severity.CRITICAL:
        return "critical"
    if meter.newest_at is None:
        return "never"
    if now - meter.newest_at > silent:
        return "silent"
    if meter.worst_severity is not None and meter.worst_severity >= Severity.MINOR:
        return "major" if meter.worst_severity >= Severity.MAJOR else "minor"
    return "gaps" if meter.arrived < meter.due else "good"
