"""Ranks by hand, the tail beyond them, and what they say of one home among its like."""

import numpy as np
import pytest

from analysis.change_features import FEATURES
from analysis.change_ranks import LEAST_METERS, MOST, Reason, change_ranks, ranked, reasons, surprise
from pipeline.messages import render


def test_ranks_by_hand() -> None:
    # 20 meters with 0 to 19: the one with 10 has 9 above it and itself: (9 + 0.5) / 20.
    found = surprise(np.arange(20.0), least=0.01)
    assert found[10] == pytest.approx(-np.log(9.5 / 20))
    assert found[0] == pytest.approx(-np.log(19.5 / 20))


def test_the_tail_goes_on_as_the_upper_half_does() -> None:
    # Of 0 to 20 the median is 10 and nine tenths end at 18: 8 wide for ln 10 - ln 2.
    values = np.arange(21.0)
    values[20] = 26.0
    slope = np.log(5.0) / 8.0
    assert surprise(values, least=0.01)[20] == pytest.approx(np.log(10.0) + slope * 8.0)
    values[20] = 1e6
    assert surprise(values, least=0.01)[20] == MOST


def test_differences_below_the_least_surprise_nobody() -> None:
    values = np.zeros(50)
    values[7] = 1e-6
    assert surprise(values, least=0.02)[7] == pytest.approx(np.log(10.0), abs=1e-3)


def test_equal_meters_are_equally_surprising_in_any_order() -> None:
    random = np.random.default_rng(3)
    values = random.integers(0, 4, 60).astype(float)
    order = random.permutation(60)
    assert surprise(values, 0.01)[order] == pytest.approx(surprise(values[order], 0.01))
    assert len(set(surprise(values, 0.01).tolist())) == 4


def test_the_unknown_count_nowhere_and_a_small_fleet_says_nothing() -> None:
    values = np.append(np.arange(20.0), np.nan)
    found = surprise(values, 0.01)
    assert np.isnan(found[20])
    assert found[:20] == pytest.approx(surprise(np.arange(20.0), 0.01))
    assert np.isnan(surprise(np.arange(LEAST_METERS - 1.0), 0.01)).all()


def test_scores_are_the_sums_of_what_surprises() -> None:
    random = np.random.default_rng(4)
    features = {"level": random.normal(size=40), "cap": random.random(40)}
    found = ranked(features)
    assert found.scores == pytest.approx(found.surprises["level"] + found.surprises["cap"])


def test_a_home_that_loses_its_base_stands_out_and_is_told_why() -> None:
    random = np.random.default_rng(12)
    kwh = 0.05 + random.gamma(2.0, 0.05, (60, 49, 96)) * random.uniform(0.5, 2.0, (60, 1, 1))
    after = kwh[:, 28:].copy()
    after[17] = np.maximum(after[17] - 0.12, 0.0)
    # What all of them do, the season, surprises nobody.
    found = change_ranks(kwh[:, :28], after * 1.3)
    assert int(found.scores.argmax()) == 17
    told = reasons(found, 17)
    assert {"zero_hours", "base"} & {reason.feature for reason in told}
    assert all(reason.surprise > np.log(2.0) for reason in told)
    assert all("one" in render(reason.message, reason.parameters) for reason in told)
    assert [r.surprise for r in told] == sorted((r.surprise for r in told), reverse=True)


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_a_sentence_in_both_languages(feature: str) -> None:
    reason = Reason(feature=feature, change=0.5, surprise=MOST, fleet=200)
    # Of 200 meters nothing rarer than one can be claimed, however far out it is.
    assert "200" in render(reason.message, reason.parameters)
    assert "200" in render(reason.message, reason.parameters, "zh")
