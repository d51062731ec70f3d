"""Features of a customer's load shape (负荷特性): levels of a working day's hours, Saturdays, Sundays."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HOURS = 24
SATURDAY, SUNDAY = 5, 6
LEAST_WORKDAYS, LEAST_DAYS_OFF = 8, 2
"""Whole days without which nothing is said: working days, and Saturdays and Sundays each."""
LEAST_TEMPERATURES, LEAST_SPREAD_C = 14, 2.0
"""Days with a temperature, and their standard deviation, without which nothing is said of the cold."""
AWAY_SHARE = 0.3
"""A day below so much of a busy day (the upper quarter) is one on which nobody was there; our choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeFeatures:
    """One figure a customer, shape (customers,); NaN where too few whole days are known.

    Levels are means of hours of the average working day over the mean of that day: 1 is the day's mean.
    """

    night: Floats
    """0 to 5 h."""
    early: Floats
    """4 to 8 h."""
    day: Floats
    """9 to 16 h."""
    evening: Floats
    """18 to 22 h."""
    lowest: Floats
    """Lowest over highest hour: 1 is flat."""
    saturday: Floats
    """Energy of a Saturday over that of a working day."""
    sunday: Floats
    """Likewise of a Sunday or holiday."""
    away: Floats
    """Share of days that are far below a busy day."""
    back: Floats
    """Energy fed back over energy drawn."""
    cold: Floats
    """How far more is drawn on colder days: Pearson's coefficient with the temperature, its sign turned.

    NaN where too few temperatures are filed or they hardly differ."""
    kwh_a_day: Floats
    """Energy drawn on an average working day."""


FEATURES = tuple(entry.name for entry in fields(ShapeFeatures))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnergies:
    """What windows over the same days share, shape (customers, days)."""

    whole: NDArray[np.bool_]
    """Whether every hour of the day is known."""
    drawn: Floats
    """NaN where the day is not whole."""
    fed: Floats
    """0 where the day is not whole."""

    def within(self, days: slice) -> DayEnergies:
        """Return those of some days."""
        return DayEnergies(whole=self.whole[:, days], drawn=self.drawn[:, days], fed=self.fed[:, days])


def day_energies(drawn: Floats, fed: Floats) -> DayEnergies:
    """Return the days of hours of shape (customers, days, 24), NaN where missing."""
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(drawn).all(axis=2))
    return DayEnergies(
        whole=whole,
        drawn=np.where(whole, np.where(np.isfinite(drawn), drawn, 0.0).sum(axis=2), np.nan),
        fed=np.where(whole, np.nan_to_num(fed).sum(axis=2), 0.0),
    )


def shape_features(
    drawn: Floats,
    fed: Floats,
    weekday: NDArray[np.integer],
    mean_c: Floats | None = None,
    *,
    trimmed: float = 0.0,
) -> ShapeFeatures:
    """Return the features of customers over some weeks.

    Args:
        drawn: Energy drawn in each hour, shape (customers, days, 24), NaN where missing.
        fed: Energy fed back, likewise.
        weekday: 0 is Monday, shape (days,); holidays as ``SUNDAY``, worked weekend days as a working day.
        mean_c: Mean outdoor temperature of each day, NaN where not filed; None where none is.
        trimmed: Share of the days at either end of each hour that do not count: with a quarter a week of
            another use among three does not make another day of it, but irregular homes change class more.
    """
    return features_of_days(drawn, day_energies(drawn, fed), weekday, mean_c, trimmed=trimmed)


