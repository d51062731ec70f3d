"""The fundamental's phase, with harmonics, interharmonics, dips and drifting frequency."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.waveform.phase import follow, nearest_nominal_hz
from tests.unit.analysis.waveform.signals import RATE_HZ, times_s, wave

DISTORTION = {2.0: 0.01, 3.5: 0.02, 5.0: 0.1, 7.0: 0.05}


@pytest.mark.parametrize("rate_hz", [1200.0, 10_000.0, 12_800.0])
@pytest.mark.parametrize("frequency_hz", [49.5, 49.8, 50.0, 50.13, 59.3, 60.0])
def test_the_frequency_is_found_in_a_distorted_voltage(rate_hz: float, frequency_hz: float) -> None:
    at_s = times_s(1.3, rate_hz)
    track = follow(wave(at_s, DISTORTION, frequency_hz=frequency_hz, phase_rad=0.3) + 5.0, rate_hz)
    assert track is not None
    assert track.frequency_hz == pytest.approx(frequency_hz, rel=1e-7)
    assert np.diff(track.phase_at(np.array([0.2, 1.0]))) == pytest.approx(
        2.0 * np.pi * frequency_hz * 0.8, rel=1e-7
    )


def test_phase_and_time_are_each_other_turned_round() -> None:
    track = follow(wave(times_s(1.0), {}, frequency_hz=50.2), RATE_HZ)
    assert track is not None
    at_s = np.linspace(0.0, 0.999, 37)
    assert track.time_at(track.phase_at(at_s)) == pytest.approx(at_s, abs=1e-12)


def test_a_slow_swing_is_followed() -> None:
    at_s = times_s(10.0)
    hertz = 50.0 + 0.1 * np.sin(2.0 * np.pi * 0.1 * at_s)
    phases = 2.0 * np.pi * np.cumsum(hertz) / RATE_HZ
    track = follow(np.sin(phases), RATE_HZ)
    assert track is not None
    off = track.phase_at(at_s) - phases
    inside = slice(1000, -1000)
    assert np.ptp(off[inside]) < 0.003


def test_an_interruption_does_not_lose_the_phase() -> None:
    at_s = times_s(3.0)
    samples = wave(at_s, {5.0: 0.05}, frequency_hz=50.1)
    samples[(at_s > 1.0) & (at_s < 1.8)] = 0.0
    track = follow(samples, RATE_HZ)
    assert track is not None
    assert track.phase_at(np.array([2.9])) - track.phase_at(np.array([0.1])) == pytest.approx(
        2.0 * np.pi * 50.1 * 2.8, abs=0.02
    )


@pytest.mark.parametrize("frequency_hz", [16.7, 100.0, 400.0])
def test_another_frequency_is_no_fundamental(frequency_hz: float) -> None:
    assert follow(np.cos(2.0 * np.pi * frequency_hz * times_s(1.0)), RATE_HZ) is None


def test_nothing_and_a_steady_voltage_have_no_phase() -> None:
    assert follow(np.zeros(10_000), RATE_HZ) is None
    assert follow(np.full(10_000, 5.0), RATE_HZ) is None


def test_less_than_a_cycle_has_no_phase() -> None:
    assert follow(wave(times_s(0.012), {}), RATE_HZ) is None


def test_four_cycles_are_enough() -> None:
    track = follow(wave(times_s(0.08), {3.0: 0.1}), RATE_HZ)
    assert track is not None
    assert track.frequency_hz == pytest.approx(50.0, abs=1e-3)


@pytest.mark.parametrize(("frequency_hz", "nominal_hz"), [(49.2, 50.0), (54.9, 50.0), (59.0, 60.0)])
def test_the_nearer_nominal_frequency_is_taken(frequency_hz: float, nominal_hz: float) -> None:
    assert nearest_nominal_hz(frequency_hz) == nominal_hz
