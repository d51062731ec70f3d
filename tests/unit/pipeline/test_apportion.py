"""Whole shares by the method of the largest remainder."""

import numpy as np
import pytest

from pipeline.apportion import apportion
from pipeline.errors import DataError


def test_seats_of_a_textbook_example() -> None:
    # Hare quota of 100 seats among 47, 16, 15.8, 12, 6.1 and 3.1 thousand votes (the method's usual example).
    votes = np.array([47_000, 16_000, 15_800, 12_000, 6_100, 3_100], dtype=np.float64)
    assert apportion(10, votes).tolist() == [5, 2, 1, 1, 1, 0]


def test_equal_weights_differ_by_one_step_at_most() -> None:
    assert apportion(10, np.ones(4)).tolist() == [3, 3, 2, 2]


def test_without_any_weight_the_shares_are_equal() -> None:
    assert apportion(6, np.zeros(3)).tolist() == [2, 2, 2]


def test_a_negative_total_is_shared_as_its_opposite() -> None:
    assert apportion(-5, np.array([1.0, 1.0])).tolist() == [-3, -2]


@pytest.mark.parametrize("weights", [[], [1.0, -1.0], [np.nan]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(DataError, match="weights"):
        apportion(1, np.array(weights, dtype=np.float64))
