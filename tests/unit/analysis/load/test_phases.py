from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analysis.load.levels import load_levels
from analysis.load.phases import phase_unbalance
from pipeline.timegrid import slot_grid

AT = datetime(2026, 3, 1, tzinfo=UTC)
LEVELS = load_levels().phase_unbalance
NAN = np.nan


def _at(count: int) -> np.ndarray:
    return slot_grid(AT, AT + timedelta(minutes=15 * count), 15)


def test_three_phases_by_hand() -> None:
    # Means: 10, 8, 6 kW: (10 - 6) / 10 = 40 %. Highest total 14 + 9 + 7 = 30 kW: (14 - 7) / 14 = 50 %.
    kw = np.array([[6.0, 14.0], [7.0, 9.0], [5.0, 7.0]])
    found = phase_unbalance(kw, _at(2), LEVELS)
    assert found is not None
    assert found.mean_kw == (10.0, 8.0, 6.0)
    assert found.of_means_percent == pytest.approx(40.0)
    assert found.at_maximum_percent == pytest.approx(50.0)
    assert found.maximum_at == AT + timedelta(minutes=15)
    assert found.highest_phase == "A"
    # The first reading: (7 - 5) / 7 = 28.6 %, above 15 % as well.
    assert found.above_limit_share == 1.0
    assert found.coverage == 1.0


def test_a_reading_without_all_phases_does_not_count() -> None:
    found = phase_unbalance(np.array([[6.0, 5.0], [NAN, 5.0], [1.0, 5.0]]), _at(2), LEVELS)
    assert found is not None
    assert found.of_means_percent == 0.0
    assert found.above_limit_share == 0.0
    assert found.coverage == 0.5


def test_a_load_that_rests_has_no_unbalance() -> None:
    found = phase_unbalance(np.zeros((3, 2)), _at(2), LEVELS)
    assert found is not None
    assert (found.of_means_percent, found.at_maximum_percent) == (None, None)


def test_nothing_known_says_nothing() -> None:
    assert phase_unbalance(np.full((3, 2), NAN), _at(2), LEVELS) is None
