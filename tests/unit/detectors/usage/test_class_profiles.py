import numpy as np
import pytest

from detectors.usage.class_profiles import class_profiles, likeness

DAYS = np.arange(np.datetime64("2024-06-03"), np.datetime64("2024-06-03") + 28)
DAY = np.arange(24.0)


def _hours(meters: int = 4) -> np.ndarray:
    return np.tile(DAY, (meters, 28, 1))


def test_a_profile_is_the_share_of_each_hour_of_both_kinds_of_day() -> None:
    hours = _hours(1)
    hours[0, [5, 6]] = 3.0
    found = class_profiles(hours, DAYS, ["a"], least=1)
    # An average working day of 276 kWh; weekends: one of 72 kWh and three of 276 each, 225 on average.
    assert found.customers.shape == (1, 48)
    assert found.customers.sum() == pytest.approx(1.0)
    assert found.customers[0, :24].sum() == pytest.approx(276 / (276 + 225))


def test_a_class_is_the_median_of_its_known_members() -> None:
    hours = _hours(5)
    hours[3] = 100.0 * DAY[::-1]
    hours[4, 5:] = np.nan
    found = class_profiles(hours, DAYS, ["home", "home", "home", "home", "home"], least=4)
    assert found.members == {"home": 4}
    np.testing.assert_allclose(found.classes["home"], found.customers[0])
    assert class_profiles(hours, DAYS, ["home"] * 5, least=5).classes == {}
    assert class_profiles(hours, DAYS, [None] * 5, least=1).classes == {}


def test_likeness_is_a_correlation() -> None:
    profile = np.tile(DAY, 2)
    customers = np.array([profile * 3.0 + 1.0, -profile, np.ones(48), np.full(48, np.nan)])
    np.testing.assert_allclose(likeness(customers, profile), [1.0, -1.0, 0.0, np.nan], atol=1e-12)
