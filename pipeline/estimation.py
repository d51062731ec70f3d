"""Estimation of interval energy (数据估算): what stands in for a gap, one rule a function, the best first.

The rules are those that Oracle Utilities Meter Data Management names (docs.oracle.com, "Estimation VEE
Rules"); the order is the practice of California and Texas (``detection.md`` 1.5). Estimated values are never
references for others. The rules for registers are in :mod:`pipeline.scalar_estimation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.apportion import apportion
from pipeline.vee_limits import VeeLimits
from pipeline.vee_window import Floats, Mask

KNOWN_OUTAGE = "known outage"
WEEK = 7
FIRST_SATURDAY = 2
"""Day 2 since 1970 was a Saturday."""


@dataclass(frozen=True, kw_only=True)
class MeterSeries:
    """One meter's slots: arrays of shape (slots,)."""

    kwh: Floats
    """NaN where missing."""
    trusted: Mask
    """Slots that may serve as references: actual, and no rule has thrown them out."""
    day: NDArray[np.int64]
    minute_of_day: NDArray[np.int64]
    minutes: int
    outage: Mask
    """Slots in which the supply is known to have been off."""
    day_kind: NDArray[np.int64]
    """What days are like one another (:func:`week_kind`)."""
    profile: Floats | None = None
    """Factors of the class's load profile, or None."""
    temperature_c: Floats | None = None
    """Mean outdoor temperature of each slot's day, or None."""

    @cached_property
    def by_days(self) -> ByDays:
        """Its references by day and minute: made once, however many gaps ask for them."""
        return _by_days(self)


def week_kind(day: NDArray[np.int64], holidays: frozenset[int] = frozenset()) -> NDArray[np.int64]:
    """Return 0 for working days, 1 for weekends and holidays (days since 1970)."""
    weekend = (day - FIRST_SATURDAY) % WEEK < 2  # noqa: PLR2004 - Saturday and Sunday
    kind: NDArray[np.int64] = (weekend | np.isin(day, list(holidays))).astype(np.int64)
    return kind


def known_outage(series: MeterSeries, gap: slice, _limits: VeeLimits) -> Floats | None:
    """Zero where the supply is known to have been off for the whole gap; that is a fact, no estimate."""
    return np.zeros(gap.stop - gap.start) if series.outage[gap].all() else None


def interpolation(series: MeterSeries, gap: slice, limits: VeeLimits) -> Floats | None:
    """Interpolation: the line between the neighbours of a short gap; slots of an outage are no ends of it."""
    size = gap.stop - gap.start
    if size * series.minutes > limits.interpolated_minutes or gap.start == 0 or gap.stop >= len(series.kwh):
        return None
    ends = [gap.start - 1, gap.stop]
    if not series.trusted[ends].all() or series.outage[ends].any():
        return None
    line: Floats = np.linspace(series.kwh[ends[0]], series.kwh[ends[1]], size + 2)[1:-1]
    return line


def averaging(series: MeterSeries, gap: slice, limits: VeeLimits) -> Floats | None:
    """Averaging: each slot's mean over the nearest like days on which it is actual.

    Days beyond those of asking serve only where there are too few others, and never for a gap whose sum is
    known: what was given out by then stays.
    """
    table, day_of_gap = series.by_days, series.day[gap]
    if (table.references[table.column[gap]] < limits.like_days).any():
        return None
    found = np.full(len(day_of_gap), np.nan)
    for day in np.unique(day_of_gap):
        own = np.flatnonzero(day_of_gap == day)
        away = np.abs(table.day - day)
        kind = series.day_kind[gap.start + own[0]]
        like = np.flatnonzero((table.kind == kind) & (away > 0) & (away <= limits.reach_days))
        late = table.day[like] > day + limits.final_after_days
        if _has_known_sum(series, gap):
            like, late = like[~late], late[~late]
        nearest_first = like[np.lexsort((away[like], late))]
        cells = np.ix_(nearest_first, table.column[gap.start + own])
        known = np.isfinite(table.kwh[cells])
        rank = np.cumsum(known, axis=0)
        total = np.where(known & (rank <= limits.like_days), table.kwh[cells], 0.0).sum(axis=0)
        enough = known.sum(axis=0) >= limits.like_days
        found[own[enough]] = total[enough] / limits.like_days
    return found if np.isfinite(found).all() else None


