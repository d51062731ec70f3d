import numpy as np
import pytest

from detectors.usage.low_use_days import day_shares, more_zero_hours

DAYS = np.arange(np.datetime64("2024-06-03"), np.datetime64("2024-06-03") + 56)
NEVER = np.zeros((1, 56), dtype=np.bool_)


def test_a_day_is_a_share_of_the_median_of_its_weekday() -> None:
    kwh = np.where(np.arange(56) % 7 < 5, 20.0, 10.0)[None, :]
    kwh[0, 40] = 5.0
    shares, usual = day_shares(kwh, DAYS, NEVER, low_share=0.4, least=(24, 0.2))
    assert np.isnan(shares[0, :28]).all()
    assert shares[0, 40] == pytest.approx(0.5)
    assert (usual[0, 39], usual[0, 41]) == (20.0, 10.0)


def test_low_days_are_not_learnt() -> None:
    kwh = np.full((1, 56), 10.0)
    kwh[0, 28:] = 3.0
    shares, usual = day_shares(kwh, DAYS, NEVER, low_share=0.4, least=(24, 0.2))
    np.testing.assert_allclose(shares[0, 28:], 0.3)
    np.testing.assert_allclose(usual[0, 28:], 10.0)


def test_hours_at_nothing_are_more_than_the_most_of_three_weeks_before_the_last() -> None:
    hours = np.full((1, 56), 1.0)
    hours[0, 20] = 3.0
    hours[0, 40:] = 9.0
    more = more_zero_hours(hours, usual_days=21)
    assert np.isnan(more[0, :17]).all()
    assert more[0, 39] == 1.0 - 3.0
    assert more[0, 46] == 9.0 - 3.0
    assert more[0, 48] == 0.0
