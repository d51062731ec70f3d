"""How good forecasts would have been: each day forecast from the days before it, against simple rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.blend import WEEK
from analysis.forecast.day_ahead import Forecasts
from analysis.forecast.history import NEED_DAYS, WHOLE_SHARE, Question, history_of, places_of
from analysis.forecast.maxima import demand_kw
from analysis.forecast.quantiles import SHARES
from pipeline.block import Times

Floats = NDArray[np.float64]
Work: TypeAlias = Callable[[Floats, Times, Question], Forecasts]
"""A way to forecast."""
BASELINES: Final = ("naive week", "naive day", "mean of 4 weekdays")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over the slots and days that were forecast; those of two stretches add up."""

    slots: int = 0
    drawn: float = 0.0
    """Sum of the absolute energies, kWh."""
    wrong: float = 0.0
    """Sum of the absolute errors of P50."""
    pinball: float = 0.0
    """Sum of the pinball losses of P10, P50 and P90 over three."""
    below_p10: int = 0
    """Slots that came below it."""
    below_p50: int = 0
    below_p90: int = 0
    days: int = 0
    """Days with a known maximum."""
    peaks: float = 0.0
    """Sum of the highest demands, kW."""
    peaks_wrong: float = 0.0
    peaks_below_p50: int = 0
    peaks_below_p90: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            **{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)}
        )

    @property
    def error_percent(self) -> float:
        """Sum of the absolute errors over the sum of the absolute energies; NaN where nothing was drawn."""
        return _percent(self.wrong, self.drawn)

    @property
    def pinball_percent(self) -> float:
        """Mean pinball loss over the mean absolute energy."""
        return _percent(self.pinball, self.drawn)

    @property
    def below_percent(self) -> tuple[float, float, float]:
        """Share of the slots below P10, P50 and P90: 10, 50 and 90 were they perfect."""
        p10, p50, p90 = (_percent(n, self.slots) for n in (self.below_p10, self.below_p50, self.below_p90))
        return p10, p50, p90

    @property
    def peak_error_percent(self) -> float:
        """Sum of the absolute errors of the daily maxima over the sum of the maxima."""
        return _percent(self.peaks_wrong, self.peaks)

    @property
    def peaks_below_percent(self) -> tuple[float, float]:
        """Share of the days whose maximum stayed below P50 and P90 of it."""
        return _percent(self.peaks_below_p50, self.days), _percent(self.peaks_below_p90, self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a backtest came to."""

    by_method: Mapping[str, Tally]
    """Baselines first; they give no quantiles, so those figures of theirs mean nothing."""
    refused: int
    """Days of meters without a forecast, for what came before was incomplete."""


def backtest(
    kwh: Floats, starts_at: Times, questions: Sequence[Question], models: Mapping[str, Work]
) -> Backtest:
    """Forecast each question from what came before it, and compare with what came; all meters together.

    Only slots count that every method forecast and that are known.

    Args:
        kwh: Energy of each slot, shape (meters, slots), NaN where missing.
        starts_at: Slot starts, UTC, equal steps.
        questions: One a day, each from a local midnight on.
        models: Ways to forecast, by name.
    """
    total = dict.fromkeys((*BASELINES, *models), Tally())
    refused = 0
    for question in questions:
        place = np.searchsorted(starts_at, question.starts_at)
        inside = place < len(starts_at)
        came = np.full((len(kwh), question.slots), np.nan)
        came[:, inside] = kwh[:, place[inside]]
        said = {name: work(kwh, starts_at, question) for name, work in models.items()}
        points = _baselines(kwh, starts_at, question)
        known = np.isfinite(came)
        for curve in (*points.values(), *(one.kwh[1] for one in said.values())):
            known &= np.isfinite(curve)
        refused += sum(any(one.lacking[row] is not None for one in said.values()) for row in range(len(kwh)))
        highest = _highest(came, known, question.minutes)
        for name, curve in points.items():
            peaks = np.fmax.reduce(demand_kw(curve, question.minutes), axis=1)
            total[name] = (
                total[name]
                .plus(_tally(came, np.stack([curve] * 3), known))
                .plus(_peaks(highest, np.stack([peaks] * 2)))
            )
        for name, one in said.items():
            slots = _tally(came, one.kwh, known)
            total[name] = total[name].plus(slots).plus(_peaks(highest, one.highest_kw))
    return Backtest(by_method=total, refused=refused)


def _baselines(kwh: Floats, starts_at: Times, question: Question) -> dict[str, Floats]:
    """Return what the simple rules say of the day: without quantiles, without a calendar."""
    history = history_of(kwh, starts_at, question)
    rows = np.full((len(kwh), NEED_DAYS, history.per_day), np.nan)
    known = min(history.rows, NEED_DAYS)
    rows[:, NEED_DAYS - known :] = history.kwh[:, history.rows - known :]
    weekdays = rows[:, ::WEEK]
    there = np.isfinite(weekdays)
    count = there.sum(axis=1)
    mean = np.where(there, weekdays, 0.0).sum(axis=1) / np.maximum(count, 1)
    _, at_clock = places_of(question.starts_at, question.minutes, question.at, question.zone)
    curves = (rows[:, -WEEK], rows[:, -1], np.where(count > 0, mean, np.nan))
    return {name: curve[:, at_clock] for name, curve in zip(BASELINES, curves, strict=True)}


def _tally(came: Floats, said: Floats, known: NDArray[np.bool_]) -> Tally:
    actual = came[known]
    quantiles = said[:, known]
    apart = actual - quantiles
    shares = np.array(SHARES)[:, None]
    below = (apart < 0.0).sum(axis=1)
    return Tally(
        slots=len(actual),
        drawn=float(np.abs(actual).sum()),
        wrong=float(np.abs(apart[1]).sum()),
        pinball=float(np.maximum(shares * apart, (shares - 1.0) * apart).sum()) / len(SHARES),
        below_p10=int(below[0]),
        below_p50=int(below[1]),
        below_p90=int(below[2]),
    )


def _highest(came: Floats, known: NDArray[np.bool_], minutes: int) -> Floats:
    """Return each meter's highest demand of the day, NaN where the day is not whole or not forecast."""
    whole = known.mean(axis=1) >= WHOLE_SHARE
    return np.where(whole, np.fmax.reduce(demand_kw(came, minutes), axis=1), np.nan)


def _peaks(highest: Floats, said: Floats) -> Tally:
    known = np.isfinite(highest) & np.isfinite(said).all(axis=0)
    actual, (p50, p90) = highest[known], said[:, known]
    return Tally(
        days=len(actual),
        peaks=float(actual.sum()),
        peaks_wrong=float(np.abs(actual - p50).sum()),
        peaks_below_p50=int((actual < p50).sum()),
        peaks_below_p90=int((actual < p90).sum()),
    )


def _percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole else float("nan")
