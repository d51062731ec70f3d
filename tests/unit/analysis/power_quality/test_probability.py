"""The 95 % value by rank: GB/T 14549-1993 Annex D, and what missing readings could do."""

import numpy as np
import pytest

from analysis.power_quality.judgement import Compliance
from analysis.power_quality.probability import judged, probability_value, rank_95


@pytest.mark.parametrize(
    ("n", "rank"), [(0, 0), (1, 1), (19, 19), (20, 19), (30, 29), (40, 38), (672, 639), (2976, 2828)]
)
def test_the_rank_is_the_ceiling_of_95_percent(n: int, rank: int) -> None:
    assert rank_95(n) == rank


def test_of_twenty_readings_one_is_dropped() -> None:
    """Case T24: 19, where an interpolated quantile would give 19.05."""
    found = probability_value(np.arange(1.0, 21.0)[::-1], 20)
    assert found.value == found.if_missing_low == found.if_missing_high == 19.0
    assert (found.rank, found.n, found.coverage) == (19, 20, 1.0)


def test_missing_readings_move_the_value_between_two_extremes() -> None:
    """Of 100 readings, 1 to 96 are there: rank 92 of them; 95 of all, less 4 if the missing ones are low."""
    readings = np.concatenate([np.arange(1.0, 97.0), np.full(4, np.nan)])
    found = probability_value(readings, 100)
    assert (found.value, found.if_missing_low, found.if_missing_high) == (92.0, 91.0, 95.0)


def test_too_many_missing_readings_leave_both_extremes_open() -> None:
    found = probability_value(np.arange(1.0, 41.0), 1000)
    assert found.if_missing_low == -np.inf
    assert found.if_missing_high == np.inf


def test_more_readings_than_expected_are_all_taken() -> None:
    found = probability_value(np.arange(1.0, 41.0), 20)
    assert (found.value, found.coverage) == (38.0, 1.0)


def test_no_reading_gives_no_value_and_no_verdict() -> None:
    found = probability_value(np.full(5, np.nan), 100)
    assert np.isnan(found.value)
    verdict, evidence = judged(found, 1.0)
    assert verdict is Compliance.NOT_DECIDABLE
    assert evidence.rank is None


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [(93.0, Compliance.COMPLIANT), (92.0, Compliance.COMPLIANT), (91.9, Compliance.VIOLATING)],
)
def test_most_of_a_months_readings_decide_and_equality_complies(limit: float, verdict: Compliance) -> None:
    assert judged(probability_value(np.arange(1.0, 97.0), 100), limit)[0] is verdict


def test_half_a_month_decides_only_what_the_other_half_could_not_change() -> None:
    half = np.concatenate([np.ones(40), np.full(60, 9.0)])
    verdict, evidence = judged(probability_value(half, 200), 5.0)
    assert verdict is Compliance.VIOLATING
    assert evidence.if_missing_good is evidence.if_missing_bad is Compliance.VIOLATING
    verdict, evidence = judged(probability_value(np.ones(100), 200), 5.0)
    assert verdict is Compliance.NOT_DECIDABLE
    assert evidence.if_missing_good is Compliance.COMPLIANT
    assert evidence.if_missing_bad is Compliance.VIOLATING


def test_fewer_readings_than_the_standard_asks_for_decide_nothing() -> None:
    assert judged(probability_value(np.ones(29), 29), 5.0)[0] is Compliance.NOT_DECIDABLE
    assert judged(probability_value(np.ones(30), 30), 5.0)[0] is Compliance.COMPLIANT


def test_a_limit_is_kept_by_its_own_number_stored_in_single_precision() -> None:
    stored = np.full(100, 3.2, dtype=np.float32).astype(np.float64)
    assert stored[0] > 3.2
    assert judged(probability_value(stored, 100), 3.2)[0] is Compliance.COMPLIANT
    assert judged(probability_value(stored + 0.01, 100), 3.2)[0] is Compliance.VIOLATING
