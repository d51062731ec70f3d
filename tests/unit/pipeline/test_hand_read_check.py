"""A hand read lies between the reads around it, give or take the decimals that people leave out."""

import numpy as np
import pytest

from pipeline.hand_read_check import Expected, expected_register

DAY = np.timedelta64(24, "h")
START = np.datetime64("2026-01-01T00:00", "us")
TIMES = START + np.arange(2) * 2 * DAY
REGISTERS = np.array([100.0, 150.0])


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (START + DAY, Expected(low=100.0, high=150.0)),
        (START, Expected(low=100.0, high=100.0)),
        (START + 3 * DAY, Expected(low=150.0, high=150.0 + 24 * 2.0)),
        (START - DAY, Expected(low=100.0 - 24 * 2.0, high=100.0)),
        (START + 20 * DAY, None),
    ],
)
def test_the_reads_around_say_what_a_register_may_show(at: np.datetime64, expected: Expected | None) -> None:
    assert expected_register(TIMES, REGISTERS, at, 2.0) == expected


def test_a_register_that_fell_in_between_says_nothing() -> None:
    assert expected_register(TIMES, REGISTERS[::-1], START + DAY, 2.0) is None


def test_whole_kilowatt_hours_are_near_enough() -> None:
    expected = Expected(low=100.4, high=100.6)
    assert [expected.holds(register) for register in (99.0, 100.0, 101.0, 102.0)] == [
        False,
        True,
        True,
        False,
    ]
