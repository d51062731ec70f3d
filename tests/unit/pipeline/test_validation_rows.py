"""Intervals as they came: doubled, of another length, overlapping, or with holes."""

from collections.abc import Sequence

import numpy as np

from pipeline.validation import validate
from pipeline.vee_window import IntervalRows
from tests.vee_windows import START, vee_window


def _rules(rows: Sequence[tuple[int, int, float]]) -> list[tuple[str, str, str]]:
    """Rows are (minutes after the start, minutes long, kWh)."""
    window = vee_window(
        [1.0] * 4,
        rows=IntervalRows(
            meter=np.zeros(len(rows), dtype=np.int64),
            starts_at=np.array([START + np.timedelta64(at, "m") for at, _, _ in rows]),
            minutes=np.array([minutes for _, minutes, _ in rows]),
            kwh=np.array([kwh for _, _, kwh in rows]),
        ),
    )
    wanted = ("consecutive_interval", "duplicate", "interval_size")
    return [(f.rule, f.expected, f.came) for f in validate(window).findings if f.rule in wanted]


def test_intervals_in_a_row_in_any_order_are_fine() -> None:
    assert _rules([(15, 15, 1.0), (0, 15, 1.0), (30, 15, 1.0)]) == []


def test_a_hole_and_an_overlap_are_no_consecutive_intervals() -> None:
    hole = _rules([(0, 15, 1.0), (30, 15, 1.0)])
    expected, came = "start at 2025-12-31T16:15:00Z", "start at 2025-12-31T16:30:00Z"
    assert hole == [("consecutive_interval", expected, came)]
    assert [rule for rule, _, _ in _rules([(0, 15, 1.0), (10, 15, 1.0)])] == ["consecutive_interval"]


def test_the_same_interval_twice_is_told_with_both_values() -> None:
    doubled = _rules([(0, 15, 1.0), (0, 15, 2.0), (15, 15, 1.0)])
    assert doubled == [("duplicate", "one interval, 1 kWh", "another, 2 kWh")]


def test_an_interval_of_half_an_hour_is_of_another_size() -> None:
    assert _rules([(0, 15, 1.0), (15, 30, 1.0)]) == [("interval_size", "15 min", "30 min")]
