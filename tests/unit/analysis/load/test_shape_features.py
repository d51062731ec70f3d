import numpy as np
import pytest

from analysis.load.shape_features import shape_features

WEEKDAY = np.arange(28) % 7
"""Four weeks from a Monday on."""


def _days(workday: float, saturday: float, sunday: float) -> np.ndarray:
    """Four weeks of flat days, kWh an hour."""
    level = np.where(WEEKDAY < 5, workday, np.where(WEEKDAY == 5, saturday, sunday))
    return np.repeat(level[:, None], 24, axis=1)[None]


def test_levels_of_a_working_day_by_hand() -> None:
    # 0-8 h 1 kWh, 8-16 h 4 kWh, 16-24 h 1 kWh an hour: 48 kWh, 2 kWh an hour on average.
    hours = _days(1.0, 1.0, 0.5)
    hours[0, WEEKDAY < 5, 8:16] = 4.0
    found = shape_features(hours, np.zeros_like(hours), WEEKDAY)
    assert found.night[0] == 0.5
    assert found.early[0] == 0.5
    assert found.day[0] == 2.0  # 9 to 16 h
    assert found.evening[0] == 0.5
    assert found.lowest[0] == 0.25
    assert found.saturday[0] == 24.0 / 48.0
    assert found.sunday[0] == 12.0 / 48.0
    assert found.kwh_a_day[0] == 48.0
    assert found.away[0] == 4 / 28  # Sundays: 12 kWh are less than 0.3 of 48
    assert found.back[0] == 0.0
    assert np.isnan(found.cold[0])


def test_days_on_which_nobody_was_there() -> None:
    # 12 of 28 days at a tenth of the busy ones.
    hours = _days(1.0, 1.0, 1.0)
    hours[0, :12] *= 0.1
    assert shape_features(hours, np.zeros_like(hours), WEEKDAY).away[0] == pytest.approx(12 / 28)


def test_what_is_fed_back_counts_against_what_is_drawn() -> None:
    hours = _days(1.0, 1.0, 1.0)
    fed = np.zeros_like(hours)
    fed[0, :, 12] = 6.0  # 6 of 24 kWh a day
    assert shape_features(hours, fed, WEEKDAY).back[0] == 0.25


def test_cold_days_that_draw_more_correlate() -> None:
    cold = np.linspace(-10.0, 10.0, 28)
    hours = np.repeat((20.0 - cold)[:, None], 24, axis=1)[None]
    found = shape_features(hours, np.zeros_like(hours), WEEKDAY, cold)
    assert found.cold[0] == pytest.approx(1.0)
    assert np.isnan(shape_features(hours, np.zeros_like(hours), WEEKDAY, np.full(28, 5.0)).cold[0])
    few = np.where(np.arange(28) < 13, cold, np.nan)
    assert np.isnan(shape_features(hours, np.zeros_like(hours), WEEKDAY, few).cold[0])


def test_too_few_whole_days_say_nothing() -> None:
    hours = _days(1.0, 1.0, 1.0)
    hours[0, :, 3] = np.nan
    whole = _days(2.0, 2.0, 2.0)
    found = shape_features(np.concatenate([hours, whole]), np.zeros((2, 28, 24)), WEEKDAY)
    assert np.isnan([found.night[0], found.away[0], found.kwh_a_day[0], found.back[0]]).all()
    assert found.kwh_a_day[1] == 48.0


def test_who_draws_nothing_has_no_levels_but_is_known() -> None:
    found = shape_features(np.zeros((1, 28, 24)), np.zeros((1, 28, 24)), WEEKDAY)
    assert found.kwh_a_day[0] == 0.0
    assert np.isnan(found.night[0])


def test_a_trimmed_mean_leaves_a_week_of_another_use_out() -> None:
    # Of 20 working days five draw 9 kWh an hour in place of 1.
    hours = _days(1.0, 1.0, 1.0)
    hours[0, 7:12] = 9.0
    plain, trimmed = (shape_features(hours, np.zeros_like(hours), WEEKDAY, trimmed=t) for t in (0.0, 0.25))
    assert plain.kwh_a_day[0] == 24 * (15 * 1.0 + 5 * 9.0) / 20
    assert trimmed.kwh_a_day[0] == 24.0
