import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import theilslopes

from analysis.clock_drift import READINGS_MOST, SPAN_LEAST_DAYS, clock_drift
from pipeline.block import Times

START = np.datetime64("2026-03-01T00:00:00", "us")


def hourly(days: float) -> tuple[Times, NDArray[np.float64]]:
    """Return instants of an hour and how many days each lies after the first."""
    hours = np.arange(int(days * 24))
    return START + hours * np.timedelta64(3600 * 10**6, "us"), hours / 24


def test_a_clock_that_shows_whole_seconds_is_known_to_a_hundredth() -> None:
    taken_at, days = hourly(28)
    found = clock_drift(taken_at, np.floor(12.4 + 0.43 * days))
    assert found is not None
    assert found.s_per_day == pytest.approx(0.43, abs=0.01)
    assert (found.readings, round(found.days)) == (28 * 24, 28)


def test_it_is_the_slope_of_theil_and_sen() -> None:
    taken_at, days = hourly(10)
    some = slice(None, None, 7)  # seven hours apart: every pair counts
    offsets = np.random.default_rng(5).normal(2.0 * days, 0.8)
    found = clock_drift(taken_at[some], offsets[some])
    assert found is not None
    assert found.s_per_day == pytest.approx(theilslopes(offsets[some], days[some]).slope)


def test_a_setting_or_a_leap_is_no_drift() -> None:
    taken_at, days = hourly(20)
    offsets = 2.0 * days
    offsets[200:] -= offsets[200]
    offsets[300:] += 3600.0
    found = clock_drift(taken_at, offsets)
    assert found is not None
    assert found.s_per_day == pytest.approx(2.0)


def test_a_quarter_of_wild_readings_hardly_moves_it() -> None:
    taken_at, days = hourly(20)
    offsets = -0.5 * days
    offsets[::4] += 8.0
    found = clock_drift(taken_at, offsets)
    assert found is not None
    assert found.s_per_day == pytest.approx(-0.5, abs=0.1)


def test_too_little_gives_none_rather_than_a_guess() -> None:
    taken_at, days = hourly(SPAN_LEAST_DAYS)
    assert clock_drift(taken_at, 2.0 * days) is None
    assert clock_drift(taken_at[:0], days[:0]) is None
    assert clock_drift(taken_at[:1], days[:1]) is None
    taken_at, days = hourly(20)
    assert clock_drift(taken_at, np.full(len(days), np.nan)) is None
    set_each_day = 300.0 * np.floor(days)
    assert clock_drift(taken_at, set_each_day) is None


def test_many_readings_are_thinned_over_their_whole_span() -> None:
    taken_at, days = hourly(365)
    found = clock_drift(taken_at, 0.2 * days)
    assert len(days) > READINGS_MOST
    assert found is not None
    assert found.s_per_day == pytest.approx(0.2)
    assert round(found.days) == 365
