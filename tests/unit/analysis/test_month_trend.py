"""Rises and steps of monthly figures."""

from itertools import permutations

import pytest

from analysis.month_trend import months_until, rise, step

STEADY = [2.0, 2.1, 1.9, 2.05, 2.0, 1.95]


def test_a_straight_rise_is_found_with_its_slope() -> None:
    found = rise([1, 2, 3, 4, 5], [1.0, 1.5, 2.0, 2.5, 3.0])
    assert found is not None
    assert [found.per_month, found.level] == pytest.approx([0.5, 3.0])
    assert found.chance == pytest.approx(1 / 120)
    assert months_until(found, 4.0) == pytest.approx(2.0)


def test_missing_months_do_not_steepen_a_rise() -> None:
    found = rise([1, 2, 5, 12], [1.0, 1.1, 1.4, 2.1])
    assert found is not None
    assert found.per_month == pytest.approx(0.1)


@pytest.mark.parametrize("figures", [STEADY, [1.0, 2.0, 3.0], [4.0, 3.0, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0], []])
def test_what_chance_brings_about_is_no_rise(figures: list[float]) -> None:
    assert rise(list(range(len(figures))), figures) is None


@pytest.mark.parametrize("n", [4, 5, 6])
def test_random_months_seem_to_rise_as_rarely_as_promised(n: int) -> None:
    orders = list(permutations(map(float, range(n))))
    seeming = sum(rise(list(range(n)), order) is not None for order in orders)
    assert seeming / len(orders) <= 0.05


def test_a_limit_that_is_passed_or_never_comes_has_no_month() -> None:
    found = rise([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0])
    assert found is not None
    assert months_until(found, 4.0) is None
    assert months_until(found, 3.0) is None


def test_a_step_is_placed_and_told_with_both_levels() -> None:
    found = step([2.0, 2.1, 2.0, 3.0, 3.1, 3.05], 0.2)
    assert found is not None
    assert found.place == 3
    assert [found.before, found.after] == pytest.approx([6.1 / 3, 9.15 / 3])


@pytest.mark.parametrize(
    "figures", [STEADY, [2.0, 2.0, 2.0, 9.0], [1.0, 2.0], [], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]
)
def test_noise_one_odd_month_and_a_slope_are_no_step(figures: list[float]) -> None:
    assert step(figures, 0.2) is None
