import numpy as np

from analysis.load.shapes import UNKNOWN, shape_classes
from detectors.load.shape_windows import changed_on, shape_days

CLASSES = shape_classes()
WEEKDAY = np.arange(42) % 7
OFFICE = np.where((np.arange(24) >= 8) & (np.arange(24) < 18), 80.0, 8.0)


def _office_then_flat() -> np.ndarray:
    """Three weeks of an office, then three of a plant that never stops: shape (days, 24)."""
    hours = np.where((WEEKDAY < 5)[:, None], OFFICE, 8.0)
    hours[21:] = 60.0
    return hours


def test_the_class_of_each_day_is_that_of_the_weeks_that_end_with_it() -> None:
    drawn = _office_then_flat()[None]
    found = shape_days(drawn, np.zeros_like(drawn), WEEKDAY[None], 21, CLASSES)
    assert set(found.number[0, :20]) == {UNKNOWN}
    assert found.number[0, 20] == CLASSES.number_of("office")
    assert found.number[0, 41] == CLASSES.number_of("continuous")
    own = found.own_score()
    assert np.isnan(own[0, 19])
    assert (own[0, 20], own[0, 41]) == (1.0, 1.0)


def test_the_day_of_the_change_is_found_between_like_days() -> None:
    assert changed_on(_office_then_flat(), WEEKDAY, range(10, 40)) == 21


def test_unknown_days_are_left_out() -> None:
    hours = _office_then_flat()
    hours[15:19] = np.nan
    assert changed_on(hours, WEEKDAY, range(12, 40)) in range(19, 22)
