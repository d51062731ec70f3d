"""A point's month: how many readings its supplied time should have."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.power_quality.point_month import PointMonth, QualityPoint
from pipeline.model import MeterId
from pipeline.registry import Wiring
from pipeline.timegrid import to_numpy

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 10, 1, tzinfo=ZONE).astimezone(UTC)
END = datetime(2026, 11, 1, tzinfo=ZONE).astimezone(UTC)
HOUR = timedelta(hours=1)


def month(*outages: tuple[datetime, datetime]) -> PointMonth:
    return PointMonth(
        point=QualityPoint(
            service_point="SP",
            meter=MeterId("M"),
            wiring=Wiring.THREE_PHASE_FOUR_WIRE,
            zone=ZONE,
            nominal_v=220.0,
            nominal_kv=0.38,
        ),
        month=date(2026, 10, 1),
        starts_at=BEGIN,
        ends_at=END,
        period_s=900.0,
        taken_at=np.empty(0, dtype="datetime64[us]"),
        values={},
        outages=outages,
    )


@pytest.mark.parametrize(
    ("outages", "expected"),
    [
        ([], 2976),
        ([(BEGIN + HOUR, BEGIN + 3 * HOUR)], 2968),
        ([(BEGIN - HOUR, BEGIN + HOUR), (END - HOUR, END + HOUR)], 2968),
        ([(END, END + HOUR), (BEGIN - HOUR, BEGIN)], 2976),
        ([(BEGIN, END)], 0),
    ],
)
def test_time_without_supply_is_not_expected(outages: list[tuple[datetime, datetime]], expected: int) -> None:
    assert month(*outages).expected(900.0) == expected


@pytest.mark.parametrize(
    ("outages", "expected"),
    [
        ([], 2976 - 8),
        # Of the eight from 1 to 3 o'clock four lie within the outage, which takes its own eight off.
        ([(BEGIN + 2 * HOUR, BEGIN + 4 * HOUR)], 2976 - 8 - 4),
        ([(BEGIN + HOUR, BEGIN + 3 * HOUR)], 2976 - 8),
        ([(BEGIN, END)], 0),
    ],
)
def test_a_reading_without_supply_comes_off_once(
    outages: list[tuple[datetime, datetime]], expected: int
) -> None:
    dark_at = to_numpy(BEGIN + HOUR) + np.arange(8) * np.timedelta64(15, "m")
    assert month(*outages).expected_supplied(900.0, dark_at) == expected
