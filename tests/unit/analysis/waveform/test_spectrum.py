"""Lines, groups and subgroups of signals in closed form, at 50 and 60 Hz."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.waveform import indices, spectrum
from tests.unit.analysis.waveform.signals import RATE_HZ, U_V, times_s, wave

EXACT = 1e-6
WINDOW_S = 0.2


def power_of(window: NDArray[np.float64], cycles: int = 10) -> NDArray[np.floating]:
    return spectrum.lines(window, 50, cycles).powers()


def line(window: NDArray[np.float64], order: int) -> float:
    return float(np.sqrt(power_of(window)[10 * order]))


def test_an_interharmonic_lies_in_its_centred_subgroup_and_half_in_each_group() -> None:
    power = power_of(wave(times_s(WINDOW_S), {3.5: 0.02}))
    between = spectrum.interharmonic_subgroups(power, 50, 10) / U_V
    upper = spectrum.subgroups(power, 50, 10) / U_V
    whole = spectrum.groups(power, 50, 10) / U_V
    assert between[3] == pytest.approx(0.02, rel=EXACT)
    assert upper[2] == pytest.approx(0.0, abs=1e-12)
    assert upper[3] == pytest.approx(0.0, abs=1e-12)
    assert whole[2] == pytest.approx(0.02 / np.sqrt(2.0), rel=EXACT)
    assert whole[3] == pytest.approx(0.02 / np.sqrt(2.0), rel=EXACT)
    assert spectrum.interharmonic_groups(power, 50, 10)[3] / U_V == pytest.approx(0.02, rel=EXACT)


def test_a_line_beside_a_harmonic_counts_to_its_subgroup() -> None:
    window = wave(times_s(WINDOW_S), {5.0: 0.1, 5.1: 0.05})
    assert line(window, 5) / U_V == pytest.approx(0.10, rel=EXACT)
    fifth = spectrum.subgroups(power_of(window), 50, 10)[4]
    assert fifth / U_V == pytest.approx(0.11180340, rel=EXACT)


def test_a_modulated_fundamental_is_larger_as_a_subgroup_than_as_a_line() -> None:
    at_s = times_s(WINDOW_S)
    window = wave(at_s, {}) * (1.0 + 0.1 * np.sin(2.0 * np.pi * 5.0 * at_s))
    assert line(window, 1) / U_V == pytest.approx(1.0, rel=EXACT)
    assert spectrum.subgroups(power_of(window), 50, 10)[0] / U_V == pytest.approx(1.002497, rel=EXACT)


def test_the_mean_is_not_enlarged_by_the_root_of_two() -> None:
    window = wave(times_s(WINDOW_S), {}) + 5.0
    assert spectrum.lines(window, 50, 10).means() == pytest.approx(5.0, rel=EXACT)
    assert np.sqrt(np.square(window).mean()) == pytest.approx(220.056811, rel=EXACT)


@pytest.mark.parametrize("place", range(2, 11))
def test_every_line_between_harmonics_is_seen_at_60_hz(place: int) -> None:
    at_s = times_s(WINDOW_S)
    window = wave(at_s, {3.0 + place / 12.0: 0.02}, frequency_hz=60.0)
    between = spectrum.interharmonic_subgroups(power_of(window, 12), 40, 12) / U_V
    assert between[3] == pytest.approx(0.02, rel=EXACT)


def test_groups_at_60_hz_reach_six_lines_to_each_side() -> None:
    window = wave(times_s(WINDOW_S), {5.0 + 5.0 / 12.0: 0.03, 5.5: 0.04}, frequency_hz=60.0)
    fifth = spectrum.groups(power_of(window, 12), 40, 12)[4] / U_V
    assert fifth == pytest.approx(np.sqrt(0.03**2 + 0.04**2 / 2.0), rel=EXACT)


def test_float32_windows_give_float32_figures_near_those_in_float64() -> None:
    window = wave(times_s(WINDOW_S), {5.0: 0.1, 7.0: 0.03})
    single = window.astype(np.float32)
    orders = spectrum.subgroups(spectrum.lines(single, 50, 10).powers(), 50, 10)
    assert orders.dtype == np.float32
    assert orders[4] / U_V == pytest.approx(0.1, rel=1e-5)
    assert indices.thd_f(orders, 40).dtype == np.float32


def test_a_batch_gives_what_each_window_gives_alone() -> None:
    windows = np.array([wave(times_s(WINDOW_S), {order: 0.01 * order}) for order in (2.0, 3.0, 4.0)])
    together = spectrum.subgroups(power_of(windows), 50, 10)
    for window, orders in zip(windows, together, strict=True):
        assert spectrum.subgroups(power_of(window), 50, 10) == pytest.approx(orders, abs=1e-9)


@pytest.mark.parametrize(
    ("points", "cycles", "order"), [(2000, 10, 50), (240, 12, 9), (200, 10, 9), (16, 4, 1)]
)
def test_the_highest_order_stays_below_half_the_rate(points: int, cycles: int, order: int) -> None:
    assert spectrum.highest_order(points, cycles) == order


def test_groups_that_reach_beyond_half_the_rate_count_what_is_there() -> None:
    power = spectrum.lines(wave(times_s(WINDOW_S, 1000.0), {9.0: 0.1}), 9, 10).powers()
    assert spectrum.groups(power, 9, 10)[8] / U_V == pytest.approx(0.1, rel=EXACT)


def test_rates_are_of_no_matter() -> None:
    for rate_hz in (RATE_HZ, 12_800.0, 51_200.0):
        power = power_of(wave(times_s(WINDOW_S, rate_hz), {40.0: 0.01}))
        assert spectrum.subgroups(power, 50, 10)[39] / U_V == pytest.approx(0.01, rel=EXACT)


def test_a_tone_off_the_lines_is_not_lost() -> None:
    window = wave(times_s(WINDOW_S), {252.0 / 50.0: 0.05})
    fifth = spectrum.subgroups(power_of(window), 50, 10)[4] / U_V
    assert fifth == pytest.approx(0.0468, abs=0.0005)
    assert spectrum.groups(power_of(window), 50, 10)[4] / U_V == pytest.approx(0.05, rel=0.02)
