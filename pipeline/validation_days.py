"""Validation of whole local days against the meter's own days before: days of 23 and 25 hours as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.vee_limits import VeeLimits
from pipeline.vee_window import Finding, Floats, Mask, VeeWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotals:
    """Energy of every local day; arrays of shape (meters, days)."""

    kwh_an_hour: Floats
    """Mean of the day's slots: a day of 23 hours has no less. NaN where a slot is missing."""
    estimated: Floats
    """Share of the day's slots that are not actual."""
    first: NDArray[np.int64]
    """First slot of each day, shape (days,)."""
    slots: NDArray[np.int64]


def day_totals(window: VeeWindow) -> DayTotals:
    """Return the local days that begin or go on within the window."""
    _, first, slots = np.unique(window.day, return_index=True, return_counts=True)
    sums = np.add.reduceat(window.kwh, first, axis=1)
    estimated = np.add.reduceat((window.quality != "A").astype(np.float64), first, axis=1) / slots
    hours = slots * window.minutes / 60.0
    return DayTotals(kwh_an_hour=sums / hours, estimated=estimated, first=first, slots=slots)


def first_judged(window: VeeWindow, limits: VeeLimits) -> int | None:
    """Return the first slot of the first day with enough days before it; None where no day has."""
    first = day_totals(window).first
    return int(first[limits.history_days]) if len(first) > limits.history_days else None


def high_low(window: VeeWindow, limits: VeeLimits) -> Iterator[Finding]:
    """Yield days that are far above or below the average of the days before."""
    totals = day_totals(window)
    mean, _ = _history(totals, limits)
    percent = 100.0 * totals.kwh_an_hour / np.where(mean > 0, mean, np.nan)
    wrong = (percent < limits.low_percent) | (percent > limits.high_percent)
    for row, day in np.argwhere(wrong):
        expected = (
            f"{limits.low_percent:g} to {limits.high_percent:g} % of {24 * mean[row, day]:.6g} kWh a day"
        )
        yield _finding(window, totals, "high_low", int(row), int(day), expected)


def dynamic_comparison(window: VeeWindow, limits: VeeLimits) -> Iterator[Finding]:
    """Yield days further from the mean of the days before than so many of their standard deviations."""
    totals = day_totals(window)
    mean, spread = _history(totals, limits)
    least = window.step_kwh[:, None] * 60.0 / window.minutes
    wrong = np.abs(totals.kwh_an_hour - mean) > np.maximum(limits.sigma * spread, least)
    for row, day in np.argwhere(wrong):
        expected = f"{24 * mean[row, day]:.6g} +- {24 * limits.sigma * spread[row, day]:.3g} kWh a day"
        yield _finding(window, totals, "dynamic_comparison", int(row), int(day), expected)


def _history(totals: DayTotals, limits: VeeLimits) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the days before each day; NaN with too few or too estimated."""
    size = limits.history_days
    mean = np.full(totals.kwh_an_hour.shape, np.nan)
    spread = np.full(totals.kwh_an_hour.shape, np.nan)
    if totals.kwh_an_hour.shape[1] <= size:
        return mean, spread
    windows = np.lib.stride_tricks.sliding_window_view(totals.kwh_an_hour, size, axis=1)[:, :-1]
    estimated = np.lib.stride_tricks.sliding_window_view(totals.estimated, size, axis=1)[:, :-1]
    trusted: Mask = estimated.mean(axis=2) <= limits.history_estimated_share
    mean[:, size:] = np.where(trusted, windows.mean(axis=2), np.nan)
    spread[:, size:] = np.where(trusted, windows.std(axis=2), np.nan)
    return mean, spread


def _finding(window: VeeWindow, totals: DayTotals, rule: str, row: int, day: int, expected: str) -> Finding:  # noqa: PLR0913, PLR0917 - the day and what was expected of it
    return Finding(
        rule=rule,
        meter=window.meters[row],
        starts_at=window.starts_at[int(totals.first[day])],
        slots=int(totals.slots[day]),
        expected=expected,
        came=f"{24 * totals.kwh_an_hour[row, day]:.6g} kWh a day",
    )
