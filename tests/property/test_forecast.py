"""Promises of forecasts: ordered, without a look ahead, and the same in whatever unit and order."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.forecast.day_ahead import forecasts
from tests.load_history import AT, question, slots_before, weekly_load

TIMES = slots_before(AT, 40, 60)
ASKED = question(slots=48, minutes=60)
PAST = 40 * 24


@st.composite
def loads(draw: st.DrawFn) -> NDArray[np.float64]:
    """Three meters with noise, steps and gaps."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kwh = weekly_load(TIMES, minutes=60) * random.lognormal(0.0, draw(st.floats(0.0, 1.0)), (3, len(TIMES)))
    kwh[1] *= np.where(
        np.arange(len(TIMES)) < draw(st.integers(0, PAST)), 1.0, draw(st.just(0.0) | st.floats(1e-3, 20.0))
    )
    kwh[random.random(kwh.shape) < draw(st.floats(0.0, 0.08))] = np.nan
    return kwh


@settings(deadline=None, max_examples=25)
@given(loads())
def test_quantiles_are_ordered_and_known_for_every_meter_that_lacks_nothing(kwh: NDArray[np.float64]) -> None:
    found = forecasts(kwh, TIMES, ASKED)
    fit = [lack is None for lack in found.lacking]
    assert np.isfinite(found.kwh[:, fit]).all()
    assert (np.diff(found.kwh[:, fit], axis=0) >= 0.0).all()
    assert (found.kwh[:, fit] >= 0.0).all()
    assert not (found.highest_kw[0, fit] > found.highest_kw[1, fit]).any()
    assert not (found.month.so_far_kw[fit] > found.month.p50_kw[fit]).any()


@settings(deadline=None, max_examples=15)
@given(loads(), st.integers(0, 2**32 - 1))
def test_what_comes_after_the_origin_changes_nothing(kwh: NDArray[np.float64], seed: int) -> None:
    before = forecasts(kwh, TIMES, ASKED)
    other = kwh.copy()
    future = other[:, PAST:]
    random = np.random.default_rng(seed)
    future[:] = random.choice([np.nan, 0.0, 1e9], future.shape)
    after = forecasts(other, TIMES, ASKED)
    cut = forecasts(kwh[:, :PAST], TIMES[:PAST], ASKED)
    for changed in (after, cut):
        np.testing.assert_array_equal(changed.kwh, before.kwh)
        np.testing.assert_array_equal(changed.highest_kw, before.highest_kw)
        np.testing.assert_array_equal(changed.month.p90_kw, before.month.p90_kw)


@settings(deadline=None, max_examples=15)
@given(loads(), st.sampled_from([1e-3, 0.25, 1024.0, 3.7e6]))
def test_another_unit_gives_the_same_in_that_unit(kwh: NDArray[np.float64], factor: float) -> None:
    found, scaled = forecasts(kwh, TIMES, ASKED), forecasts(kwh * factor, TIMES, ASKED)
    assert scaled.lacking == found.lacking
    np.testing.assert_allclose(scaled.kwh, found.kwh * factor, rtol=1e-6, atol=1e-9 * factor)
    np.testing.assert_allclose(scaled.highest_kw, found.highest_kw * factor, rtol=1e-6)
    np.testing.assert_allclose(scaled.month.p90_kw, found.month.p90_kw * factor, rtol=1e-6)


@settings(deadline=None, max_examples=15)
@given(loads(), st.permutations(range(3)))
def test_the_order_of_meters_does_not_matter(kwh: NDArray[np.float64], order: list[int]) -> None:
    found, mixed = forecasts(kwh, TIMES, ASKED), forecasts(kwh[order], TIMES, ASKED)
    np.testing.assert_array_equal(mixed.kwh, found.kwh[:, order])
    np.testing.assert_array_equal(mixed.month.p90_kw, found.month.p90_kw[order])
    assert mixed.lacking == [found.lacking[row] for row in order]
