from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.forecast.days_off import days_off_cn
from analysis.load.hours import hour_table, kinds_of_days
from pipeline.tariff import Tariff
from pipeline.timegrid import local_day, slot_grid

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def test_quarters_add_up_to_hours_of_the_local_day() -> None:
    at = slot_grid(datetime(2026, 1, 4, 16, tzinfo=UTC), datetime(2026, 1, 6, 16, tzinfo=UTC), 15)
    kwh = np.arange(192.0)
    kwh[97] = np.nan
    days, hours = hour_table(kwh, at, 15, SHANGHAI)
    assert days == [date(2026, 1, 5), date(2026, 1, 6)]
    assert hours[0, 0] == 0 + 1 + 2 + 3
    assert hours[0, 23] == 92 + 93 + 94 + 95
    assert np.isnan(hours[1, 0])
    assert np.isfinite(hours[1, 1:]).all()


@pytest.mark.parametrize(("day", "two"), [(date(2026, 3, 29), np.nan), (date(2026, 10, 25), 4.0)])
def test_the_hour_that_comes_twice_is_a_mean_and_the_one_that_never_comes_is_missing(
    day: date, two: float
) -> None:
    at = slot_grid(*local_day(day, BERLIN), 15)
    _, hours = hour_table(np.ones(len(at)), at, 15, BERLIN)
    np.testing.assert_array_equal(hours[0, 2], two)
    assert hours[0, 3] == 4.0


def test_hours_beyond_the_slots_and_slots_longer_than_an_hour_are_missing() -> None:
    at = slot_grid(datetime(2026, 1, 4, 16, tzinfo=UTC), datetime(2026, 1, 4, 18, tzinfo=UTC), 60)
    _, hours = hour_table(np.ones(2), at, 60, SHANGHAI)
    assert np.isfinite(hours[0]).sum() == 2
    at = slot_grid(datetime(2026, 1, 4, 16, tzinfo=UTC), datetime(2026, 1, 5, 16, tzinfo=UTC), 120)
    assert np.isnan(hour_table(np.ones(12), at, 120, SHANGHAI)[1]).all()


def test_the_tariff_tells_holidays_and_worked_weekends() -> None:
    days = [date(2026, 2, 13), date(2026, 2, 14), date(2026, 2, 15), date(2026, 2, 17), date(2026, 2, 21)]
    assert kinds_of_days(days, None).tolist() == [4, 5, 6, 1, 5]
    tariff = Tariff(id="T", holidays=(date(2026, 2, 17), date(2026, 2, 21)), worked=(date(2026, 2, 14),))
    assert kinds_of_days(days, tariff).tolist() == [4, 0, 6, 6, 6]


def test_a_tariff_without_holidays_leaves_them_to_the_calendar_of_the_zone() -> None:
    # A worked Saturday, a holiday, a Tuesday.
    days = [date(2026, 2, 14), date(2026, 2, 16), date(2026, 2, 24)]
    assert kinds_of_days(days, Tariff(id="T"), days_off_cn()).tolist() == [0, 6, 1]
    own = Tariff(id="T", holidays=(date(2026, 2, 24),))
    assert kinds_of_days(days, own, days_off_cn()).tolist() == [5, 0, 6]
