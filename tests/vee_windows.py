"""Windows of intervals for the tests of validation and estimation."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike

from pipeline.model import MeterId
from pipeline.timegrid import local_clock
from pipeline.vee_window import VeeWindow

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = np.datetime64("2025-12-31T16:00", "us")
"""Midnight of 1 January 2026 in Shanghai."""


def vee_window(
    kwh: ArrayLike, *, minutes: int = 15, start: np.datetime64 = START, zone: ZoneInfo = SHANGHAI, **more: Any
) -> VeeWindow:
    """Return a window of one or more meters with a step of 0.01 kWh; letters follow the values."""
    energy = np.atleast_2d(np.array(kwh, dtype=np.float64))
    meters, slots = energy.shape
    times = start + np.arange(slots) * np.timedelta64(minutes, "m")
    day, minute = local_clock(times, zone)
    known: Mapping[str, Any] = {
        "quality": np.where(np.isfinite(energy), "A", "N"),
        "step_kwh": np.full(meters, 0.01),
        **more,
    }
    return VeeWindow(
        meters=[MeterId(f"M{row + 1}") for row in range(meters)],
        starts_at=times,
        minutes=minutes,
        day=day,
        minute_of_day=minute,
        kwh=energy,
        **known,
    )
