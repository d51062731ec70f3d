"""Figures worked out by hand, and against scikit-learn where it is installed."""

from itertools import pairwise

import numpy as np
import pytest

from analysis.evaluation_figures import average_precision, poisson_upper, precision_at
from pipeline.errors import DataError


def test_average_precision_by_hand() -> None:
    # In order of score: true, false, true, false, true, false. Precision at the true ones: 1/1, 2/3, 3/5;
    # at each of them recall grows by a third.
    scores = np.array([0.2, 0.9, 0.8, 0.7, 0.1, 0.15])
    true = np.array([False, True, False, True, False, True])
    assert average_precision(scores, true) == pytest.approx((1 / 1 + 2 / 3 + 3 / 5) / 3)


def test_equal_scores_are_one_step_whatever_their_order() -> None:
    true = np.array([True, False, False, True])
    # All equal: recall 1 at precision 2/4, which is the prevalence.
    assert average_precision(np.ones(4), true) == pytest.approx(0.5)
    # One true ahead; then three of one score with one true: 1/2 * 1/1 + 1/2 * 2/4.
    for places in ([0, 1, 2, 3], [3, 1, 0, 2]):
        scores = np.array([2.0, 1.0, 1.0, 1.0])[places]
        assert average_precision(scores, true[places]) == pytest.approx(0.75)


def test_an_unknown_score_ranks_last_and_an_infinite_one_first() -> None:
    true = np.array([False, True, False])
    assert average_precision(np.array([np.nan, np.inf, 1.0]), true) == 1.0
    assert average_precision(np.array([1.0, np.nan, 2.0]), true) == pytest.approx(1 / 3)


def test_there_is_no_precision_without_anything_true() -> None:
    with pytest.raises(DataError, match="at least one"):
        average_precision(np.ones(3), np.zeros(3, dtype=np.bool_))


def test_it_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(5)
    for _ in range(20):
        scores, true = random.integers(0, 30, 200) / 7.0, random.random(200) < 0.1
        expected = metrics.average_precision_score(true, scores)
        assert average_precision(scores, true) == pytest.approx(expected)


def test_precision_among_the_first_k_shares_the_last_place() -> None:
    true = np.array([True, False, True, False])
    assert precision_at(2, np.array([4.0, 3.0, 2.0, 1.0]), true) == 0.5
    # One place for two of equal score, one of them true: half a hit.
    assert precision_at(2, np.array([4.0, 3.0, 3.0, 1.0]), true) == pytest.approx(0.75)


@pytest.mark.parametrize(
    # Exact one-sided 95 % limits of a Poisson mean: -ln 0.05 for none, then tables (Garwood 1936).
    ("events", "upper"),
    [(0, 2.9957), (1, 4.7439), (2, 6.2958), (10, 16.9622)],
)
def test_the_upper_bound_of_a_rate_is_garwoods(events: int, upper: float) -> None:
    assert poisson_upper(events, 1.0) == pytest.approx(upper, abs=1e-4)
    assert poisson_upper(events, 40.0) == pytest.approx(upper / 40.0, abs=1e-5)


def test_more_events_never_lower_the_bound() -> None:
    bounds = [poisson_upper(events, 10.0) for events in range(20)]
    assert all(one < next_one for one, next_one in pairwise(bounds))


def test_there_is_no_rate_without_exposure() -> None:
    with pytest.raises(DataError, match="exposure"):
        poisson_upper(0, 0.0)
