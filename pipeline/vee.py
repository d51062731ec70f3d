"""Raw and final intervals (VEE) side by side: the measured stays, what stands in for it says why and how.

Only what is missing or cannot be energy (negative, more than the meter can measure) is replaced; whatever
else a rule finds is shown to a person. The same window gives the same result however often it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pipeline.estimation import (
    ESTIMATORS,
    KNOWN_OUTAGE,
    Estimator,
    MeterSeries,
    adjust_from_scalar,
    gaps,
    known_outage,
    week_kind,
)
from pipeline.vee_adjustment import WHOLE, adjust_to_registers
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

    @property
    def replaced(self) -> Mask:
        """Where the final is not simply the raw interval."""
        return np.asarray(self.method != "", dtype=np.bool_)


def finalise(
    window: VeeWindow,
    *,
    final_before: np.datetime64 | None = None,
    holidays: frozenset[int] = frozenset(),
) -> FinalIntervals:
    """Return the final intervals of ``window``.

    Args:
        window: The raw intervals.
        final_before: Substitutes of slots that begin before it are final (``F``); None leaves all at ``S``.
        holidays: Days (since 1970) that are like weekends.
    """
    reason = _reasons(window)
    shape = window.kwh.shape
    kwh, quality = window.kwh.copy(), window.quality.astype("U1")
    kwh[np.isin(reason, ("missing", *NO_ENERGY))] = np.nan
    method = np.full(shape, "", dtype="U32")
    kind = week_kind(window.day, holidays)
    off = np.zeros(shape, dtype=np.bool_) if window.outage is None else window.outage
    for row in np.flatnonzero((reason != "").any(axis=1)):
        series = MeterSeries(
            kwh=kwh[row].copy(),
            trusted=(reason[row] == "") & (quality[row] == "A") & np.isfinite(kwh[row]),
            day=window.day,
            minute_of_day=window.minute_of_day,
            minutes=window.minutes,
            step_kwh=float(window.step_kwh[row]),
            outage=off[row],
            day_kind=kind,
            profile=None if window.profile is None else window.profile[row],
            temperature_c=None if window.temperature_c is None else window.temperature_c[row],
        )
        limits = window.limits_of(int(row))
        for gap in gaps(reason[row] != ""):
            for part in _alike(reason[row], off[row], gap):
                columns = kwh[row], quality[row], method[row], reason[row]
                _fill(series, part, columns, limits, _estimators(window, int(row), part.start))
    adjust_to_registers(window, kwh, quality, method)
    final = (quality == "S") & (
        np.zeros(window.slots, dtype=np.bool_) if final_before is None else window.starts_at < final_before
    )
    quality[final] = "F"
    return FinalIntervals(kwh=kwh, quality=quality, method=method, reason=reason)


def _reasons(window: VeeWindow) -> NDArray[np.str_]:
    """Return why each slot cannot stand as it is; empty where it can."""
    reason = np.full(window.kwh.shape, "", dtype="U10")
    reason[~np.isfinite(window.kwh)] = "missing"
    # A gap's sum is measured; only how it lies over the slots is not.
    reason[np.isfinite(window.kwh) & (window.quality == "E")] = "spread"
    if window.most_kwh is not None:
        reason[window.kwh > window.most_kwh] = "impossible"
    reason[window.kwh < 0] = "negative"
    if window.installed is not None:
        reason[~window.installed & (reason == "missing")] = ""
    if window.partly is not None:
        # Both meters of a swap would be given the whole slot.
        reason[window.partly & (reason == "missing")] = ""
    return reason


def _alike(reason: NDArray[np.str_], off: Mask, gap: slice) -> list[slice]:
    """Return the parts of a gap of one reason each; what is missing is parted where the supply went off."""
    differs = reason[gap][1:] != reason[gap][:-1]
    differs |= (reason[gap][1:] == "missing") & (off[gap][1:] != off[gap][:-1])
    cuts = np.flatnonzero(differs) + gap.start + 1
    edges = [gap.start, *cuts.tolist(), gap.stop]
    return [slice(first, last) for first, last in pairwise(edges)]


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
    series: MeterSeries, gap: slice, columns: Columns, limits: VeeLimits, estimators: Estimators
) -> None:
    """Write into one meter's columns what stands in for a gap; nothing where no rule has an answer."""
    kwh, quality, method, reason = columns
    if reason[gap.start] == "spread":
        _reshape(series, gap, columns, limits, estimators)
        return
    for name, estimator in estimators:
        values = estimator(series, gap, limits)
        if values is None:
            continue
        kwh[gap] = np.rint(np.maximum(values, 0.0) / series.step_kwh) / (1.0 / series.step_kwh)
        method[gap] = name
        off = estimator is known_outage
        quality[gap] = "A" if off else "S"
        reason[gap] = "outage" if off else reason[gap]
        return
    quality[gap] = "N"


def _reshape(
    series: MeterSeries, gap: slice, columns: Columns, limits: VeeLimits, estimators: Estimators
) -> None:
    """Give a gap of known sum the shape of like days, and nothing to an outage within; the sum stays."""
    kwh, _, method, _ = columns
    steps = float(kwh[gap].sum()) / series.step_kwh
    if abs(steps - round(steps)) > WHOLE:
        return  # transformers were changed within: there is no one step to share out
    for name, values in _shapes(series, gap, limits, estimators):
        kwh[gap] = adjust_from_scalar(values, round(steps) * series.step_kwh, series.step_kwh)
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