def features_of_days(
    drawn: Floats,
    days: DayEnergies,
    weekday: NDArray[np.integer],
    mean_c: Floats | None = None,
    *,
    trimmed: float = 0.0,
) -> ShapeFeatures:
    """Return the features of customers whose days' energies are known: see :func:`shape_features`."""
    workday, on_saturday, on_sunday = (
        _usual(drawn[:, kind], days.whole[:, kind], least, trimmed)
        for kind, least in (
            (weekday < SATURDAY, LEAST_WORKDAYS),
            (weekday == SATURDAY, LEAST_DAYS_OFF),
            (weekday == SUNDAY, LEAST_DAYS_OFF),
        )
    )
    saturday, sunday = on_saturday.sum(axis=1), on_sunday.sum(axis=1)
    of_workday = workday.sum(axis=1)
    level = _over(workday, of_workday[:, None] / HOURS)
    known = np.isfinite(of_workday + saturday + sunday)
    energy, given = days.drawn, days.fed.sum(axis=1)
    return ShapeFeatures(
        night=level[:, 0:5].mean(axis=1),
        early=level[:, 4:8].mean(axis=1),
        day=level[:, 9:16].mean(axis=1),
        evening=level[:, 18:22].mean(axis=1),
        lowest=_over(workday.min(axis=1), workday.max(axis=1)),
        saturday=_over(saturday, of_workday),
        sunday=_over(sunday, of_workday),
        away=np.where(known, _away(energy), np.nan),
        back=np.where(known, _over(given, np.nansum(energy, axis=1)), np.nan),
        cold=np.where(known, _cold(energy, mean_c), np.nan),
        kwh_a_day=np.where(known, of_workday, np.nan),
    )


def _usual(hours: Floats, whole: NDArray[np.bool_], least: int, trimmed: float) -> Floats:
    """Return each hour's mean over the middle ones of the whole days, shape (customers, 24).

    NaN where the days are too few.
    """
    count = whole.sum(axis=1)
    days = np.where(whole[..., None], hours, np.nan)
    cut = (trimmed * count).astype(np.int64)
    kept = whole
    if cut.any():
        days = np.sort(days, axis=1)
        place = np.arange(hours.shape[1])
        kept = (place >= cut[:, None]) & (place < (count - cut)[:, None])
    total = np.where(kept[..., None], days, 0.0).sum(axis=1)
    return np.where((count >= least)[:, None], total / np.maximum(kept.sum(axis=1), 1)[:, None], np.nan)


def _away(energy: Floats) -> Floats:
    """Return the share of known days below a part of the busy ones, the mean of the upper quarter."""
    days = np.isfinite(energy).sum(axis=1)
    ranked = -np.sort(-np.nan_to_num(energy, nan=-1.0), axis=1)
    quarter = np.maximum(days // 4, 1)
    busy = np.cumsum(ranked, axis=1)[np.arange(len(energy)), quarter - 1] / quarter
    below = (energy < AWAY_SHARE * busy[:, None]).sum(axis=1)
    return _over(below.astype(np.float64), days.astype(np.float64))


def _cold(energy: Floats, mean_c: Floats | None) -> Floats:
    """Return the coefficient of the days' energies with their cold."""
    if mean_c is None:
        return np.full(len(energy), np.nan)
    there = np.isfinite(energy) & np.isfinite(mean_c)
    count = np.maximum(there.sum(axis=1), 1)[:, None]
    warm = np.where(there, mean_c, 0.0)
    used = np.where(there, energy, 0.0)
    apart = np.where(there, warm - warm.sum(axis=1, keepdims=True) / count, 0.0)
    other = np.where(there, used - used.sum(axis=1, keepdims=True) / count, 0.0)
    spread = np.sqrt((apart * apart).sum(axis=1) / count[:, 0])
    size = np.sqrt((apart * apart).sum(axis=1) * (other * other).sum(axis=1))
    is_told = (there.sum(axis=1) >= LEAST_TEMPERATURES) & (spread >= LEAST_SPREAD_C)
    return np.where(is_told, _over(-(apart * other).sum(axis=1), size), np.nan)


def _over(value: Floats, of: Floats) -> Floats:
    """Return a ratio; NaN where what it is of is not above 0."""
    shape = np.broadcast_shapes(value.shape, of.shape)
    nothing = np.full(shape, np.nan)
    ratio: Floats = np.divide(value, of, out=nothing, where=np.broadcast_to(of > 0, shape))
    return ratio
