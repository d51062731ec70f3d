"""The highest demand to come: daily, of several days, and of the month."""

from datetime import timedelta

import numpy as np
import pytest

from analysis.forecast.history import history_of
from analysis.forecast.maxima import demand_kw, highest_demand, month_end
from tests.load_history import AT, question, slots_before, weekly_load

TIMES = slots_before(AT, 56)


def test_demand_is_the_mean_of_a_quarter_of_an_hour_and_of_longer_slots_their_own() -> None:
    assert demand_kw(np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]), 5).tolist() == [[24.0, 60.0]]
    assert demand_kw(np.array([[2.5]]), 15).tolist() == [[10.0]]
    assert demand_kw(np.array([[5.0]]), 30).tolist() == [[10.0]]
    assert np.isnan(demand_kw(np.array([[1.0, np.nan, 1.0]]), 5)).all()


def test_the_maximum_of_a_load_that_repeats_is_known() -> None:
    history = history_of(weekly_load(TIMES), TIMES, question())
    p50, p90 = highest_demand(history, 96)[:, 0]
    assert (p50, p90) == (pytest.approx(100.0), pytest.approx(100.0))
    # Until 6 in the morning nobody works.
    assert highest_demand(history, 24)[0, 0] == pytest.approx(20.0)


def test_peaks_at_another_time_each_day_are_not_averaged_away() -> None:
    kwh = np.full((1, len(TIMES)), 5.0)
    random = np.random.default_rng(3)
    for day in range(57):
        kwh[0, day * 96 + random.integers(96)] = 25.0
    history = history_of(kwh, TIMES, question())
    assert highest_demand(history, 96)[0, 0] == pytest.approx(100.0, rel=1e-6)
    # Every day has its peak, so a curve's slots do not: their medians are all at the base.
    assert np.median(history.kwh) == 5.0


def test_of_many_days_the_highest_counts() -> None:
    kwh = weekly_load(TIMES) * 1.0
    # Fridays are the busiest days.
    for day in range(4, 56, 7):
        kwh[0, day * 96 + 40] = 50.0
    history = history_of(kwh, TIMES, question())
    assert highest_demand(history, 96)[0, 0] == pytest.approx(100.0, rel=0.05)
    assert highest_demand(history, 7 * 96)[0, 0] == pytest.approx(200.0, rel=0.05)


def test_the_month_ends_no_lower_than_it_has_been() -> None:
    kwh = weekly_load(TIMES)
    first = 56 * 96 - 13 * 96  # the 1st of December
    kwh[0, first + 50] = 400.0 / 4.0
    history = history_of(kwh, TIMES, question())
    month = month_end(history, kwh, TIMES)
    assert (month.year, month.month, month.days_left) == (2026, 12, 18.0)
    assert month.so_far_kw[0] == 400.0
    assert month.p50_kw[0] >= 400.0
    assert month.p90_kw[0] >= month.p50_kw[0]


def test_at_a_months_start_nothing_has_been_so_far() -> None:
    at = AT - timedelta(days=13)
    times = slots_before(at, 50)
    month = month_end(history_of(weekly_load(times), times, question(at)), weekly_load(times), times)
    assert np.isnan(month.so_far_kw[0])
    assert month.days_left == 31.0
    assert month.p90_kw[0] == pytest.approx(100.0)


def test_too_few_past_errors_say_nothing() -> None:
    times = slots_before(AT, 20)
    history = history_of(weekly_load(times), times, question())
    assert np.isnan(highest_demand(history, 96)).all()
    # What has been so far is no forecast of what will be.
    month = month_end(history, weekly_load(times), times)
    assert month.so_far_kw[0] == 100.0
    assert np.isnan([month.p50_kw, month.p90_kw]).all()
