from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from detectors.area.dark_hours import DarkHours, dark_hours
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.daily_rows import DailyRows
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import Registry

BERLIN = ZoneInfo("Europe/Berlin")
METER = MeterId("m")
FIRST = datetime(2024, 3, 30, tzinfo=BERLIN)
"""The clocks go forward on March 31st at 2 h."""


def _daily(days: int) -> DailyRows:
    nothing = np.zeros((1, days))
    return DailyRows(
        zones=[BERLIN],
        days=np.datetime64("2024-03-30") + np.arange(days),
        kwh=nothing,
        coverage=nothing,
        max_kw=nothing,
        min_kw=nothing,
        zero_slots=nothing,
    )


def _entry(
    at: datetime, status: CoverageStatus = CoverageStatus.GOT, cause: Cause | None = None
) -> CoverageEntry:
    return CoverageEntry(meter=METER, group=Group.REGISTER, slot_at=at, status=status, cause=cause)


def test_hours_are_local_ones_and_one_is_missing_when_the_clocks_go_forward() -> None:
    hours = [_entry(FIRST.astimezone(ZoneInfo("UTC")) + timedelta(hours=n)) for n in range(47)]
    found = dark_hours(hours, [METER], _daily(2), Registry())
    assert found.asked[0, 0].tolist() == [1] * 24
    assert found.asked[0, 1].tolist() == [1, 1, 0] + [1] * 21


def test_an_hour_with_one_answer_is_not_dark() -> None:
    missing = CoverageStatus.MISSING
    told = [
        _entry(FIRST, missing, Cause.NO_ANSWER),
        _entry(FIRST + timedelta(minutes=30), CoverageStatus.LATE),
        _entry(FIRST + timedelta(hours=5), missing, Cause.NO_ANSWER),
        _entry(FIRST + timedelta(hours=6), missing, Cause.LINK),
        _entry(FIRST - timedelta(hours=6), missing, Cause.NO_ANSWER),
    ]
    found = dark_hours(told, [METER], _daily(1), Registry())
    assert np.flatnonzero(found.dark[0, 0]).tolist() == [5]
    assert found.asked.sum() == 3


def test_days_are_counted_over_a_week_and_only_bright_ones() -> None:
    asked = np.ones((1, 9, 24), np.int64)
    lost = np.zeros_like(asked)
    lost[0, :, 20] = 1
    lost[0, 1] = 1
    counted = DarkHours(asked=asked, lost=lost).dark_days(7, 0.7)
    assert counted[0, :, 20].tolist() == [1, 1, 2, 3, 4, 5, 6, 6, 7]
    assert counted[0, :, 19].tolist() == [0] * 9
