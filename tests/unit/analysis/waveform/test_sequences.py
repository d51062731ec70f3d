"""Unbalance against closed forms, and wiring faults that are not unbalance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.waveform.sequences import WiringFault, components, unbalance

EXACT = 1e-6


def phasors(
    amplitudes: tuple[float, float, float], degrees: tuple[float, float, float]
) -> NDArray[np.complex128]:
    return np.array(amplitudes) * np.exp(1j * np.radians(degrees))


BALANCED = phasors((1.0, 1.0, 1.0), (0.0, -120.0, 120.0))


def test_one_phase_ten_percent_low() -> None:
    found = unbalance(phasors((1.0, 1.0, 0.9), (0.0, -120.0, 120.0)))
    assert found.negative_percent == pytest.approx(100.0 * 0.1 / 2.9, rel=EXACT)
    assert found.zero_percent == pytest.approx(100.0 * 0.1 / 2.9, rel=EXACT)


def test_one_phase_alone() -> None:
    found = unbalance(np.array([220.0 + 0j, 0.0, 0.0]))
    assert found.negative_percent == pytest.approx(100.0, rel=EXACT)
    assert found.zero_percent == pytest.approx(100.0, rel=EXACT)
    assert found.wiring_fault is None


def test_equal_magnitudes_with_a_wrong_angle_are_unbalanced() -> None:
    found = unbalance(phasors((1.0, 1.0, 1.0), (0.0, -120.0, 130.0)))
    assert found.negative_percent == pytest.approx(5.830099, rel=EXACT)
    assert found.zero_percent == pytest.approx(5.830099, rel=EXACT)


def test_line_voltages_give_the_same_negative_sequence_and_no_zero_sequence() -> None:
    a, b, c = phasors((220.0, 220.0, 198.0), (0.0, -120.0, 120.0))
    between = np.array([a - b, b - c, c - a])
    assert np.abs(between) == pytest.approx([381.051, 362.166, 362.166], abs=1e-3)
    found = unbalance(between, between_phases=True)
    assert found.negative_percent == pytest.approx(3.448276, rel=EXACT)
    assert found.zero_percent is None


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (BALANCED[[0, 2, 1]], WiringFault.PHASE_ORDER),
        (BALANCED * [-1, 1, 1], WiringFault.REVERSED_A),
        (BALANCED * [1, -1, 1], WiringFault.REVERSED_B),
        (BALANCED * [1, 1, -1], WiringFault.REVERSED_C),
    ],
)
def test_a_wiring_fault_is_named_and_is_not_unbalance(
    wrong: NDArray[np.complex128], fault: WiringFault
) -> None:
    found = unbalance(wrong * [1.0, 0.98, 1.01])
    assert found.wiring_fault is fault
    assert found.negative_percent is None
    assert found.zero_percent is None


def test_no_voltage_is_no_unbalance() -> None:
    assert unbalance(np.zeros(3, dtype=complex)).negative_percent is None
    assert unbalance(np.full(3, np.nan, dtype=complex)).negative_percent is None


def test_the_components_make_up_the_phases() -> None:
    three = phasors((1.0, 0.7, 1.2), (3.0, -100.0, 140.0))
    zero, positive, negative = components(three)
    assert zero + positive + negative == pytest.approx(three[0])


@given(
    st.floats(0.5, 1.5),
    st.floats(-25.0, 25.0),
    st.floats(0.01, 1e5),
    st.floats(-180.0, 180.0),
    st.integers(0, 2),
)
def test_neither_scale_nor_time_nor_which_phase_is_first_matters(
    amplitude: float, degrees: float, scale: float, turn: float, roll: int
) -> None:
    three = phasors((amplitude, 1.0, 1.0), (degrees, -120.0, 120.0))
    other = np.roll(three, roll) * scale * np.exp(1j * np.radians(turn))
    one, two = unbalance(three), unbalance(other)
    assert two.negative_percent == pytest.approx(one.negative_percent, rel=1e-9, abs=1e-9)
    assert two.zero_percent == pytest.approx(one.zero_percent, rel=1e-9, abs=1e-9)
