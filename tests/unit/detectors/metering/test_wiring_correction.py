from typing import Any

import pytest

from detectors.hysteresis import Stretch
from detectors.metering.wiring_cases import Turns, right_state, states
from detectors.metering.wiring_correction import formula, wiring_correction
from detectors.ratings import ratings
from pipeline.registry import Wiring
from tests.fix_planted import planted

THREE, FOUR = Wiring.THREE_PHASE_THREE_WIRE, Wiring.THREE_PHASE_FOUR_WIRE
STRETCH = Stretch(row=0, first=804, end=1092, is_open=False, known_end=1344)


def test_the_energy_is_the_truth_and_the_factor_depends_on_the_angle() -> None:
    """3P3W, -Ia: K = sqrt(3) cot(phi), so 3 at 30 degrees, sqrt(3) at 45 and 1 at 60, by hand."""
    case = planted("reversed_current", {"phase": "a"}, wiring=THREE)
    (state,) = (s for s in states(THREE).values() if s.cases[0].name == "Uab -Ia, Ucb Ic")
    corrected: Any = wiring_correction(case.window, ratings(case.window, case.registry), state, STRETCH)
    assert corrected["missing_kwh"] == pytest.approx(case.truth.energy_kwh, rel=0.02)
    by_angle = dict(corrected["factor_by_angle"])
    assert (by_angle[30], by_angle[45], by_angle[60]) == (3.0, 1.7321, 1.0)
    assert by_angle[0] is None


@pytest.mark.parametrize(
    ("wiring", "turns", "expected"),
    [
        (FOUR, (0, 0, 0), "K = 3.000 cos φ / (3.000 cos(φ +0°))"),
        (FOUR, (0, 4, 8), "none: the elements add up to 0 at every load angle"),
        (FOUR, (4, 4, 4), "K = 3.000 cos φ / (3.000 cos(φ +120°))"),
        (THREE, (7, 11), "K = 1.732 cos φ / (1.000 cos(φ -90°))"),
    ],
)
def test_the_formula_is_that_of_the_vector_diagram(wiring: Wiring, turns: Turns, expected: str) -> None:
    assert formula(states(wiring)[turns]) == expected


def test_the_right_wiring_has_nothing_to_correct() -> None:
    case = planted(None)
    corrected: Any = wiring_correction(
        case.window, ratings(case.window, case.registry), right_state(FOUR), STRETCH
    )
    assert corrected["missing_kwh"] == pytest.approx(0.0, abs=0.5)
    assert corrected["factor"] == pytest.approx(1.0, abs=1e-3)
