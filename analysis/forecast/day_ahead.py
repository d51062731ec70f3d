"""The forecast of many meters at once: P10, P50, P90 of each slot, and the highest demand to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.blend import LEARNT_ROWS, Expect, blend
from analysis.forecast.history import MOST_DAYS_AHEAD, History, Question, history_of, lacking, places_of
from analysis.forecast.maxima import MonthEnd, highest_demand, month_end, months_joined
from analysis.forecast.quantiles import SHARES, slot_quantiles
from analysis.load.daily import DEMAND_MINUTES
from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.timegrid import MINUTES_PER_DAY

Floats = NDArray[np.float64]
METERS_AT_A_TIME = 50
"""So many fit into a processor's memory with all that is worked out of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """The forecasts of some meters; a meter that lacks something has NaN in every array."""

    lacking: Sequence[str | None]
    """What a meter's past lacks for a forecast."""
    kwh: Floats
    """P10, P50 and P90 of each slot, shape (3, meters, slots)."""
    highest_kw: Floats
    """P50 and P90 of the highest demand of the slots, shape (2, meters)."""
    month: MonthEnd


def forecasts(kwh: Floats, starts_at: Times, question: Question, expect: Expect = blend) -> Forecasts:
    """Return the forecast of each meter from what it drew before the origin, and from nothing else.

    Args:
        kwh: Measured energy of each slot, shape (meters, slots), NaN where missing.
        starts_at: Slot starts, UTC, rising.
        question: What is asked for.
        expect: How the slots are; the highest demand is told by the blend always.

    Raises:
        DataError: If no slot, or more than ``MOST_DAYS_AHEAD`` days are asked for, or the origin is not where
            a slot starts.
    """
    most = MOST_DAYS_AHEAD * MINUTES_PER_DAY // question.minutes
    if not 1 <= question.slots <= most:
        raise DataError(
            f"expected 1 to {most} slots of {question.minutes} min ({MOST_DAYS_AHEAD} days),"
            f" not {question.slots}"
        )
    parts = [
        _of_some(kwh[first : first + METERS_AT_A_TIME], starts_at, question, expect)
        for first in range(0, max(len(kwh), 1), METERS_AT_A_TIME)
    ]
    return Forecasts(
        lacking=[lack for part in parts for lack in part.lacking],
        kwh=np.concatenate([part.kwh for part in parts], axis=1),
        highest_kw=np.concatenate([part.highest_kw for part in parts], axis=1),
        month=months_joined([part.month for part in parts]),
    )


def _of_some(kwh: Floats, starts_at: Times, question: Question, expect: Expect) -> Forecasts:
    """Return the forecasts of so many meters as fit into the processor's memory."""
    history = history_of(kwh, starts_at, question)
    lacks = list(lacking(history, question.rows_ahead))
    fit = np.flatnonzero([lack is None for lack in lacks])
    chosen = history if len(fit) == len(kwh) else history.of(fit)
    month = month_end(chosen, kwh[fit], starts_at)
    highest_kw = highest_demand(chosen, question.slots)
    slots = _bounded(_slots(chosen, question, expect), highest_kw, chosen)
    return Forecasts(
        lacking=lacks,
        kwh=_spread_out(slots, fit, len(kwh)),
        highest_kw=_spread_out(highest_kw, fit, len(kwh)),
        month=replace(
            month,
            so_far_kw=_spread_out(month.so_far_kw, fit, len(kwh)),
            p50_kw=_spread_out(month.p50_kw, fit, len(kwh)),
            p90_kw=_spread_out(month.p90_kw, fit, len(kwh)),
        ),
    )


def _slots(history: History, question: Question, expect: Expect) -> Floats:
    """Return the quantiles of the slots asked for, shape (3, meters, slots)."""
    if not len(history.kwh):
        return np.empty((len(SHARES), 0, question.slots))
    days = np.concatenate([_day(history, lead, expect) for lead in range(1, question.rows_ahead + 1)], axis=2)
    row, slot = places_of(question.starts_at, question.minutes, question.at, question.zone)
    # By the clock an hour that comes twice may fall before the origin: it is like that of a day on.
    wanted: Floats = days[:, :, np.maximum(row, 0) * history.per_day + slot]
    return wanted


def _day(history: History, lead: int, expect: Expect) -> Floats:
    """Return the quantiles of each slot of the day so far ahead, as its own errors give them."""
    said = expect(history.kwh, history.parts, lead, LEARNT_ROWS)
    rows = said.rows[-LEARNT_ROWS - 1 :]
    happened = history.kwh[:, rows[:-1]]
    return slot_quantiles(said.kwh[:, -len(rows) :], happened, history.minutes)


def _bounded(slots: Floats, highest_kw: Floats, history: History) -> Floats:
    """Return the slots' quantiles where they can lie: not below what is ever drawn, nor above the maximum.

    A slot's energy cannot exceed that of the highest demand, so each of its quantiles lies at most at the
    same one of the highest demand, P10 at most at its P50. A block of several short slots bounds each.
    """
    most = highest_kw[[0, 0, 1]] * max(history.minutes, DEMAND_MINUTES) / 60.0
    bounded: Floats = np.minimum(slots, np.where(np.isfinite(most), most, np.inf)[:, :, None])
    return np.maximum(bounded, history.least[None, :, None])


def _spread_out(values: Floats, fit: NDArray[np.intp], meters: int) -> Floats:
    """Return values of some meters as those of all, NaN for the others.

    The meters' axis is the only one, or comes after that of the quantiles.
    """
    axis = min(values.ndim - 1, 1)
    shape = [*values.shape]
    shape[axis] = meters
    full = np.full(shape, np.nan)
    full[(slice(None),) * axis + (fit,)] = values
    return full
