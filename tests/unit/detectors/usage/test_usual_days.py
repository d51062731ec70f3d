import numpy as np
import pytest

from detectors.usage.usual_days import UsualDays, log_ratio


def _days(model: UsualDays, weekday: int, *kwh: float) -> None:
    for value in kwh:
        model.learn(weekday, np.array([value]), np.array([True]))


def test_a_weekday_is_the_median_of_its_last_weeks() -> None:
    model = UsualDays(1, weeks=4)
    _days(model, 2, 100.0, 8.0, 10.0, 12.0, 50.0)
    assert model.usual[2] == pytest.approx([11.0])
    assert np.isnan(model.usual[3])


def test_the_spread_is_that_of_all_weekdays_together() -> None:
    # Distances from the medians: log 1.1 = 0.0953, log 1 = 0 and -log 0.9 = 0.105; the one in the middle.
    model = UsualDays(1, weeks=3)
    for weekday in range(7):
        _days(model, weekday, 11.0, 10.0, 9.0)
    assert model.count == [21]
    assert model.spread == pytest.approx([1.4826 * np.log(1.1)])


def test_what_is_forgotten_is_unknown() -> None:
    model = UsualDays(2, weeks=4)
    for weekday in range(7):
        model.learn(weekday, np.array([1.0, 2.0]), np.array([True, True]))
    model.forget(np.array([True, False]))
    assert model.count.tolist() == [0, 7]
    assert np.isnan(model.usual[:, 0]).all()
    assert np.isnan(model.spread[0])


def test_nothing_is_a_hundredth_of_the_usual() -> None:
    ratio = log_ratio(np.array([0.0, 5.0, np.nan, 1.0]), np.array([10.0, 10.0, 10.0, 0.0]))
    np.testing.assert_allclose(ratio, [np.log(0.01), np.log(0.5), np.nan, np.nan])
