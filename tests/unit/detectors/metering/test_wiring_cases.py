from itertools import permutations, product
from math import cos, radians, sin, sqrt

import numpy as np
import pytest

from detectors.metering.wiring_cases import PHASES, WiringCase, patterns, phasors, right_state, states, turned
from pipeline.registry import Wiring
from simulators.physics.circuit import PHASORS, Circuit, element_states

ONE, THREE, FOUR = Wiring.ONE_PHASE, Wiring.THREE_PHASE_THREE_WIRE, Wiring.THREE_PHASE_FOUR_WIRE


@pytest.mark.parametrize(("wiring", "cases", "kinds"), [(ONE, 2, 2), (THREE, 48, 36), (FOUR, 288, 72)])
def test_there_are_as_many_cases_as_the_textbooks_count(wiring: Wiring, cases: int, kinds: int) -> None:
    assert sum(len(state.cases) for state in states(wiring).values()) == cases
    assert len(states(wiring)) == kinds


@pytest.mark.parametrize("wiring", [THREE, FOUR])
def test_every_case_turns_the_powers_as_the_simulated_circuit_does(wiring: Wiring) -> None:
    for case in (case for state in states(wiring).values() for case in state.cases):
        currents = case.currents if wiring is FOUR else f"{case.currents[0]}b{case.currents[1]}"
        signs = case.signs if wiring is FOUR else f"{case.signs[0]}+{case.signs[1]}"
        a, b, c = (PHASORS[PHASES.index(phase)] for phase in case.volts)
        feeds, gains = [PHASES.index(p) for p in currents], [-1.0 if s == "-" else 1.0 for s in signs]
        circuit = Circuit(
            volts=(a, b, c), feeds=(feeds[0], feeds[1], feeds[2]), gains=(gains[0], gains[1], gains[2])
        )
        powers = np.array([state.power for state in element_states(wiring, circuit)])
        np.testing.assert_allclose(phasors(case.turns), powers / np.abs(powers), atol=1e-12)


def test_the_case_of_the_fewest_moved_wires_is_named_first() -> None:
    state = states(FOUR)[0, 6, 0]
    assert state.cases[0].name == "Ua Ia, Ub -Ib, Uc Ic"
    assert [case.moved for case in state.cases] == sorted(case.moved for case in state.cases)


def test_voltages_and_currents_moved_alike_count_right() -> None:
    case = WiringCase(wiring=FOUR, volts="bca", currents="bca", signs="+++")
    assert case in right_state(FOUR).cases
    assert right_state(FOUR).factor(30.0) == pytest.approx(1.0)


@pytest.mark.parametrize("degrees", [-20.0, 10.0, 30.0, 60.0])
def test_factors_are_those_of_the_vector_diagrams(degrees: float) -> None:
    """Worked out by hand.

    3P4W, one current reversed: 3 UI cos / UI cos = 3. 3P3W, -Ia: UI cos(phi - 30) - UI cos(phi + 30) is
    UI sin(phi), so K = sqrt(3) cot(phi). 3P3W, -Ia -Ic: K = -1. 3P4W, currents one place on: all elements
    lag or lead by 120 degrees, K = cos(phi) / cos(phi + 120).
    """
    phi = radians(degrees)
    by_name = {
        case.name: state for w in (THREE, FOUR) for state in states(w).values() for case in state.cases
    }
    assert by_name["Ua -Ia, Ub Ib, Uc Ic"].factor(degrees) == pytest.approx(3.0)
    assert by_name["Uab -Ia, Ucb Ic"].factor(degrees) == pytest.approx(sqrt(3) * cos(phi) / sin(phi))
    assert by_name["Uab -Ia, Ucb -Ic"].factor(degrees) == pytest.approx(-1.0)
    moved = by_name["Ua Ib, Ub Ic, Uc Ia"].factor(degrees)
    assert moved == pytest.approx(cos(phi) / cos(phi + radians(120.0)))


def test_a_meter_that_stands_still_has_no_factor() -> None:
    (state,) = (s for s in states(FOUR).values() if s.cases[0].name == "Ua Ia, Ub Ic, Uc Ib")
    assert state.factor(20.0) is None


@pytest.mark.parametrize(("wiring", "count", "each"), [(ONE, 1, 2), (THREE, 6, 6), (FOUR, 12, 6)])
def test_patterns_and_their_turns_are_all_states(wiring: Wiring, count: int, each: int) -> None:
    kinds = patterns(wiring)
    assert len(kinds) == count
    assert kinds[0] == right_state(wiring).turns
    assert {state.turns for pattern in kinds for state in turned(wiring, pattern)} == set(states(wiring))
    assert all(len(turned(wiring, pattern)) == each for pattern in kinds)


def test_all_orders_and_polarities_are_there() -> None:
    named = {(c.volts, c.currents, c.signs) for s in states(FOUR).values() for c in s.cases}
    orders = ["".join(order) for order in permutations("abc")]
    assert named == set(product(orders, orders, ("".join(s) for s in product("+-", repeat=3))))
