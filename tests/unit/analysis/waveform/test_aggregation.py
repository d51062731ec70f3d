"""Values joined over 3 s, 10 minutes and 2 hours."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.waveform.aggregation import LEAST_VALUES_OF_3_S, aggregate, rms_mean, touched
from analysis.waveform.events import Event, EventKind


def test_the_square_root_of_the_mean_of_the_squares() -> None:
    assert rms_mean(np.array([3.0, 4.0])) == pytest.approx(np.sqrt(12.5))
    assert rms_mean(np.array([3.0, np.nan])) == pytest.approx(3.0)
    assert np.isnan(rms_mean(np.array([np.nan])))
    assert np.isnan(rms_mean(np.zeros((0, 2)))).all()


def test_flagged_values_count_in_one_figure_and_not_in_the_other() -> None:
    values = np.array([220.0, 220.0, 110.0, 220.0, 230.0])
    found = aggregate(values, np.array([0, 0, 0, 1, 1]), np.array([False, False, True, False, False]))
    assert found.values[0] == pytest.approx(np.sqrt((2 * 220.0**2 + 110.0**2) / 3))
    assert found.unflagged.tolist() == pytest.approx([220.0, np.sqrt((220.0**2 + 230.0**2) / 2)])
    assert found.flagged.tolist() == [True, False]
    assert found.counts.tolist() == [3, 2]


def test_an_interval_that_an_event_fills_has_no_unflagged_value() -> None:
    found = aggregate(np.array([10.0, 11.0]), np.array([4, 4]), np.array([True, True]))
    assert found.values[0] == pytest.approx(np.sqrt(110.5))
    assert np.isnan(found.unflagged[0])


def test_many_figures_are_joined_at_once() -> None:
    values = np.arange(24.0).reshape(6, 2, 2)
    found = aggregate(values, np.array([0, 0, 0, 1, 1, 1]), np.zeros(6, dtype=bool))
    assert found.values.shape == (2, 2, 2)
    assert found.values[0, 1, 0] == pytest.approx(np.sqrt((4 + 36 + 100) / 3))


def test_joining_twice_is_joining_once() -> None:
    values = np.random.default_rng(1).uniform(200.0, 240.0, 60)
    flags = np.zeros(60, dtype=bool)
    fives = aggregate(values, np.arange(60) // 5, flags)
    twice = aggregate(fives.values, np.arange(12) // 12, fives.flagged)
    assert twice.values[0] == pytest.approx(aggregate(values, np.zeros(60, dtype=int), flags).values[0])


def test_a_reading_of_3_s_wants_six_values() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0, np.nan])
    none = np.zeros(12, dtype=bool)
    found = aggregate(values, np.arange(12) // 6, none, least=LEAST_VALUES_OF_3_S)
    assert found.values[0] == pytest.approx(np.sqrt(91.0 / 6.0))
    assert np.isnan(found.values[1])


def test_windows_that_an_event_touches_are_flagged() -> None:
    event = Event(kind=EventKind.DIP, channels=("u",), starts_s=0.35, duration_s=0.1, residual_percent=70.0)
    starts = np.linspace(0.0, 0.8, 5)
    assert touched(starts, starts + 0.2, [event]).tolist() == [False, True, True, False, False]
    assert touched(starts, starts + 0.2, []).tolist() == [False] * 5
