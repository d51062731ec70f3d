import numpy as np
import pytest

from detectors.metering.wiring_cases import patterns, phasors, right_state, states
from detectors.metering.wiring_fit import (
    ASSUMED_ANGLE,
    HomeAngle,
    best_pattern,
    home_angle,
    imports,
    load_power,
    nearest_state,
    pattern_of,
    right_sum,
    substantial,
    usual_angles,
    wrapped,
)
from pipeline.registry import Wiring

THREE, FOUR = Wiring.THREE_PHASE_THREE_WIRE, Wiring.THREE_PHASE_FOUR_WIRE
HOME = HomeAngle(radians=float(np.radians(25.0)), is_known=True)


def loads(degrees: float, size: float = 2.0, count: int = 40) -> np.ndarray:
    return np.full(count, size * np.exp(1j * np.radians(degrees)))


@pytest.mark.parametrize("wiring", [THREE, FOUR])
@pytest.mark.parametrize("degrees", [-30.0, 5.0, 50.0])
def test_every_state_is_found_by_the_usual_angle_and_gives_its_load_back(
    wiring: Wiring, degrees: float
) -> None:
    home = HomeAngle(radians=float(np.radians(degrees + 8.0)), is_known=True)
    for state in states(wiring).values():
        powers = state.vectors[:, None] * loads(degrees)
        pattern, misfit, _ = pattern_of(wiring, powers)
        found, angle = nearest_state(wiring, pattern, powers, home)
        assert found is state
        assert misfit == pytest.approx(0.0, abs=1e-9)
        assert np.degrees(angle) == pytest.approx(degrees)


def test_the_slots_of_a_case_are_told_from_those_of_the_right_wiring() -> None:
    right, wrong = right_state(FOUR).vectors, states(FOUR)[0, 6, 0].vectors
    best, misfit = best_pattern(FOUR, np.stack([right * 2.0, wrong * 2.0], axis=1))
    assert best[0] == 0
    assert patterns(FOUR)[best[1]] == (0, 6, 0)
    np.testing.assert_allclose(misfit, 0.0, atol=1e-9)


def test_an_unbalanced_four_wire_load_is_given_back_exactly() -> None:
    phases = np.array([[3.0 + 1.0j], [1.0 + 0.2j], [2.0 + 1.5j]])
    state = states(FOUR)[6, 0, 0]
    assert load_power(state, state.vectors[:, None] * phases)[0] == pytest.approx(phases.sum())


def test_the_sum_of_a_three_wire_meters_elements_is_the_load_turned_back() -> None:
    powers = phasors(right_state(THREE).turns)[:, None] * loads(20.0, count=1)
    real, imaginary = right_sum(THREE, list(powers.real), list(powers.imag))
    assert np.degrees(np.arctan2(imaginary, real))[0] == pytest.approx(20.0, abs=1e-4)


def test_the_home_angle_is_that_of_the_working_load_and_not_of_an_idle_plant() -> None:
    power = np.concatenate([loads(22.0, size=3.0), loads(-80.0, size=0.8, count=100)])
    home = home_angle(power, np.ones(140, dtype=np.bool_))
    assert home.is_known
    assert np.degrees(home.radians) == pytest.approx(22.0)


def test_a_load_that_only_flows_back_has_no_known_home() -> None:
    home = home_angle(loads(200.0), np.ones(40, dtype=np.bool_))
    assert (home.is_known, home.radians) == (False, float(ASSUMED_ANGLE))
    assert not home_angle(loads(20.0), np.zeros(40, dtype=np.bool_)).is_known


def test_the_larger_part_at_importing_angles_is_home() -> None:
    power = np.concatenate([loads(20.0, count=30), loads(140.0, count=60)])
    assert np.degrees(home_angle(power, np.ones(90, dtype=np.bool_)).radians) == pytest.approx(20.0)


def test_usual_angles_are_those_of_each_load_and_missing_where_they_vary() -> None:
    power = np.concatenate([loads(20.0, size=8.0), loads(-80.0, size=1.0), loads(0.0, size=3.0, count=20),
                            loads(90.0, size=3.0, count=20)])  # fmt: skip
    usual = np.degrees(usual_angles(power, np.ones(len(power), dtype=np.bool_)))
    np.testing.assert_allclose(usual[:40], 20.0)
    np.testing.assert_allclose(usual[40:80], -80.0)
    assert np.isnan(usual[80:]).all()


def test_a_slot_imports_if_it_does_so_when_turned_back() -> None:
    power = np.concatenate([loads(205.0, count=2), loads(25.0, count=1)])
    turned_slots = np.array([True, True, False])
    assert imports(power, turned_slots, HOME).tolist() == [True, True, False]


def test_substantial_is_what_comes_near_the_working_load() -> None:
    sizes = np.array([10.0, 9.0, 7.0, 1.0, np.nan])
    assert substantial(sizes, np.isfinite(sizes)).tolist() == [True, True, True, False, False]


def test_angles_are_wrapped_to_half_a_turn() -> None:
    np.testing.assert_allclose(
        wrapped(np.array([np.pi * 1.5, -np.pi * 1.5, 0.1])), [-np.pi / 2, np.pi / 2, 0.1]
    )
