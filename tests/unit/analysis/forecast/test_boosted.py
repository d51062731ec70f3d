"""Trees on lags and calendar: the same answers' form as the blend, deterministic, without a look ahead."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from analysis.forecast import boosted
from analysis.forecast.blend import blend
from analysis.forecast.boosted import Features, boost
from analysis.forecast.day_ahead import forecasts
from analysis.forecast.history import history_of
from pipeline.errors import MissingPartError
from tests.load_history import AT, noisy, question, slots_before, weekly_load

pytest.importorskip("lightgbm")
TIMES = slots_before(AT, 70, 60)
ASKED = question(slots=24, minutes=60)
PAST = 70 * 24
work = partial(forecasts, expect=boost)


def loads() -> np.ndarray:
    """Two meters; the second one draws half as much on the day after one above its mean."""
    kwh = noisy(weekly_load(TIMES, minutes=60), 2, 0.05)
    days = kwh[1].reshape(-1, 24)
    for day in range(1, len(days)):
        high = np.random.default_rng(day - 1).random() > 0.5
        days[day] = (30.0 if high else 60.0) * np.random.default_rng(day + 500).normal(1.0, 0.03, 24)
        days[day - 1, :4] = 90.0 if high else 10.0
    return kwh


def test_quantiles_are_ordered_and_repeat_exactly() -> None:
    kwh = loads()
    first, second = work(kwh, TIMES, ASKED), work(kwh, TIMES, ASKED)
    np.testing.assert_array_equal(first.kwh, second.kwh)
    assert (np.diff(first.kwh, axis=0) >= 0.0).all()
    assert (first.highest_kw[0] <= first.highest_kw[1]).all()


def test_what_comes_after_the_origin_changes_nothing() -> None:
    kwh = loads()
    other = kwh.copy()
    other[:, PAST:] = 1e6
    found, changed = work(kwh, TIMES, ASKED), work(other, TIMES, ASKED)
    np.testing.assert_array_equal(changed.kwh, found.kwh)
    np.testing.assert_array_equal(changed.highest_kw, found.highest_kw)


def test_trees_see_what_no_weight_of_the_blend_can_say() -> None:
    kwh = loads()[1:]
    history = history_of(kwh, TIMES, ASKED)
    trees, mixed = boost(history.kwh, history.parts, 1, 28), blend(history.kwh, history.parts, 1, 42)
    came = history.kwh[:, mixed.rows[:-1]]
    wrong = [np.abs(said.kwh[:, -len(mixed.rows) : -1] - came)[:, :, 6:].mean() for said in (trees, mixed)]
    assert wrong[0] < 0.7 * wrong[1]


def test_past_days_are_told_by_trees_that_have_not_seen_them(monkeypatch: pytest.MonkeyPatch) -> None:
    grown_on: list[int] = []
    real = boosted._grown

    def spied(features: Features, target: np.ndarray) -> Callable[[Features], np.ndarray]:
        grown_on.append(target.shape[1])
        return real(features, target)

    monkeypatch.setattr(boosted, "_grown", spied)
    history = history_of(loads(), TIMES, ASKED)
    said = boost(history.kwh, history.parts, 1, 28)
    past = len(said.rows) - 1
    assert grown_on == [past - 14, past - 14, past - 14, past - 14, past]


def test_a_meter_without_any_load_and_one_with_gaps_are_told() -> None:
    kwh = loads()
    kwh[0] = 0.0
    kwh[1, 100:130] = np.nan
    found = work(kwh, TIMES, ASKED)
    np.testing.assert_allclose(found.kwh[:, 0], 0.0, atol=1e-6)
    assert np.isfinite(found.kwh[:, 1]).all()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingPartError, match=r"pip install 'kilowatch\[ml\]'"):
        work(loads(), TIMES, ASKED)
