"""Months of service points for the tests of power-quality checks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from analysis.power_quality.point_month import Columns, PointMonth, QualityPoint
from pipeline.model import MeterId
from pipeline.registry import Wiring
from pipeline.timegrid import to_numpy

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 9, 1, tzinfo=ZONE).astimezone(UTC)
END = datetime(2026, 10, 1, tzinfo=ZONE).astimezone(UTC)
MINUTES = 43_200
"""Of September."""

POINT = QualityPoint(
    service_point="SP",
    meter=MeterId("M"),
    wiring=Wiring.THREE_PHASE_FOUR_WIRE,
    zone=ZONE,
    nominal_v=220.0,
    nominal_kv=0.38,
    rated_current_a=100.0,
)
SINGLE_PHASE = replace(POINT, wiring=Wiring.ONE_PHASE, nominal_kv=0.22)
THREE_WIRE = replace(
    POINT, wiring=Wiring.THREE_PHASE_THREE_WIRE, nominal_v=10_000.0, nominal_kv=10.0, pt=100.0
)
HIGH = replace(POINT, wiring=Wiring.THREE_PHASE_THREE_WIRE, nominal_v=35_000.0, nominal_kv=35.0, pt=350.0)


def month(
    values: Mapping[Any, Columns] | None = None,  # by quantity; Any: a literal one is a type of its own
    *,
    point: QualityPoint = POINT,
    period_s: float = 900.0,
    **given: Any,
) -> PointMonth:
    """Return September with these columns, a reading each ``period_s`` from its first instant on."""
    columns = values or {}
    count = len(next(iter(columns.values()), ()))
    step = np.timedelta64(round(period_s * 1e6), "us")
    return PointMonth(
        point=point,
        month=date(2026, 9, 1),
        starts_at=BEGIN,
        ends_at=END,
        period_s=period_s,
        taken_at=to_numpy(BEGIN) + np.arange(count) * step,
        values=columns,
        **given,
    )


def slots(period_s: float = 900.0) -> int:
    """Return how many readings a whole September has."""
    return round((END - BEGIN) / timedelta(seconds=period_s))


def wavering(level: float, count: int, swing: float = 0.5, seed: int = 0) -> Columns:
    """Return values about a level that never repeat, within ``swing`` of it."""
    return level + swing * np.random.default_rng(seed).uniform(-1.0, 1.0, count)
