"""Quantiles of past errors against hand calculations."""

import numpy as np
import pytest

from analysis.forecast.quantiles import at_shares, level_of, slot_quantiles, spread


def test_the_nth_of_n_values_stands_for_n_over_n_plus_one() -> None:
    values = np.array([[9.0, 1.0, 5.0, 3.0, 7.0, 2.0, 8.0, 4.0, 6.0]])
    found = at_shares(values, np.array([0.1, 0.5, 0.9, 0.95]))
    assert found[:, 0].tolist() == [1.0, 5.0, 9.0, 9.0]
    assert at_shares(values, np.array([0.25]))[0, 0] == pytest.approx(2.5)


def test_missing_values_do_not_count_and_nothing_gives_nothing() -> None:
    values = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])
    found = at_shares(values, np.array([0.5]))[0]
    assert found[0] == 2.0
    assert np.isnan(found[1])


def test_errors_are_taken_relative_to_what_was_expected() -> None:
    assert level_of(np.array([[[2.0, np.nan], [-4.0, 0.0]]])).tolist() == [2.0]
    assert spread(np.array([[10.0, 0.0]]), np.array([2.0])) == pytest.approx(np.array([[10.2, 0.2]]))


def test_slots_near_by_the_clock_lend_their_errors_over_midnight_too() -> None:
    expected = np.full((1, 2, 96), 10.0)
    happened = np.full((1, 1, 96), 10.0)
    happened[0, 0, 95] = 20.0
    p10, p50, p90 = slot_quantiles(expected, happened, 15)[:, 0]
    # Slot 0 has the errors of slots 94, 95, 0, 1, 2: one of five is 10.
    assert p90[0] == pytest.approx(20.0)
    assert (p10[0], p50[0], p90[3]) == (10.0, 10.0, 10.0)


def test_a_level_of_zero_gives_quantiles_of_zero() -> None:
    assert (slot_quantiles(np.zeros((1, 3, 4)), np.zeros((1, 2, 4)), 360) == 0.0).all()
