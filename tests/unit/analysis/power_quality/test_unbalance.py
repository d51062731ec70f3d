"""Unbalance by phasors, lines and bounds: cases T10 to T13."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.power_quality.unbalance import (
    deviation_from_mean,
    least_of_two_lines,
    of_lines,
    phasor,
)
from analysis.waveform.sequences import unbalances

Three = tuple[float, float, float]


def three(magnitudes: Three, degrees: Three = (0.0, -120.0, 120.0)) -> tuple[np.ndarray, ...]:
    return tuple(phasor(np.array([m]), d) for m, d in zip(magnitudes, degrees, strict=True))


def lines_of(phases: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, c = phases
    return np.abs(a - b), np.abs(b - c), np.abs(c - a)


@pytest.mark.parametrize(
    ("magnitudes", "degrees", "negative", "zero"),
    [
        ((220, 220, 198), (0, -120, 120), 3.448276, 3.448276),  # T10
        ((220, 0, 0), (0, -120, 120), 100.0, 100.0),  # T11
        ((220, 220, 220), (0, -120, 130), 5.830099, 5.830099),  # T12
        ((220, 220, 220), (0, -120, 120), 0.0, 0.0),
    ],
)
def test_phasors_give_negative_and_zero_sequence(
    magnitudes: Three, degrees: Three, negative: float, zero: float
) -> None:
    phases = three(magnitudes, degrees)
    found = unbalances(np.stack(phases, axis=-1))
    assert (found[0][0], found[1][0]) == pytest.approx((negative, zero), rel=2e-7, abs=1e-9)
    lines = lines_of(phases)
    assert of_lines(*lines)[0] == pytest.approx(negative, rel=2e-7, abs=2e-6)


def test_t10_has_these_lines() -> None:
    lines = [line[0] for line in lines_of(three((220, 220, 198)))]
    assert lines == pytest.approx([381.051, 362.166, 362.166], abs=5e-4)
    assert deviation_from_mean(*map(np.array, ([220.0], [220.0], [198.0])))[0] == pytest.approx(6.896552)


def test_t12_shows_nothing_in_magnitudes() -> None:
    assert deviation_from_mean(*(np.array([220.0]) for _ in range(3)))[0] == 0.0


@pytest.mark.parametrize(
    ("lines", "negative", "nema"),
    [
        ((380, 380, 361), 3.362972, 3.389831),
        ((100, 95, 105), 5.783780, 5.000000),
        ((400, 400, 0), 100.0, None),
    ],
)
def test_t13_three_lines_are_enough(lines: Three, negative: float, nema: float | None) -> None:
    columns = [np.array([float(line)]) for line in lines]
    assert of_lines(*columns)[0] == pytest.approx(negative, rel=2e-7)
    if nema is not None:
        assert deviation_from_mean(*columns)[0] == pytest.approx(nema, rel=2e-7)


def test_lines_that_make_no_triangle_are_not_clipped() -> None:
    assert np.isnan(of_lines(np.array([400.0]), np.array([150.0]), np.array([200.0]))).all()
    assert np.isnan(of_lines(np.array([np.nan]), np.array([150.0]), np.array([200.0]))).all()


MAGNITUDE = st.floats(0.8, 1.2)
ANGLE = st.floats(-15.0, 15.0)


@given(st.tuples(MAGNITUDE, MAGNITUDE, MAGNITUDE), st.tuples(ANGLE, ANGLE, ANGLE), st.floats(0, 360))
def test_lines_agree_with_phasors_and_turning_all_changes_nothing(
    sizes: Three, errors: Three, turn: float
) -> None:
    degrees = (errors[0], errors[1] - 120.0, errors[2] + 120.0)
    phases = three(sizes, degrees)
    negative, zero = unbalances(np.stack(phases, axis=-1))
    assert of_lines(*lines_of(phases))[0] == pytest.approx(negative[0], rel=1e-6, abs=1e-5)
    a, b, c = (p * np.exp(1j * np.radians(turn)) * 57.7 for p in phases)
    for rotated in ((a, b, c), (b, c, a), (c, a, b)):
        found = unbalances(np.stack(rotated, axis=-1))
        assert (found[0][0], found[1][0]) == pytest.approx((negative[0], zero[0]), rel=1e-9, abs=1e-9)


@given(st.floats(0.5, 1.5), st.floats(0.5, 1.5))
def test_no_third_line_gives_less_than_the_bound(first: float, second: float) -> None:
    thirds = np.linspace(abs(first - second), first + second, 4001)
    tried = of_lines(np.full(4001, first), np.full(4001, second), thirds)
    bound = least_of_two_lines(np.array([first]), np.array([second]))[0]
    assert bound <= np.nanmin(tried) + 1e-5
    assert bound == pytest.approx(np.nanmin(tried), abs=0.05)
