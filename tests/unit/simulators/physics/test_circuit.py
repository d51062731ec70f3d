"""What meters with wrong connections measure, against the formulae of the textbooks of meter wiring."""

import cmath
import math

import pytest

from pipeline.registry import Wiring
from simulators.physics.circuit import CORRECT, PHASORS, SQRT3, Circuit, element_states

PHI = math.radians(25.0)
LOAD = cmath.rect(1.0, PHI)
"""Complex power of each phase of a balanced load: U I = 1, lagging by 25 degrees."""


def measured(wiring: Wiring, circuit: Circuit) -> complex:
    return sum(state.power * LOAD for state in element_states(wiring, circuit))


def four_wire(**keys: tuple[object, ...]) -> complex:
    return measured(Wiring.THREE_PHASE_FOUR_WIRE, Circuit(**keys))  # type: ignore[arg-type]  # tuples of three


def three_wire(**keys: tuple[object, ...]) -> complex:
    return measured(Wiring.THREE_PHASE_THREE_WIRE, Circuit(**keys))  # type: ignore[arg-type]  # likewise


def test_correct_wiring_measures_the_load() -> None:
    assert measured(Wiring.ONE_PHASE, CORRECT) == pytest.approx(LOAD)
    assert four_wire() == pytest.approx(3 * LOAD)
    assert three_wire() == pytest.approx(3 * LOAD)


def test_the_two_elements_of_a_three_wire_meter_see_the_load_at_30_degrees_more_and_less() -> None:
    first, second = (state.power * LOAD for state in element_states(Wiring.THREE_PHASE_THREE_WIRE, CORRECT))
    assert first.real == pytest.approx(SQRT3 * math.cos(PHI + math.pi / 6))
    assert second.real == pytest.approx(SQRT3 * math.cos(PHI - math.pi / 6))


def test_one_reversed_current_of_three_leaves_a_third() -> None:
    assert four_wire(gains=(1.0, -1.0, 1.0)).real == pytest.approx(math.cos(PHI))


def test_voltages_one_phase_further_turn_the_angle_by_120_degrees() -> None:
    a, b, c = PHASORS
    assert four_wire(volts=(b, c, a)).real == pytest.approx(3 * math.cos(PHI - math.radians(120)))


def test_exchanged_currents_of_a_three_wire_meter_measure_nothing() -> None:
    # Uab Ic cos(90 - phi) + Ucb Ia cos(90 + phi) = 0.
    assert three_wire(feeds=(2, 1, 0)).real == pytest.approx(0.0, abs=1e-12)


def test_a_reversed_current_a_of_a_three_wire_meter_measures_ui_sin_phi() -> None:
    # -Uab Ia cos(30 + phi) + Ucb Ic cos(30 - phi) = U I sin(phi), U line to line.
    assert three_wire(gains=(-1.0, 1.0, 1.0)).real == pytest.approx(SQRT3 * math.sin(PHI))


def test_exchanged_voltages_a_and_c_with_right_currents_measure_nothing_either() -> None:
    a, b, c = PHASORS
    assert three_wire(volts=(c, b, a)).real == pytest.approx(0.0, abs=1e-12)


def test_a_floating_terminal_b_halves_the_energy() -> None:
    a, _, c = PHASORS
    assert three_wire(volts=(a, (a + c) / 2, c)).real == pytest.approx(1.5 * math.cos(PHI))


@pytest.mark.parametrize("wiring", list(Wiring))
def test_voltage_times_current_is_apparent_power_however_it_is_wired(wiring: Wiring) -> None:
    a, b, c = PHASORS
    circuit = Circuit(volts=(0.7 * b, a, c), feeds=(1, 2, 0), gains=(-0.4, 1.0, 0.9))
    for state in element_states(wiring, circuit):
        usual = SQRT3 if state.element.minus is not None else 1.0
        assert abs(state.power) == pytest.approx(state.volts * usual * state.amps)
