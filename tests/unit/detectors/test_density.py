import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.density import dense


def slots(text: str) -> np.ndarray:
    return np.array([[letter == "x" for letter in text]])


@pytest.mark.parametrize(
    ("given_slots", "expected"),
    [
        ("x.x.x.x.....", "x.x.x.x....."),
        ("x..x..x..x..", "............"),
        ("x.x.x......x", "............"),
        ("xxxx", "xxxx"),
        (".....x..xx.x", ".....x..xx.x"),
        ("x.......xxxx", "........xxxx"),
    ],
)
def test_four_of_eight_points_are_enough_and_three_are_not(given_slots: str, expected: str) -> None:
    np.testing.assert_array_equal(dense(slots(given_slots), 4, 8), slots(expected))


def test_each_row_has_its_own_number_and_none_sees_the_next() -> None:
    mask = np.vstack([slots("......xx"), slots("xx......")])
    np.testing.assert_array_equal(dense(mask, np.array([[2], [3]]), 4), [mask[0], mask[1] & False])


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 5), st.integers(1, 9))
def test_it_agrees_with_counting_stretch_by_stretch(points: list[bool], least: int, among: int) -> None:
    assert dense(np.array([points]), least, among)[0].tolist() == [
        holds
        and any(
            sum(points[max(first, 0) : first + among]) >= least for first in range(at - among + 1, at + 1)
        )
        for at, holds in enumerate(points)
    ]
