"""Probability values of many series at once are those of each alone."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.power_quality.block_values import (
    COMPLIES,
    OPEN,
    VIOLATES,
    BlockValues,
    block_values,
    rank,
    sure_ranks,
    verdicts,
)
from analysis.power_quality.judgement import Compliance
from analysis.power_quality.probability import judged, probability_value

NUMBER = {Compliance.COMPLIANT: COMPLIES, Compliance.NOT_DECIDABLE: OPEN, Compliance.VIOLATING: VIOLATES}


def of_rows(rows: np.ndarray, expected: int, percent: int = 95) -> BlockValues:
    """Return the values of a lone block, and see that it was left as it is."""
    before = rows.copy()
    found = block_values([rows], expected, percent)
    np.testing.assert_array_equal(rows, before)
    return BlockValues(
        expected=expected,
        **{f.name: getattr(found, f.name)[0] for f in fields(BlockValues) if f.name != "expected"},
    )


@pytest.mark.parametrize(("n", "ranks"), [(96, (87, 96)), (672, (627, 650)), (2976, (2803, 2851))])
def test_between_which_ranks_the_95_percent_value_surely_lies(n: int, ranks: tuple[int, int]) -> None:
    assert sure_ranks(n, 95) == ranks


def test_fewer_than_59_readings_cannot_show_that_the_value_is_below_the_highest() -> None:
    """One-sided at 95 % it takes 59; for both sides together 72."""
    assert sure_ranks(58, 95)[1] == 59
    assert sure_ranks(71, 95)[1] == 72
    assert sure_ranks(72, 95)[1] == 72


def test_1_to_20_give_19_and_the_plain_figures() -> None:
    """Case T24."""
    found = of_rows(np.arange(20.0, 0.0, -1.0)[None], 20)
    assert (found.value[0], found.rank[0], found.n[0]) == (19.0, 19, 20)
    assert (found.maximum[0], found.minimum[0], found.mean[0]) == (20.0, 1.0, 10.5)
    assert found.surely_to[0] == np.inf


def test_other_percentiles_have_ranks_of_their_own() -> None:
    assert rank(np.array([96, 100, 672]), 99).tolist() == [96, 99, 666]
    assert of_rows(np.arange(1.0, 101.0)[None], 100, 99).value == 99.0


def test_a_series_without_readings_is_no_number_and_open() -> None:
    found = of_rows(np.array([[np.nan] * 40, [1.0] * 40]), 40)
    assert np.isnan([found.value[0], found.maximum[0], found.minimum[0], found.mean[0]]).all()
    assert verdicts(found, np.array([2.0, 2.0])).found.tolist() == [OPEN, COMPLIES]
    assert of_rows(np.empty((2, 0)), 40).n.tolist() == [0, 0]


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 90)),
        elements=st.one_of(st.floats(0.0, 10.0), st.just(np.nan)),
    ),
    st.integers(0, 120),
    st.floats(0.0, 10.0),
)
def test_a_block_says_of_each_series_what_it_says_alone(
    columns: np.ndarray, expected: int, limit: float
) -> None:
    found = of_rows(columns, expected)
    said = verdicts(found, np.full(len(columns), limit))
    for row, series in enumerate(columns):
        alone = probability_value(series, expected)
        assert found.value[row] == pytest.approx(alone.value, nan_ok=True)
        assert (found.n[row], found.rank[row]) == (alone.n, alone.rank)
        assert found.highest[row] == (np.nanargmax(series) if alone.n else -1)
        assert found.coverage[row] == alone.coverage
        assert found.if_missing_low[row] == alone.if_missing_low
        assert found.if_missing_high[row] == alone.if_missing_high
        verdict, evidence = judged(alone, limit)
        assert said.found[row] == NUMBER[verdict]
        assert evidence.if_missing_good is not None
        assert said.if_missing_good[row] == NUMBER[evidence.if_missing_good]
        assert evidence.if_missing_bad is not None
        assert said.if_missing_bad[row] == NUMBER[evidence.if_missing_bad]


@given(arrays(np.float64, (3, 80), elements=st.floats(0.0, 50.0)), st.randoms(use_true_random=False))
def test_the_order_of_readings_changes_nothing(columns: np.ndarray, random: object) -> None:
    places = list(range(80))
    random.shuffle(places)  # type: ignore[attr-defined] # what Hypothesis gives has no type
    there, moved = of_rows(columns, 90), of_rows(columns[:, places], 90)
    for field in ("value", "if_missing_low", "if_missing_high", "surely_from", "maximum", "minimum", "n"):
        assert getattr(there, field).tolist() == getattr(moved, field).tolist()


@given(arrays(np.float64, (2, 60), elements=st.floats(0.0, 50.0)), st.sampled_from([0.5, 2.0, 8.0]))
def test_readings_times_a_factor_give_values_times_that_factor(columns: np.ndarray, factor: float) -> None:
    assert (of_rows(factor * columns, 60).value == factor * of_rows(columns, 60).value).all()


def test_blocks_keep_their_order_and_may_be_views_of_columns() -> None:
    columns = np.random.default_rng(3).uniform(0.0, 5.0, (200, 4))
    found = block_values([columns.T, 2.0 * columns.T], 200)
    assert found.value.shape == (2, 4)
    assert (found.value[1] == 2.0 * found.value[0]).all()
    assert found.value[0].tolist() == np.sort(columns, axis=0)[189].tolist()
