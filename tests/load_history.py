"""Weeks of a made-up load with a shape by weekday, for the tests of forecasts."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.history import Question
from pipeline.block import Times
from pipeline.timegrid import local_clock, to_numpy

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 12, 14, tzinfo=SHANGHAI)
"""A Monday, no day off within weeks."""


def slots_before(at: datetime, days: float, minutes: int = 15) -> Times:
    """Return the starts of the slots of so many days before ``at`` and of one day from it on."""
    first = to_numpy(at - timedelta(days=days))
    return np.arange(first, to_numpy(at + timedelta(days=1)), np.timedelta64(minutes, "m"))


def weekly_load(starts_at: Times, zone: ZoneInfo = SHANGHAI, minutes: int = 15) -> NDArray[np.float64]:
    """Return the energy of one meter: 100 kW from 8 to 18 h on working days, else 20 kW; shape (1, slots)."""
    day, minute = local_clock(starts_at, zone)
    busy = ((day + 3) % 7 < 5) & (minute >= 8 * 60) & (minute < 18 * 60)
    load: NDArray[np.float64] = np.where(busy, 100.0, 20.0)[None, :] * minutes / 60.0
    return load


def noisy(kwh: NDArray[np.float64], meters: int, share: float = 0.1) -> NDArray[np.float64]:
    """Return so many meters that draw it with an independent error of so large a share."""
    random = np.random.default_rng(5)
    return kwh * random.normal(1.0, share, (meters, kwh.shape[1]))


def question(at: datetime = AT, slots: int = 96, minutes: int = 15, zone: ZoneInfo = SHANGHAI) -> Question:
    """Return what is asked: by default the day that begins at ``AT``."""
    return Question(at=at, slots=slots, minutes=minutes, zone=zone)
