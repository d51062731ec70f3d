"""The rules of validation (数据校验) on a window of detectors: each only where it can find something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.registry import Registry
from pipeline.timegrid import local_clock, to_numpy
from pipeline.validation import RULES, THIRD
from pipeline.vee_limits import VeeLimits
from pipeline.vee_window import Finding, VeeWindow

CHECKS = {rule.name: rule.check for rule in RULES}
WHOLE = 0.999
"""Share of a day's slots from which the day is known."""
KNOWN_SHARE = 0.5
"""Share of a window's slots that must be known before one of them is called a spike."""
DAY_MINUTES = 24 * 60

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
Cell = TypeVar("Cell", bound=np.generic)


def slot_window(window: MeterMatrix, daily: DailyRows, kwh: Floats, rows: Ints) -> VeeWindow:
    """Return some meters of one zone as validation looks at them."""
    day, minute_of_day = local_clock(window.starts_at, daily.zones[int(rows[0])])
    return VeeWindow(
        meters=[window.meters[row] for row in rows],
        starts_at=window.starts_at,
        minutes=window.minutes,
        day=day,
        minute_of_day=minute_of_day,
        kwh=taken(kwh, rows),
        quality=taken(window.quality, rows),
        step_kwh=window.step_kwh[rows],
    )


def taken(column: NDArray[Cell], rows: Ints) -> NDArray[Cell]:
    """Return some rows of a column; without a copy where those are all of them."""
    return column if len(rows) == len(column) else column[rows]


def day_window(window: MeterMatrix, daily: DailyRows, kwh: Floats) -> VeeWindow:
    """Return days as intervals of 24 hours: a rule for days needs no more, at a hundredth of the cost."""
    return VeeWindow(
        meters=window.meters,
        starts_at=daily.days.astype("datetime64[us]"),
        minutes=DAY_MINUTES,
        day=daily.days.astype(np.int64),
        minute_of_day=np.zeros(len(daily.days), dtype=np.int64),
        kwh=kwh,
        quality=np.full(kwh.shape, "A"),
        step_kwh=window.step_kwh,
    )


def of_rows(seen: VeeWindow, rows: Ints) -> VeeWindow:
    """Return the same days of some of the meters."""
    if len(rows) == len(seen.meters):
        return seen
    return replace(
        seen,
        meters=[seen.meters[row] for row in rows],
        kwh=seen.kwh[rows],
        quality=seen.quality[rows],
        step_kwh=seen.step_kwh[rows],
    )


def whole_days(daily: DailyRows) -> Floats:
    """Return the energy of the days that are wholly actual; NaN for the others."""
    return np.where(daily.coverage >= WHOLE, daily.kwh, np.nan)


def long_runs(mask: Bools, least: float) -> Ints:
    """Return the rows that may hold a run of so many true cells: it fills a block of half its length."""
    block = max(int(least) // 2, 1)
    blocks = mask.shape[1] // block
    full = np.asarray(mask[:, : blocks * block].reshape(len(mask), blocks, block).all(axis=2))
    return np.flatnonzero(np.asarray(full.any(axis=1)))


def spikes(seen: VeeWindow, limits: VeeLimits, slots: int) -> Iterator[tuple[Finding, float]]:
    """Yield the spikes of each part of a window of so many slots, with the third highest of their part.

    The last part overlaps the one before; what both show is told once.
    """
    firsts = dict.fromkeys([*range(0, seen.slots - slots + 1, slots), seen.slots - slots])
    told: set[tuple[str, np.datetime64]] = set()
    for first in firsts:
        if first < 0:
            continue
        part = _of_slots(seen, slice(first, first + slots))
        part = of_rows(part, np.flatnonzero(np.isfinite(part.kwh).mean(axis=1) >= KNOWN_SHARE))
        for finding in CHECKS["spike"](part, limits):
            if (finding.meter, finding.starts_at) not in told:
                told.add((finding.meter, finding.starts_at))
                own = part.kwh[part.meters.index(finding.meter)]
                yield finding, float(np.sort(own[np.isfinite(own)])[-THIRD])


def unlike_days(seen: VeeWindow, limits: VeeLimits) -> Bools:
    """Return the days that are far above or below the days before, shape (meters, days)."""
    return _days(seen, CHECKS["high_low"](seen, limits))


def without_echo(found: Bools, opposite: Bools, days: int) -> Bools:
    """Return the days found that do not follow, within so many days, on days found to be the opposite.

    Days that were too high raise what the days after are compared with, and those look low without being so.
    """
    sums = np.zeros((len(found), found.shape[1] + 1), dtype=np.intp)
    np.cumsum(opposite, axis=1, out=sums[:, 1:])
    before = sums[:, :-1].copy()
    before[:, days:] -= sums[:, : max(found.shape[1] - days, 0)]
    kept: Bools = found & (before == 0)
    return kept


def unbalanced_days(seen: VeeWindow, register_kwh: Floats, limits: VeeLimits) -> Bools:
    """Return the days whose intervals do not add up to their register, shape (meters, days)."""
    found = np.zeros(seen.kwh.shape, dtype=np.bool_)
    for day in range(seen.slots):
        part = _of_slots(seen, slice(day, day + 1))
        part = replace(part, register_kwh=register_kwh[:, day])
        found[:, day : day + 1] = _days(part, CHECKS["sum_check"](part, limits))
    return found


def installed(window: MeterMatrix, registry: Registry, rows: Ints) -> Bools:
    """Return the slots in which each of some meters hung somewhere; always if nobody wrote that down."""
    found = np.zeros((len(rows), len(window.starts_at)), dtype=np.bool_)
    for place, row in enumerate(rows):
        stays = registry.installations_by_meter.get(window.meters[row])
        if not stays:
            found[place] = True
        for stay in stays or ():
            own = np.ones(len(window.starts_at), dtype=np.bool_)
            if stay.starts_at is not None:
                own &= window.starts_at >= to_numpy(stay.starts_at)
            if stay.ends_at is not None:
                own &= window.starts_at < to_numpy(stay.ends_at)
            found[place] |= own
    return found


def _of_slots(seen: VeeWindow, slots: slice) -> VeeWindow:
    return replace(
        seen,
        starts_at=seen.starts_at[slots],
        day=seen.day[slots],
        minute_of_day=seen.minute_of_day[slots],
        kwh=seen.kwh[:, slots],
        quality=seen.quality[:, slots],
    )


def _days(seen: VeeWindow, findings: Iterable[Finding]) -> Bools:
    row_of = {meter: row for row, meter in enumerate(seen.meters)}
    found = np.zeros(seen.kwh.shape, dtype=np.bool_)
    for finding in findings:
        found[row_of[finding.meter], np.searchsorted(seen.starts_at, finding.starts_at)] = True
    return found
