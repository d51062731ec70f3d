import numpy as np

from detectors.stretches import curve, in_stretches, number, stretches

MASK = np.array([True, True, False, True, False, True, True, True])
TIMES = np.arange("2026-01-01T00:00", "2026-01-01T02:00", 15, dtype="datetime64[m]").astype("datetime64[us]")


def test_stretches_are_half_open_ranges() -> None:
    assert stretches(MASK).tolist() == [[0, 2], [3, 4], [5, 8]]
    assert stretches(MASK, at_least=2).tolist() == [[0, 2], [5, 8]]
    assert stretches(np.zeros(3, dtype=np.bool_)).tolist() == []


def test_short_stretches_are_taken_out() -> None:
    assert in_stretches(MASK, 2).tolist() == [True, True, False, False, False, True, True, True]


def test_a_missing_number_is_none_and_not_zero() -> None:
    assert number(np.nan) is None
    assert number(np.inf) is None
    assert number(1.23456) == 1.235


def test_a_thinned_curve_keeps_its_peaks_and_gaps() -> None:
    values = np.array([1.0, 9.0, np.nan, np.nan, 3.0, 2.0, 5.0, np.nan])
    points = curve(TIMES, values, np.arange(8), 4)
    assert [point[1] for point in points if isinstance(point, list)] == [9.0, None, 3.0, 5.0]
    lowest = curve(TIMES, values, np.arange(8), 4, peak=-1)
    assert [point[1] for point in lowest if isinstance(point, list)] == [1.0, None, 2.0, 5.0]


def test_a_short_curve_is_shown_slot_by_slot() -> None:
    assert curve(TIMES, np.arange(8.0), np.array([1, 2]), 10) == [
        ["2026-01-01T00:15:00+00:00", 1.0],
        ["2026-01-01T00:30:00+00:00", 2.0],
    ]
