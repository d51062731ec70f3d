from __future__ import annotations

import pytest

from reports.charts.axes import Axis, reach, ticks


def test_a_value_stands_where_its_share_of_the_axis_says() -> None:
    axis = Axis(low=0.0, high=10.0, begin=100.0, end=0.0)
    assert axis(2.5) == pytest.approx(75.0)


def test_a_decade_takes_the_same_room_everywhere_on_a_logarithmic_axis() -> None:
    axis = Axis(low=0.001, high=1000.0, begin=0.0, end=600.0, log=True)
    assert [axis(value) for value in (0.001, 0.01, 1.0, 1000.0)] == pytest.approx([0.0, 100.0, 300.0, 600.0])


def test_what_lies_beyond_an_axis_is_drawn_at_its_end() -> None:
    axis = Axis(low=0.0, high=10.0, begin=0.0, end=100.0)
    assert (axis(-5.0), axis(11.0)) == (0.0, 100.0)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.0, 4.2, [0.0, 1.0, 2.0, 3.0, 4.0]),
        (5.2, 6.2, [5.2, 5.4, 5.6, 5.8, 6.0, 6.2]),
        (0.0, 95.0, [0, 20, 40, 60, 80]),
    ],
)
def test_ticks_are_round_values_within_the_axis(low: float, high: float, wanted: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(wanted)


def test_an_axis_of_nothing_or_of_one_value_still_has_a_length() -> None:
    assert reach([]) == (0.0, 1.0)
    low, high = reach([230.0, 230.0])
    assert low < 230.0 < high
