import numpy as np
import pytest

from detectors.usage.hour_profile import Rule, excess_by_weeks, usual_hours

DAYS = np.arange(np.datetime64("2024-06-03"), np.datetime64("2024-06-03") + 42)
WEEKEND = np.arange(28) % 7 >= 5
RULE = Rule(deviations=6.0, most_factor=1.2, least_hours=2, least_spread=0.1, day_share=np.array([[0.2]]))


def _hours(days: int = 42) -> np.ndarray:
    """One kWh an hour, two on working days from eight to sixteen."""
    hours = np.ones((1, days, 24))
    hours[0, np.arange(days) % 7 < 5, 8:16] = 2.0
    return hours


def test_an_hour_of_the_week_is_the_median_of_four() -> None:
    before = _hours(28)
    before[0, [0, 7, 14, 21], 3] = [1.0, 2.0, 3.0, 40.0]
    centre, _ = usual_hours(before, WEEKEND)
    assert centre[0, 0, 3] == 2.5
    assert (centre[0, 1, 10], centre[0, 6, 10]) == (2.0, 1.0)


def test_where_too_few_of_a_weekday_are_known_its_kind_of_day_tells() -> None:
    before = _hours(28)
    before[0, [0, 7]] = np.nan
    centre, _ = usual_hours(before, WEEKEND)
    assert centre[0, 0, 10] == 2.0
    before[0, WEEKEND] = np.nan
    centre, _ = usual_hours(before, WEEKEND)
    # Only working days are known: they are all that there is for the weekend.
    assert centre[0, 6, 10] == 2.0


def test_the_spread_is_that_of_the_hour_on_days_of_the_same_kind() -> None:
    before = _hours(28)
    before[0, ~WEEKEND, 4] = np.tile([0.9, 1.0, 1.1, 1.0], 5)
    _, spread = usual_hours(before, WEEKEND)
    # Distances from 1: half of them 0.1, half 0; the median of twenty lies between.
    assert spread[0, 0, 4] == pytest.approx(1.4826 * 0.05)
    assert spread[0, 6, 4] == 0.0


def test_excess_is_what_is_above_the_usual_where_it_exceeds_all_before() -> None:
    hours = _hours()
    hours[0, 30, 1:4] = 5.0
    excess, usual = excess_by_weeks(hours, DAYS, RULE)
    assert np.isnan(excess[0, :28]).all()
    assert np.flatnonzero(excess[0, 30]).tolist() == [1, 2, 3]
    assert excess[0, 30].sum() == pytest.approx(12.0)
    assert usual[0, 30, 2] == 1.0
    assert excess[0, 28:30].sum() == 0.0


def test_one_hour_and_what_has_been_within_two_hours_are_no_excess() -> None:
    hours = _hours()
    hours[0, 30, 3] = 9.0
    # The noon of working days reaches to six in the morning and to five in the afternoon.
    hours[0, 31, [6, 7, 16, 17]] = 2.3
    excess, _ = excess_by_weeks(hours, DAYS, RULE)
    assert np.nansum(excess) == 0.0


def test_days_of_excess_are_not_learnt() -> None:
    hours = _hours(56)
    hours[0, 28:, 1:4] = 5.0
    days = np.arange(DAYS[0], DAYS[0] + 56)
    excess, _ = excess_by_weeks(hours, days, RULE)
    np.testing.assert_allclose(excess[0, 28:42].sum(axis=1), 12.0)
