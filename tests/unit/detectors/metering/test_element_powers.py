import cmath
from dataclasses import replace
from math import radians

import numpy as np
import pytest

from detectors.hysteresis import Stretch
from detectors.metering.element_powers import balanced_turn, column, complex_power, known_number, usual_share
from detectors.ratings import ELEMENTS
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from tests.fix_planted import planted

FOUR, THREE = Wiring.THREE_PHASE_FOUR_WIRE, Wiring.THREE_PHASE_THREE_WIRE
LATER = Stretch(row=0, first=150, end=170, is_open=False, known_end=192)
WHERE = slice(60, 70)


def test_a_three_wire_meters_elements_stand_thirty_degrees_before_and_after_the_load() -> None:
    """Vector diagram of the two-wattmeter method: Uab to Ia is phi + 30, Ucb to Ic is phi - 30."""
    a, c = ELEMENTS[THREE]
    own, other = (cmath.rect(1.0, radians(25.0 + turn)) for turn in (30.0, -30.0))
    assert other * balanced_turn(THREE, a, [c]) == pytest.approx(own)
    assert own * balanced_turn(THREE, c, [a]) == pytest.approx(other)


def test_a_four_wire_meters_elements_stand_at_the_loads_angle() -> None:
    a, b, c = ELEMENTS[FOUR]
    assert balanced_turn(FOUR, a, [b, c]) == 1.0


def test_the_usual_share_is_that_of_the_days_before() -> None:
    window = planted(None).window
    a, b, c = ELEMENTS[FOUR]
    share, by_before = usual_share(window, FOUR, LATER, a, [b, c])
    assert by_before
    assert share.real == pytest.approx(0.34 / 0.66, rel=1e-3)


@pytest.mark.parametrize("wiring", [FOUR, THREE])
def test_without_a_past_the_share_is_that_of_a_balanced_load(wiring: Wiring) -> None:
    window = planted(None, wiring=wiring).window
    lost, *others = ELEMENTS[wiring]
    share, by_before = usual_share(window, wiring, LATER._replace(first=2), lost, others)
    assert not by_before
    assert abs(share) == pytest.approx(1.0 / len(others))


def test_powers_that_nobody_read_are_missing_and_not_zero() -> None:
    window = planted(None).window
    without = dict(window.values)
    del without[Quantity.REACTIVE_POWER_A]
    own = complex_power(replace(window, values=without), ELEMENTS[FOUR][0], 0, WHERE)
    assert np.isnan(own).all()
    assert np.isfinite(column(window, Quantity.REACTIVE_POWER_A, 0, WHERE)).all()


def test_only_numbers_are_known_numbers() -> None:
    assert known_number(3) == 3.0
    assert known_number(None) is None
    assert known_number("3") is None
