"""Habits of curves that can be worked out by hand."""

import numpy as np
import pytest

from analysis.habits import LEAST_DAYS, at_share, habits

DAYS, SLOTS = 14, 96


def _two_levels() -> np.ndarray:
    """One home: 0.1 kWh a slot, and 0.5 kWh in the 24 slots from 18:00, every day alike."""
    kwh = np.full((1, DAYS, SLOTS), 0.1)
    kwh[:, :, 72:] = 0.5
    return kwh


def test_two_levels_by_hand() -> None:
    found = habits(_two_levels())
    # (72 * 0.1 + 24 * 0.5) / 96 = 0.2; the lowest quarter and the middle half are all 0.1.
    assert found.known.all()
    assert found.level[0] == pytest.approx(0.2)
    assert found.base[0] == pytest.approx(0.1)
    assert found.middle[0] == pytest.approx(0.1)
    assert found.peak[0] == pytest.approx(0.5)
    assert found.high_days[0] == pytest.approx(0.2)
    assert found.top_share[0] == pytest.approx(0.25)
    # Deviations: 0.1 on three quarters, 0.3 on one: sqrt(0.75 * 0.01 + 0.25 * 0.09) = 0.1732.
    assert found.variation[0] == pytest.approx(np.sqrt(0.03) / 0.21)
    # Two steps of 0.4 a day, but one on the last: 27 of 1343 steps.
    assert found.roughness[0] == pytest.approx(0.4 * 27 / (DAYS * SLOTS - 1) / 0.21)
    assert (found.zeros == 0.0).all()
    # Far from its edges the smoothed curve is the curve.
    assert found.clock[0, 40] == pytest.approx(0.1)
    assert found.clock[0, 84] == pytest.approx(0.5)


def test_a_day_with_a_large_gap_is_left_out_and_small_gaps_change_nothing() -> None:
    kwh = _two_levels()
    kwh[0, 3, :40] = np.nan
    kwh[0, 3, 40:] = 9.0
    whole, gappy = habits(_two_levels()), habits(kwh)
    assert gappy.level[0] == pytest.approx(whole.level[0])
    assert gappy.peak[0] == pytest.approx(0.5)
    kwh = _two_levels()
    kwh[0, 5, 10:14] = np.nan
    assert habits(kwh).base[0] == pytest.approx(0.1)
    assert habits(kwh).zeros[0].max() == 0.0


def test_too_few_whole_days_are_not_known() -> None:
    kwh = np.repeat(_two_levels(), 3, axis=0)
    kwh[0, LEAST_DAYS:] = np.nan
    kwh[1, LEAST_DAYS - 1 :] = np.nan
    kwh[2] = np.nan
    assert habits(kwh).known.tolist() == [True, False, False]


def test_hours_of_nothing_are_counted_by_the_clock() -> None:
    kwh = _two_levels()
    kwh[0, :7, 10:20] = 0.0
    found = habits(kwh)
    assert found.zeros[0, 10:20] == pytest.approx(0.5)
    assert found.zeros[0, :10].max() == 0.0


def test_the_share_of_a_row_leaves_its_gaps_out() -> None:
    rows = np.array([[4.0, np.nan, 1.0, 2.0], [np.nan, np.nan, np.nan, 5.0]])
    assert at_share(rows, 0.5).tolist() == [2.0, 5.0]
    assert at_share(rows, 0.25).tolist() == [1.5, 5.0]
