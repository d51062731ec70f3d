"""Registers that nobody read."""

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.scalar_estimation import from_history, from_intervals, from_profile, prorated

MIDNIGHT = np.datetime64("2026-01-01", "us")


def test_a_register_follows_its_intervals_and_rolls_over() -> None:
    assert from_intervals(995, np.array([2, 4, 3]), 1000).tolist() == [997, 1, 4]


def test_a_register_is_carried_on_at_the_mean_of_known_days() -> None:
    assert from_history(100, np.array([10.0, np.nan, 20.0]), 2.0) == 130


def test_a_register_follows_its_class_profile() -> None:
    # 60 counts while the profile passed 3: 20 for each; 1.5 ahead are 30.
    assert from_profile(100, 60, 3.0, 1.5) == 130


def test_a_register_between_two_reads_lies_on_the_line() -> None:
    day = np.timedelta64(86_400, "s")
    times = MIDNIGHT + np.array([0, 1, 2]) * (day // 2)
    assert prorated(times, (MIDNIGHT, 100), (MIDNIGHT + day, 111)).tolist() == [100, 105, 111]


def test_what_cannot_be_estimated_is_refused() -> None:
    with pytest.raises(DataError, match="no day of the history"):
        from_history(1, np.array([np.nan]), 1.0)
    with pytest.raises(DataError, match="more than zero"):
        from_profile(1, 1, 0.0, 1.0)
    with pytest.raises(DataError, match="between the reads"):
        prorated(np.array([MIDNIGHT]), (MIDNIGHT, 1), (MIDNIGHT, 2))
