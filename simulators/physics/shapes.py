"""Synthetic days: how homes, offices, plants and pumps draw power and the sun gives it, from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.registry import DEFAULT_ZONE
from simulators.physics.loads import LoadCurve
from simulators.physics.local_time import SATURDAY, LocalTimes, local_times

Column: TypeAlias = NDArray[np.float64]
Shape: TypeAlias = Callable[[LocalTimes, np.random.Generator], Column]
"""The share of the peak that is drawn in each slot, 0 to 1."""

NOISE = 0.05
"""Standard deviation of the load around its shape, as a share of the shape."""
EDGE_H = 0.25
"""How quickly a plant or an office starts and stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What a synthetic customer is like."""

    shape: str
    """A name in :data:`SHAPES`."""
    peak_kw: float
    power_factor: float = 0.95
    """Lagging."""
    zone: ZoneInfo = DEFAULT_ZONE


def synthetic(plan: LoadPlan, starts_at: datetime, ends_at: datetime, minutes: int, seed: int) -> LoadCurve:
    """Return a customer's curve for ``[starts_at, ends_at)``; the same seed gives the same curve."""
    count = -int((starts_at - ends_at) // timedelta(minutes=minutes))
    times = local_times(starts_at, count, minutes, plan.zone)
    rng = np.random.default_rng(seed)
    share = SHAPES[plan.shape](times, rng) * (1 + NOISE * rng.standard_normal(count))
    active = plan.peak_kw * np.clip(share, 0.0, 1.0)
    lagging = np.tan(np.arccos(plan.power_factor)) * (1 + NOISE * rng.standard_normal(count))
    return LoadCurve.of(starts_at, minutes, active, active * lagging)


def _bump(hour: Column, centre_h: float, width_h: float) -> Column:
    """Return a bell over the day, 1 at its centre; it reaches across midnight."""
    away: Column = np.abs((hour - centre_h + 12) % 24 - 12)
    bell: Column = np.exp(-((away / width_h) ** 2))
    return bell


def _plateau(hour: Column, from_h: float, to_h: float) -> Column:
    """Return 1 between two hours and 0 outside, with short ramps."""
    rise: Column = 1 / (1 + np.exp(-(hour - from_h) / EDGE_H))
    plateau: Column = rise / (1 + np.exp((hour - to_h) / EDGE_H))
    return plateau


def _home(times: LocalTimes, rng: np.random.Generator) -> Column:
    morning = 0.30 * _bump(times.hour, 7.3 + rng.normal(0, 0.4), 1.0)
    evening = 0.60 * _bump(times.hour, 20.0 + rng.normal(0, 0.5), 2.2)
    midday = np.where(times.weekend, 0.30, 0.12) * _bump(times.hour, 12.2, 1.5)
    kettles = 0.2 * (rng.random(times.hour.size) < 0.05) * (times.hour > 6)  # noqa: PLR2004 - people get up
    return 0.08 + morning + evening + midday + kettles


def _office(times: LocalTimes, _rng: np.random.Generator) -> Column:
    work = 0.75 * _plateau(times.hour, 8.2, 18.0) - 0.12 * _bump(times.hour, 12.7, 0.6)
    return 0.12 + np.where(times.weekend, 0.1, 1.0) * work


def _two_shift(times: LocalTimes, rng: np.random.Generator) -> Column:
    both = 0.78 * _plateau(times.hour, 6.0, 22.0)
    first = 0.55 * _plateau(times.hour, 6.0, 14.0)
    work = np.where(times.weekday < SATURDAY, both, np.where(times.weekday == SATURDAY, first, 0.0))
    return 0.08 + work * (1 + 0.08 * rng.standard_normal(times.hour.size))


def _restaurant(times: LocalTimes, _rng: np.random.Generator) -> Column:
    lunch, dinner = _bump(times.hour, 12.0, 1.6), _bump(times.hour, 18.8, 2.0)
    return 0.15 + 0.55 * lunch + np.where(times.weekend, 0.75, 0.62) * dinner


def _pump(times: LocalTimes, rng: np.random.Generator) -> Column:
    blocks = rng.random(times.hour.size // 4 + 1) < 0.35  # noqa: PLR2004 - it runs about a third of the time
    running = np.repeat(blocks, 4)[: times.hour.size]
    return np.where(running, 0.9, 0.02)


def _continuous(times: LocalTimes, rng: np.random.Generator) -> Column:
    """Return a process that runs day and night, every day, and swings with its batches of about two hours."""
    return 0.78 + 0.06 * np.sin(2 * np.pi * times.hour / 2.1 + rng.uniform(0, 2 * np.pi))


def _flat(times: LocalTimes, _rng: np.random.Generator) -> Column:
    return np.full(times.hour.size, 0.6)


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "home": _home,
        "office": _office,
        "two_shift": _two_shift,
        "restaurant": _restaurant,
        "pump": _pump,
        "continuous": _continuous,
        "flat": _flat,
    }
)
"""Shapes by the name that a fleet file uses."""

SUNRISE_H, SUNSET_H = 6.0, 18.5


def sunshine(times: LocalTimes) -> Column:
    """Return the share of the peak that panels make at local times, 0 to 1, without clouds."""
    along = np.clip((times.hour - SUNRISE_H) / (SUNSET_H - SUNRISE_H), 0.0, 1.0)
    power: Column = np.sin(np.pi * along) ** 1.5
    return power
