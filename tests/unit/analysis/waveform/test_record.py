"""Stretches of even steps out of times."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.waveform.record import Recording, stretches_by_time
from pipeline.errors import DataError


def test_even_times_are_one_stretch() -> None:
    times = np.round(np.arange(1000) / 1200.0, 6)
    (stretch,) = stretches_by_time(times, np.zeros((2, 1000)))
    assert stretch.rate_hz == pytest.approx(1200.0, rel=1e-5)
    assert stretch.samples.shape == (2, 1000)


def test_a_gap_and_another_rate_begin_new_stretches() -> None:
    times = np.r_[np.arange(100) / 1000.0, 0.2 + np.arange(100) / 1000.0, 0.2995 + np.arange(50) / 5000.0]
    found = stretches_by_time(times, np.arange(250.0)[None])
    assert [round(s.rate_hz) for s in found] == [1000, 1000, 5000]
    assert [s.samples.shape[1] for s in found] == [100, 100, 50]
    assert [s.starts_s for s in found] == pytest.approx([0.0, 0.2, 0.2995])
    assert found[2].samples[0, 0] == 200.0


def test_a_slower_rate_begins_where_its_steps_do() -> None:
    times = np.r_[np.arange(100) / 5000.0, 0.0198 + np.arange(1, 50) / 1000.0]
    found = stretches_by_time(times, np.zeros((1, 149)))
    assert [round(s.rate_hz) for s in found] == [5000, 1000]
    assert sum(s.samples.shape[1] for s in found) == 149


@pytest.mark.parametrize("times", [[0.0, 0.1, 0.1], [0.0, 0.2, 0.1], [0.0, float("nan"), 0.1]])
def test_times_that_do_not_rise_are_refused_with_their_sample(times: list[float]) -> None:
    with pytest.raises(DataError, match=r"sample [23]: its time"):
        stretches_by_time(np.array(times), np.zeros((1, 3)))


def test_a_record_knows_whether_it_is_whole() -> None:
    stretches = stretches_by_time(np.arange(10) / 1000.0, np.zeros((1, 10)))
    made = Recording(name="x", channels=(), stretches=stretches, samples_expected=12)
    assert made.is_incomplete
    assert made.samples == 10
    assert made.ends_s == pytest.approx(0.01)
    assert Recording(name="x", channels=(), stretches=()).ends_s == 0.0
