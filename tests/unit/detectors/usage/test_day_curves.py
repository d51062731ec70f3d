from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from detectors.usage.day_curves import by_days, first_slots, hour_curves
from pipeline.daily_reduction import daily_rows
from tests.day_windows import by_slots


def test_hours_are_local_and_days_in_part_are_unknown() -> None:
    kwh = np.tile(np.repeat(np.arange(24.0), 4), 3)[None, :]
    window = replace(by_slots(np.vstack([kwh, kwh])), daily=None)
    daily = daily_rows(window, [ZoneInfo("Etc/UTC"), ZoneInfo("Asia/Shanghai")])
    hours = hour_curves(window, daily, window.import_kwh)
    assert hours.shape == (2, 4, 24)
    np.testing.assert_array_equal(hours[0, 1], 4.0 * np.arange(24))
    np.testing.assert_array_equal(hours[1, 1], 4.0 * np.roll(np.arange(24), 8))
    assert np.isnan(hours[0, 3]).all()
    assert np.isnan(hours[1, 0]).all()


def test_an_unknown_slot_makes_its_hour_unknown() -> None:
    kwh = np.ones((1, 96))
    kwh[0, 10] = np.nan
    window = by_slots(kwh)
    assert window.daily is not None
    assert np.flatnonzero(np.isnan(hour_curves(window, window.daily, kwh)[0, 0])).tolist() == [2]


def test_the_days_of_23_and_25_hours_are_left_out() -> None:
    # The window begins on 2024-06-03; on 2024-10-27 Berlin's day has 25 hours.
    window = replace(by_slots(np.ones((1, 150 * 96))), daily=None)
    daily = daily_rows(window, [ZoneInfo("Europe/Berlin")])
    firsts = first_slots(window, daily, 0)
    left_out = [str(daily.days[day]) for day in np.flatnonzero(firsts < 0)]
    assert left_out == ["2024-06-03", "2024-10-27", "2024-10-31"]
    whole = firsts[firsts >= 0]
    assert by_days(window.import_kwh, whole, 96).shape == (1, len(whole), 96)
