"""Raw and final intervals (VEE) side by side: the measured stays, what stands in for it says why and how.

Only what is missing or cannot be energy (negative, more than the meter can measure) is replaced; whatever
else a rule finds is shown to a person. The same window gives the same result however often it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pipeline.estimation import (
    ESTIMATORS,
    KNOWN_OUTAGE,
    Estimator,
    MeterSeries,
    adjust_from_scalar,
    known_outage,
    week_kind,
)
from pipeline.vee_adjustment import WHOLE, adjust_to_registers
from pipeline.vee_gaps import SPREAD, Gaps, gaps, spread
from pipeline.vee_limits import VeeLimits
from pipeline.vee_window import Floats, Mask, VeeWindow

REASONS = MappingProxyType(
    {
        "": "measured",
        "missing": "nothing was measured",
        "spread": "a gap between two registers, shared out evenly",
        "negative": "less than zero",
        "impossible": "more than the meter can measure",
        "outage": "the supply was off",
        "edit": "a person set it",
    }
)
"""Reason codes of final intervals, and what they mean."""
NO_ENERGY = frozenset({"negative", "impossible"})
"""Reasons for which a raw value is never final, whether or not something stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalIntervals:
    """The final energy of each slot beside the raw one; arrays of shape (meters, slots)."""

    kwh: Floats
    """NaN where nothing may stand in."""
    quality: NDArray[np.str_]
    """``A`` measured, ``E`` shared out under a known sum, ``S`` substituted, ``F`` for good, ``N``."""
    method: NDArray[np.str_]
    """How a replaced slot was made; empty where the raw one stands."""
    reason: NDArray[np.str_]
    """A key of :data:`REASONS`."""
    untouched: Mask
    """Slots of which nothing is said: they lie before the asked ones, or their gap begins there."""

    @property
    def replaced(self) -> Mask:
        """Where the final is not simply the raw interval."""
        return np.asarray(self.method != "", dtype=np.bool_)


def finalise(
    window: VeeWindow,
    *,
    since: np.datetime64 | None = None,
    final_before: np.datetime64 | None = None,
    holidays: frozenset[int] = frozenset(),
) -> FinalIntervals:
    """Return the final intervals of ``window``.

    Where ``since`` lies :func:`looks_back_days` behind the window's begin, what is estimated depends on no
    window: the same stands in for the same gap as soon as the days of asking are over, however often and
    however late it is asked for.

    Args:
        window: The raw intervals.
        since: Gaps that begin before it are left as they are: they serve others as history; None for none.
        final_before: Substitutes of slots that begin before it are final (``F``); None leaves all at ``S``.
        holidays: Days (since 1970) that are like weekends.
    """
    reason = reasons(window)
    shape = window.kwh.shape
    kwh, quality = window.kwh.copy(), window.quality.astype("U1")
    kwh[np.isin(reason, ("missing", *NO_ENERGY))] = np.nan
    method = np.full(shape, "", dtype="U32")
    off = np.zeros(shape, dtype=np.bool_) if window.outage is None else window.outage
    found = gaps(window, reason, off)
    first_slot = 0 if since is None else int(np.searchsorted(window.starts_at, since))
    earlier = found.first < first_slot
    untouched = _cells(found.take(earlier & (found.end > first_slot)), shape)
    untouched[:, :first_slot] = True
    wanted = found.take(~earlier & _can_change(window, found, reason, off))
    kind = week_kind(window.day, holidays)
    for row in np.unique(wanted.row).tolist():
        series = MeterSeries(
            kwh=kwh[row].copy(),
            trusted=(reason[row] == "") & (quality[row] == "A") & np.isfinite(kwh[row]),
            day=window.day,
            minute_of_day=window.minute_of_day,
            minutes=window.minutes,
            outage=off[row],
            day_kind=kind,
            profile=None if window.profile is None else window.profile[row],
            temperature_c=None if window.temperature_c is None else window.temperature_c[row],
        )
        limits = window.limits_of(row)
        columns = kwh[row], quality[row], method[row], reason[row]
        own = wanted.take(wanted.row == row)
        for first, end in zip(own.first.tolist(), own.end.tolist(), strict=True):
            step_kwh = _step_kwh(window, row, slice(first, end))
            _fill(series, slice(first, end), columns, limits, (_estimators(window, row, first), step_kwh))
    adjust_to_registers(window, kwh, quality, method)
    final = (quality == "S") & (
        np.zeros(window.slots, dtype=np.bool_) if final_before is None else window.starts_at < final_before
    )
    quality[final] = "F"
    return FinalIntervals(kwh=kwh, quality=quality, method=method, reason=reason, untouched=untouched)


def as_measured(window: VeeWindow) -> FinalIntervals:
    """Return every raw interval as the final one: of meters in which no slot wants an estimate."""
    shape = window.kwh.shape
    return FinalIntervals(
        kwh=window.kwh,
        quality=window.quality,
        method=np.full(shape, "", dtype="U1"),
        reason=np.full(shape, "", dtype="U1"),
        untouched=np.zeros(shape, dtype=np.bool_),
    )


