from dataclasses import replace

import numpy as np
import pytest

from detectors.ratings import ELEMENTS
from detectors.usage.power_factor_jump import power_factors, usual_levels
from pipeline.registry import Wiring
from tests.day_windows import by_slots

(A,) = ELEMENTS[Wiring.ONE_PHASE]


def test_it_is_of_active_and_reactive_power_with_the_sign_of_the_active_one() -> None:
    window = by_slots(np.ones((1, 4)))
    columns = {A.power: [3.0, -3.0, 3.0, 0.0], A.reactive: [4.0, 4.0, 4.0, 0.0], A.current: [5, 5, 0.1, 5]}
    values = {q: np.array([column], dtype=np.float32) for q, column in columns.items()}
    found = power_factors(replace(window, values=values), A, np.array([0.25]))
    np.testing.assert_allclose(found, [[0.6, -0.6, np.nan, np.nan]])


def test_the_level_is_the_median_of_the_days_before_and_never_of_the_same() -> None:
    factors = np.full((1, 12 * 96), 0.9)
    factors[0, 96:192] = 0.1
    factors[0, 10 * 96 :] = 0.2
    levels = usual_levels(factors, 15)
    assert np.isnan(levels[0, : 7 * 96]).all()
    assert levels[0, 7 * 96 :].tolist() == pytest.approx([0.9] * (5 * 96))


def test_days_without_current_are_no_level() -> None:
    factors = np.full((1, 10 * 96), np.nan)
    factors[0, 3::96] = 0.9
    assert np.isnan(usual_levels(factors, 15)).all()
