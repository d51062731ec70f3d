from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.metering.use_after import Comparison, use_after
from pipeline.daily_rows import DailyRows

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2024, 6, 3, tzinfo=ZONE)
HOW = Comparison(most_days=15, least_days=3, restored=0.9, restore_days=2)


def _daily(kwh: list[float], coverage: float = 1.0) -> DailyRows:
    column = np.array([kwh])
    return DailyRows(
        zones=[ZONE],
        days=np.datetime64("2024-06-03") + np.arange(len(kwh)),
        kwh=column,
        coverage=np.where(np.isfinite(column), coverage, 0.0),
        max_kw=column,
        min_kw=column,
        zero_slots=column,
    )


def test_a_drop_by_hand() -> None:
    """Five days of 10 kWh, the day itself, five of 6 kWh: 40 % gone, 5 x 4 kWh missing."""
    use = use_after(_daily([10.0] * 5 + [8.0] + [6.0] * 5), 0, MONDAY + timedelta(days=5, hours=10), HOW)
    assert use is not None
    assert use.drop == pytest.approx(0.4)
    assert use.missing_kwh == pytest.approx(20.0)
    assert (use.days, use.ends_at) == ((5, 5), None)


def test_weekends_are_compared_with_weekends() -> None:
    week = [10.0, 10.0, 10.0, 10.0, 10.0, 2.0, 2.0]
    use = use_after(_daily([*week, *week]), 0, MONDAY + timedelta(days=9), HOW)
    assert use is not None
    assert use.drop == pytest.approx(0.0)


def test_two_usual_days_in_a_row_end_it_and_an_unknown_one_does_not_break_them() -> None:
    after = [6.0, 10.0, 6.0, 10.0, np.nan, 9.5, 6.0]
    use = use_after(_daily([10.0] * 5 + [8.0, *after]), 0, MONDAY + timedelta(days=5), HOW)
    assert use is not None
    assert use.ends_at == MONDAY + timedelta(days=9)
    assert use.missing_kwh == pytest.approx(4.0 + 0.0 + 4.0)


@pytest.mark.parametrize(
    "kwh",
    [
        [10.0] * 2 + [8.0] + [6.0] * 5,
        [10.0] * 5 + [8.0] + [6.0] * 2,
        [np.nan] * 5 + [8.0] + [6.0] * 5,
        [0.0] * 5 + [8.0] + [6.0] * 5,
    ],
)
def test_too_few_days_or_no_use_before_say_nothing(kwh: list[float]) -> None:
    day = kwh.index(8.0)
    assert use_after(_daily(kwh), 0, MONDAY + timedelta(days=day), HOW) is None


def test_days_known_in_part_do_not_count() -> None:
    assert use_after(_daily([10.0] * 5 + [8.0] + [6.0] * 5, 0.9), 0, MONDAY + timedelta(days=5), HOW) is None