def looks_back_days(reach_days: int) -> int:
    """Return how many days before a gap are looked at, from the reach of its like days: whole local ones."""
    return reach_days + 2


def reasons(window: VeeWindow) -> NDArray[np.str_]:
    """Return why each slot cannot stand as it is; empty where it can."""
    reason = np.full(window.kwh.shape, "", dtype="U10")
    reason[~np.isfinite(window.kwh)] = "missing"
    reason[spread(window)] = SPREAD
    if window.most_kwh is not None:
        reason[window.kwh > window.most_kwh] = "impossible"
    reason[window.kwh < 0] = "negative"
    if window.installed is not None:
        reason[~window.installed & (reason == "missing")] = ""
    if window.partly is not None:
        # Both meters of a swap would be given the whole slot.
        reason[window.partly & (reason == "missing")] = ""
    return reason


def _can_change(window: VeeWindow, of: Gaps, reason: NDArray[np.str_], off: Mask) -> Mask:
    """Tell for which gaps something else may stand in: one slot of known sum is what it is.

    So is a longer one of a meter that has nothing to take its shape from.
    """
    shapely = ((reason == "") & (window.quality == "A")).any(axis=1) | off.any(axis=1)
    several = of.end - of.first > 1
    return np.asarray((reason[of.row, of.first] != SPREAD) | (several & shapely[of.row]), dtype=np.bool_)


def _cells(of: Gaps, shape: tuple[int, ...]) -> Mask:
    """Return the slots of some gaps as a mask."""
    cells = np.zeros(shape, dtype=np.bool_)
    for row, first, end in zip(of.row.tolist(), of.first.tolist(), of.end.tolist(), strict=True):
        cells[row, first:end] = True
    return cells


def _step_kwh(window: VeeWindow, row: int, gap: slice) -> float:
    """Return the register step of a gap; the coarsest where transformers were changed within."""
    return float(
        window.step_kwh[row] if window.slot_step_kwh is None else window.slot_step_kwh[row, gap].max()
    )


Estimators = Sequence[tuple[str, Estimator]]
Columns = tuple[Floats, NDArray[np.str_], NDArray[np.str_], NDArray[np.str_]]


def _estimators(window: VeeWindow, row: int, slot: int) -> Estimators:
    """Return the estimators in the order that is filed for a slot, else in their own; a fact goes first."""
    order = -1 if window.order_of is None else int(window.order_of[row, slot])
    if order < 0 or not window.orders[order]:
        return ESTIMATORS
    by_name = dict(ESTIMATORS)
    return [(KNOWN_OUTAGE, known_outage), *((name, by_name[name]) for name in window.orders[order])]


def _fill(
    series: MeterSeries, gap: slice, columns: Columns, limits: VeeLimits, made: tuple[Estimators, float]
) -> None:
    """Write into one meter's columns what stands in for a gap; nothing where no rule has an answer.

    ``made`` are the estimators in their order, and the register's step on the primary side.
    """
    kwh, quality, method, reason = columns
    estimators, step_kwh = made
    if reason[gap.start] == SPREAD:
        _reshape(series, gap, columns, limits, made)
        return
    for name, estimator in estimators:
        values = estimator(series, gap, limits)
        if values is None:
            continue
        kwh[gap] = np.rint(np.maximum(values, 0.0) / step_kwh) / (1.0 / step_kwh)
        method[gap] = name
        off = estimator is known_outage
        quality[gap] = "A" if off else "S"
        reason[gap] = "outage" if off else reason[gap]
        return
    quality[gap] = "N"


def _reshape(
    series: MeterSeries, gap: slice, columns: Columns, limits: VeeLimits, made: tuple[Estimators, float]
) -> None:
    """Give a gap of known sum the shape of like days, and nothing to an outage within; the sum stays."""
    kwh, _, method, _ = columns
    estimators, step_kwh = made
    steps = float(kwh[gap].sum()) / step_kwh
    if abs(steps - round(steps)) > WHOLE:
        return  # transformers were changed within: there is no one step to share out
    for name, values in _shapes(series, gap, limits, estimators):
        kwh[gap] = adjust_from_scalar(values, round(steps) * step_kwh, step_kwh)
        method[gap] = f"{name}, scaled"
        return


def _shapes(
    series: MeterSeries, gap: slice, limits: VeeLimits, estimators: Estimators
) -> Iterator[tuple[str, Floats]]:
    """Yield the shapes that a gap of known sum may have, the best first; outages within it get nothing."""
    supplied = ~series.outage[gap]
    if not supplied.any():
        supplied[:] = True  # the register moved: it was not off all the time
    for name, estimator in estimators:
        values = None if estimator is known_outage else estimator(series, gap, limits)
        if values is not None:
            shape = np.where(supplied, values, 0.0)
            yield name, shape if shape.any() else supplied.astype(np.float64)
    if not supplied.all():
        yield KNOWN_OUTAGE, supplied.astype(np.float64)
