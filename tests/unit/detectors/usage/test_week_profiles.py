import numpy as np
import pytest

from detectors.usage.week_profiles import changed_on, own_weeks, profiles


def _hours(days: int = 42) -> np.ndarray:
    """One kWh in each of the first eight hours, three in each of the others."""
    return np.tile(np.where(np.arange(24) < 8, 1.0, 3.0), (1, days, 1))


def test_the_same_week_again_has_moved_nothing() -> None:
    found = profiles(_hours(), 5)
    assert np.isnan(found.moved[0, :34]).all()
    np.testing.assert_allclose(found.moved[0, 34:], 0.0, atol=1e-9)
    np.testing.assert_allclose(found.correlation[0, 34:], 1.0)


def test_what_moves_is_the_energy_in_other_hours() -> None:
    # 8 + 48 = 56 kWh a day; then 3 kWh in the first 16 hours and 1 in the last eight, 56 kWh as well.
    # Hours 0-7 have 16 kWh more of 56: 28.6 % moved, and the third 0-8 h changes by as many points.
    hours = _hours()
    hours[0, 35:] = np.where(np.arange(24) < 16, 3.0, 1.0)
    found = profiles(hours, 5)
    assert found.moved[0, 41] == pytest.approx(100 * 16 / 56)
    assert found.third[0, 41] == pytest.approx(100 * 16 / 56)
    # Deviations from the mean 2.333: of 24 hours eight agree, sixteen do not.
    assert found.correlation[0, 41] == pytest.approx(-0.5)


def test_a_flat_week_is_like_no_other() -> None:
    hours = _hours()
    hours[0, 35:] = 2.0
    assert profiles(hours, 5).correlation[0, 41] == 0.0


def test_weeks_with_too_few_known_days_are_not_compared() -> None:
    hours = _hours()
    hours[0, [36, 37]] = np.nan
    assert np.isfinite(profiles(hours, 5).moved[0, 41])
    hours[0, 38, 5] = np.nan
    assert np.isnan(profiles(hours, 5).moved[0, 41])


def test_how_weeks_differ_among_themselves() -> None:
    hours = _hours()
    hours[0, 21:28] = np.where(np.arange(24) < 16, 3.0, 1.0)
    own = own_weeks(hours, 5)
    assert own.correlation[0, 41] == pytest.approx(-0.5)
    assert own.moved[0, 41] == pytest.approx(100 * 16 / 56)


def test_the_day_from_which_on_it_is_another() -> None:
    hours = _hours()[0]
    hours[33:] = np.where(np.arange(24) < 16, 3.0, 1.0)
    assert changed_on(hours, 36, 42) == 33
