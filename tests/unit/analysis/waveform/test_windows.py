"""Windows in step with the cycle: true amplitudes up to order 40, no false distortion, whole intervals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.waveform import indices, spectrum
from analysis.waveform.phase import TURN, PhaseTrack, follow
from analysis.waveform.windows import plan, points_per_window, resample
from tests.unit.analysis.waveform.signals import RATE_HZ, U_V, times_s, wave

EXACT = 1e-6


def steady(frequency_hz: float, duration_s: float) -> PhaseTrack:
    at_s = np.array([0.0, duration_s])
    return PhaseTrack(times_s=at_s, phases_rad=TURN * frequency_hz * at_s, frequency_hz=frequency_hz)


def orders_of(
    samples: NDArray[np.float64], rate_hz: float = RATE_HZ, cycles: int = 10
) -> NDArray[np.floating]:
    track = follow(samples, rate_hz)
    assert track is not None
    windows = plan(track, cycles)
    points = points_per_window(windows, rate_hz)
    batch = resample(samples[None], rate_hz, (windows.starts_s, windows.ends_s), points)[:, 0]
    return spectrum.subgroups(spectrum.lines(batch, 50, cycles).powers(), 50, cycles)


@pytest.mark.parametrize("frequency_hz", [49.5, 49.6, 49.87, 50.0, 50.13, 50.5])
def test_order_40_keeps_its_amplitude_at_10_khz(frequency_hz: float) -> None:
    found = orders_of(wave(times_s(2.1), {25.0: 0.01, 40.0: 0.01}, frequency_hz=frequency_hz))
    assert found[:, 24] / U_V == pytest.approx(0.01, rel=1e-3)
    assert found[:, 39] / U_V == pytest.approx(0.01, rel=5e-3)


@pytest.mark.parametrize("frequency_hz", [49.5, 49.8, 49.9, 50.13, 50.5])
@pytest.mark.parametrize("rate_hz", [10_000.0, 12_800.0])
def test_a_pure_sine_shows_no_distortion(frequency_hz: float, rate_hz: float) -> None:
    found = orders_of(wave(times_s(2.1, rate_hz), {}, frequency_hz=frequency_hz, phase_rad=0.7), rate_hz)
    assert indices.thd_f(found, 50).max() < 0.0005
    assert found[:, 0] == pytest.approx(U_V, rel=EXACT)


def test_a_tone_at_3_khz_is_not_folded_back() -> None:
    samples = wave(times_s(1.0), {3000.0 / 49.9: 0.05}, frequency_hz=49.9)
    found = orders_of(samples)
    assert found[:, 39:49].max() / U_V < 0.001


def test_at_nominal_frequency_the_samples_themselves_are_taken() -> None:
    samples = wave(times_s(1.0), {5.0: 0.1}, phase_rad=0.4)
    bounds = np.array([0.2, 0.4]), np.array([0.4, 0.6])
    found = resample(samples[None], RATE_HZ, bounds, 2000)
    assert found[0, 0] == pytest.approx(samples[2000:4000], abs=1e-9)
    assert found[1, 0] == pytest.approx(samples[4000:6000], abs=1e-9)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_batches_give_what_the_whole_gives(size: int) -> None:
    samples = wave(times_s(2.5), {5.0: 0.1, 33.0: 0.02}, frequency_hz=49.83)[None]
    windows = plan(steady(49.83, 2.5), 10)
    points = points_per_window(windows, RATE_HZ)
    whole = resample(samples, RATE_HZ, (windows.starts_s, windows.ends_s), points)
    for first in range(0, len(windows), size):
        part = slice(first, first + size)
        bounds = windows.starts_s[part], windows.ends_s[part]
        assert resample(samples, RATE_HZ, bounds, points) == pytest.approx(whole[part], abs=1e-8)


def test_a_skewed_channel_is_put_back_in_time() -> None:
    at_s = times_s(1.0)
    samples = np.array([wave(at_s, {}), wave(at_s + 100e-6, {})])
    bounds = np.array([0.2]), np.array([0.4])
    found = resample(samples, RATE_HZ, bounds, 2000, [0.0, 100e-6])
    assert found[0, 1] == pytest.approx(found[0, 0], abs=1e-6)


def test_a_window_with_a_missing_sample_is_missing() -> None:
    samples = wave(times_s(1.0), {})
    samples[4100] = np.nan
    starts = np.linspace(0.0, 0.8, 5)
    found = resample(samples[None], RATE_HZ, (starts, starts + 0.2), 2000)[:, 0]
    assert np.isnan(found).all(axis=1).tolist() == [False, False, True, False, False]


def test_windows_are_gapless() -> None:
    windows = plan(steady(49.93, 60.0), 10)
    assert windows.starts_s[1:] == pytest.approx(windows.ends_s[:-1], abs=1e-12)
    assert windows.frequencies_hz == pytest.approx(49.93)
    assert windows.interval_3s[:31].tolist() == [0] * 15 + [1] * 15 + [2]


def test_a_tick_begins_anew_while_the_running_intervals_are_finished() -> None:
    windows = plan(steady(50.02, 1300.0), 10, first_tick_s=100.0)
    for number, tick_s in ((1, 100.0), (2, 700.0)):
        first = int(np.flatnonzero(windows.interval_10min == number)[0])
        assert windows.starts_s[first] == pytest.approx(tick_s, abs=1e-9)
        before = int(np.flatnonzero((windows.interval_10min == number - 1) & ~windows.overlaps)[-1])
        assert windows.starts_s[before] < tick_s <= windows.ends_s[before]
        # The 150-cycle interval that ran over the tick has all its windows.
        running = windows.interval_3s[first - 1]
        assert (windows.interval_3s == running).sum() == 15
        assert windows.starts_s[windows.overlaps & (windows.interval_10min == number - 1)].min() >= tick_s
    assert len(set(windows.interval_3s[windows.interval_10min == 1])) == -(
        -int((windows.interval_10min == 1).sum()) // 15
    )


def test_points_are_never_fewer_than_samples() -> None:
    assert points_per_window(plan(steady(50.0, 1.0), 10), RATE_HZ) == 2000
    assert points_per_window(plan(steady(49.5, 1.0), 10), RATE_HZ) >= 2021
    assert points_per_window(plan(steady(50.0, 0.1), 10), RATE_HZ) == 0
