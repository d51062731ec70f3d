"""Stretches without readings, and why: the supply was off, or nobody was heard (停电与通信中断的区分)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np

from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.sags import SUPPLY_OFF, TOGETHER
from pipeline.events import MeterEvent
from pipeline.timegrid import from_numpy, to_numpy

GAP_PERIODS: Final = 2.5
"""Readings further apart than so many periods leave a gap: two are missing, whatever the jitter (own)."""
MOST: Final = 0.5
"""Share of a gap, or of the neighbours, that settles its cause (own)."""

Stretch = tuple[datetime, datetime]


class GapCause(StrEnum):
    """Why nothing was read."""

    OUTAGE = "outage"
    """The meter's own log, or its neighbours', has the supply off."""
    COLLECTOR = "collector"
    """The neighbours were not heard either, and none of them lost its supply."""
    COMMUNICATION = "communication"
    """The meter's log was read since and has no outage: it ran, and was not heard."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch without readings."""

    starts_at: datetime
    ends_at: datetime
    cause: GapCause
    readings: int
    """How many are missing."""


def gaps(month: PointMonth) -> list[Gap]:
    """Return the month's gaps in order, each with its cause."""
    return [
        Gap(
            starts_at=begin,
            ends_at=end,
            cause=_cause(month, (begin, end)),
            readings=max(round((end - begin).total_seconds() / month.period_s), 1),
        )
        for begin, end in stretches(month)
    ]


def stretches(month: PointMonth) -> list[Stretch]:
    """Return where readings are missing: from when the next one was due until it came."""
    period = np.timedelta64(round(month.period_s * 1e6), "us")
    begin, end = to_numpy(month.starts_at), to_numpy(month.ends_at)
    # As if there were a reading a period before the month, and one at its end.
    times = np.concatenate([[begin - period], month.taken_at, [end]])
    wide = np.flatnonzero(np.diff(times) > GAP_PERIODS * period)
    return [(from_numpy(times[n] + period), from_numpy(times[n + 1])) for n in wide.tolist()]


def _cause(month: PointMonth, gap: Stretch) -> GapCause:
    # A gap begins when the reading after the last one was due.
    heard_at = gap[0] - timedelta(seconds=month.period_s)
    if _covered(gap, (*_off(month.events, heard_at, gap[1]), *month.outages)):
        return GapCause.OUTAGE
    neighbours = month.neighbours
    if neighbours:
        dark = sum(
            any(
                begin - TOGETHER <= gap[1] and end + TOGETHER >= gap[0]
                for begin, end in _off(n.events, heard_at - TOGETHER, gap[1])
            )
            for n in neighbours
        )
        unheard = sum(_covered(gap, n.gaps) for n in neighbours)
        if dark >= MOST * len(neighbours):
            return GapCause.OUTAGE
        if not dark and unheard >= MOST * len(neighbours):
            return GapCause.COLLECTOR
    # Only what was recorded after the gap proves that the log was read since: counters bear no time.
    log_was_read = any(e.starts_at >= gap[1] for e in month.events)
    return GapCause.COMMUNICATION if log_was_read else GapCause.UNKNOWN


def _off(events: Iterable[MeterEvent], heard_at: datetime, until: datetime) -> list[Stretch]:
    """Return when a log has the supply off.

    A record without an end may be one that has a single time: it goes on ``until`` a gap's end only if it
    began since the point was last heard.
    """
    return [
        (e.starts_at, e.ends_at or until)
        for e in events
        if e.kind in SUPPLY_OFF and (e.ends_at is not None or e.starts_at >= heard_at)
    ]


def _covered(gap: Stretch, stretches: Iterable[Stretch]) -> bool:
    """Tell whether stretches take up most of a gap; those that overlap count once."""
    covered, reached = timedelta(), gap[0]
    for begin, end in sorted(stretches):
        first, last = max(begin, reached), min(end, gap[1])
        if last > first:
            covered += last - first
            reached = last
    return covered >= MOST * (gap[1] - gap[0])
