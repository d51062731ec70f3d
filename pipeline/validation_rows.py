"""Validation of intervals as they came: doubled, of a wrong length, or not one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import MeterId
from pipeline.vee_limits import VeeLimits
from pipeline.vee_window import Finding, IntervalRows, VeeWindow


def duplicate(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield intervals that came twice, with the same or another energy."""
    rows = window.rows
    if rows is None:
        return
    order = _by_time(rows)
    same = (
        (np.diff(rows.meter[order]) == 0)
        & (np.diff(rows.starts_at[order]).astype(np.int64) == 0)
        & (np.diff(rows.minutes[order]) == 0)
    )
    for place in np.flatnonzero(same):
        first, second = order[place], order[place + 1]
        said = f"one interval, {rows.kwh[first]:g} kWh", f"another, {rows.kwh[second]:g} kWh"
        yield _finding(window.meters, rows, "duplicate", second, said)


def interval_size(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield intervals of another length than the window's."""
    rows = window.rows
    if rows is None:
        return
    order = _by_time(rows)
    for row in order[rows.minutes[order] != window.minutes]:
        said = f"{window.minutes} min", f"{rows.minutes[row]} min"
        yield _finding(window.meters, rows, "interval_size", row, said)


def consecutive_interval(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield intervals that do not begin where the one before ends: after a hole, or into it."""
    rows = window.rows
    if rows is None:
        return
    order = _by_time(rows)
    before, after = order[:-1], order[1:]
    ends = rows.starts_at + rows.minutes.astype("timedelta64[m]").astype("timedelta64[us]")
    wrong = (rows.meter[before] == rows.meter[after]) & (ends[before] != rows.starts_at[after])
    doubled = rows.starts_at[before] == rows.starts_at[after]
    for place in np.flatnonzero(wrong & ~doubled):
        earlier, later = int(before[place]), int(after[place])
        said = f"start at {_clock(ends[earlier])}", f"start at {_clock(rows.starts_at[later])}"
        yield _finding(window.meters, rows, "consecutive_interval", later, said)


def _by_time(rows: IntervalRows) -> NDArray[np.intp]:
    return np.lexsort((rows.kwh, rows.minutes, rows.starts_at, rows.meter))


def _clock(instant: np.datetime64) -> str:
    return f"{instant.astype('datetime64[s]')}Z"


def _finding(
    meters: Sequence[MeterId], rows: IntervalRows, rule: str, row: int, said: tuple[str, str]
) -> Finding:
    expected, came = said
    return Finding(
        rule=rule,
        meter=meters[int(rows.meter[row])],
        starts_at=rows.starts_at[row],
        slots=1,
        expected=expected,
        came=came,
    )
