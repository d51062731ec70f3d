"""Windows made by hand for detectors that judge days: daily rows alone, or slots of one meter."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.block import MeterMatrix
from pipeline.daily_reduction import daily_rows
from pipeline.daily_rows import DailyRows
from pipeline.model import MeterId

UTC = ZoneInfo("Etc/UTC")
FIRST_DAY = np.datetime64("2024-06-03")
"""A Monday."""


def by_days(kwh: np.ndarray) -> MeterMatrix:
    """Return a window of daily rows alone, shape (meters, days): it has no slots at all."""
    nothing = np.zeros((len(kwh), 0))
    return MeterMatrix(
        meters=[MeterId(f"M{row}") for row in range(len(kwh))],
        starts_at=np.zeros(0, "datetime64[us]"),
        minutes=15,
        values={},
        import_kwh=nothing,
        quality=nothing.astype("U1"),
        step_kwh=np.full(len(kwh), 0.01),
        power_kw=nothing,
        daily=DailyRows(
            zones=[UTC] * len(kwh),
            days=np.arange(FIRST_DAY, FIRST_DAY + kwh.shape[1]),
            kwh=kwh,
            coverage=np.isfinite(kwh).astype(float),
            max_kw=kwh / 24,
            min_kw=kwh / 24,
            zero_slots=np.zeros(kwh.shape),
        ),
    )


def by_slots(kwh: np.ndarray, step_kwh: float = 0.01) -> MeterMatrix:
    """Return a window of actual quarters of an hour and its days in UTC: shape (meters, slots)."""
    first = FIRST_DAY.astype("datetime64[us]")
    window = MeterMatrix(
        meters=[MeterId(f"M{row}") for row in range(len(kwh))],
        starts_at=first + np.arange(kwh.shape[1]) * np.timedelta64(15, "m"),
        minutes=15,
        values={},
        import_kwh=kwh,
        quality=np.where(np.isnan(kwh), "N", "A"),
        step_kwh=np.full(len(kwh), step_kwh),
        power_kw=np.full(kwh.shape, np.nan),
    )
    return replace(window, daily=daily_rows(window, [UTC] * len(kwh)))