def proxy_day(series: MeterSeries, gap: slice, limits: VeeLimits) -> Floats | None:
    """Proxy Day: the slots of the like day whose temperature is nearest."""
    if series.temperature_c is None:
        return None
    days = np.unique(series.day[gap])
    if len(days) != 1:
        return None
    wanted = series.minute_of_day[gap]
    mine = series.temperature_c[gap][0]
    best: tuple[tuple[bool, float], int] | None = None
    for day in np.unique(series.day[np.abs(series.day - days[0]) <= limits.reach_days]):
        of_day = np.flatnonzero(series.day == day)
        if series.day_kind[of_day[0]] != series.day_kind[gap.start] or day == days[0]:
            continue
        away = abs(series.temperature_c[of_day[0]] - mine)
        # Where clocks are set back an hour comes twice: the like day need not have it twice.
        given = series.minute_of_day[of_day][series.trusted[of_day]]
        # Beyond the days of asking the next one is taken: one nearer in temperature changes nothing any more.
        late = bool(day > days[0] + limits.final_after_days)
        if late and _has_known_sum(series, gap):
            break
        rank = late, float(day if late else away)
        if np.isin(wanted, given).all() and np.isfinite(away) and (best is None or rank < best[0]):
            best = rank, int(day)
    if best is None:
        return None
    chosen = np.flatnonzero((series.day == best[1]) & series.trusted)
    place = {
        int(minute): int(slot) for slot, minute in zip(chosen, series.minute_of_day[chosen], strict=True)
    }
    return np.array([series.kwh[place[int(minute)]] for minute in wanted])


def profile(series: MeterSeries, gap: slice, limits: VeeLimits) -> Floats | None:
    """Profile: the class's factors, scaled by what this meter draws beside its class in its actual slots.

    These are those within reach before the gap, and behind it those of the days of asking.
    """
    if series.profile is None:
        return None
    first, last = series.day[gap].min() - limits.reach_days, series.day[gap].max() + limits.final_after_days
    known = series.trusted & np.isfinite(series.profile) & (series.day >= first) & (series.day <= last)
    of_class = series.profile[known].sum()
    if of_class <= 0 or not np.isfinite(series.profile[gap]).all():
        return None
    scaled: Floats = series.profile[gap] * (series.kwh[known].sum() / of_class)
    return scaled


def _has_known_sum(series: MeterSeries, gap: slice) -> bool:
    return bool(np.isfinite(series.kwh[gap]).all())


def adjust_from_scalar(values: Floats, total_kwh: float, step_kwh: float) -> Floats:
    """Interval Adjustment From Scalar: scale to what the register grew, in whole steps that add up exactly.

    Where all values are zero the shares are equal, as Oracle's rule has it.
    """
    shares: Floats = apportion(round(total_kwh / step_kwh), np.maximum(values, 0.0)) / (1.0 / step_kwh)
    return shares


def subtractive_adjustment(
    values: Floats, eligible: Mask, total_kwh: float, step_kwh: float
) -> Floats | None:
    """Subtractive Interval Adjustment: change eligible slots alone, so that all add up to stop minus start.

    None where the others alone are already more than that.
    """
    rest = total_kwh - values[~eligible].sum()
    if rest < -0.5 * step_kwh or not eligible.any():
        return None
    adjusted = values.copy()
    adjusted[eligible] = adjust_from_scalar(values[eligible], max(rest, 0.0), step_kwh)
    return adjusted


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDays:
    """A meter's references by day and minute; where clocks are set back a day has a second row."""

    day: NDArray[np.int64]
    kind: NDArray[np.int64]
    kwh: Floats
    """Shape (rows, minutes of a day), NaN where there is no reference."""
    column: NDArray[np.intp]
    """The column of each slot."""
    references: NDArray[np.int64]
    """How many references each minute has, shape (minutes of a day,)."""


def _by_days(series: MeterSeries) -> ByDays:
    days, first, place = np.unique(series.day, return_index=True, return_inverse=True)
    minutes, column = np.unique(series.minute_of_day, return_inverse=True)
    cell = place * len(minutes) + column
    order = np.argsort(cell, kind="stable")
    comes_again = np.zeros(len(cell), dtype=np.intp)
    comes_again[order[1:]] = cell[order[1:]] == cell[order[:-1]]
    kwh = np.full((2 * len(days), len(minutes)), np.nan)
    kwh[2 * place + comes_again, column] = np.where(series.trusted & ~series.outage, series.kwh, np.nan)
    return ByDays(
        day=days.repeat(2),
        kind=series.day_kind[first].repeat(2),
        kwh=kwh,
        column=column,
        references=np.isfinite(kwh).sum(axis=0),
    )


Estimator = Callable[[MeterSeries, slice, VeeLimits], "Floats | None"]
ESTIMATORS: tuple[tuple[str, Estimator], ...] = (
    (KNOWN_OUTAGE, known_outage),
    ("interpolation", interpolation),
    ("mean of like days", averaging),
    ("proxy day", proxy_day),
    ("class profile", profile),
)
"""In the order in which they are tried; the first that has an answer is taken."""
