"""Half-cycle rms values and what they are compared with."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.waveform.half_cycle import declared_voltage_v, half_cycle_rms, sliding_reference
from analysis.waveform.phase import follow
from tests.unit.analysis.waveform.signals import PHASES, RATE_HZ, U_V, times_s, wave


@pytest.mark.parametrize("frequency_hz", [49.6, 50.0, 60.0])
@pytest.mark.parametrize("phase_rad", [0.0, 0.9, *PHASES])
@pytest.mark.parametrize("rate_hz", [1200.0, 10_000.0])
def test_a_steady_voltage_has_its_rms_at_every_half_cycle(
    frequency_hz: float, phase_rad: float, rate_hz: float
) -> None:
    samples = wave(times_s(1.0, rate_hz), {}, frequency_hz=frequency_hz, phase_rad=phase_rad)
    track = follow(samples, rate_hz)
    assert track is not None
    at_s, rms = half_cycle_rms(samples, rate_hz, track)
    assert rms == pytest.approx(U_V, rel=2e-3 if rate_hz < RATE_HZ else 2e-5)
    assert np.diff(at_s) == pytest.approx(0.5 / frequency_hz, rel=1e-4)
    assert len(rms) >= 2 * frequency_hz - 3


def test_a_lost_quarter_cycle_leaves_the_root_of_three_quarters() -> None:
    at_s = times_s(1.0)
    samples = wave(at_s, {})
    samples[5000:5050] = 0.0
    track = follow(samples, RATE_HZ)
    assert track is not None
    _, rms = half_cycle_rms(samples, RATE_HZ, track)
    assert rms.min() / U_V == pytest.approx(np.sqrt(0.75), abs=0.003)
    assert (rms < 0.9 * U_V).sum() == 2


def test_cycles_with_a_missing_sample_are_missing() -> None:
    samples = wave(times_s(1.0), {})
    samples[5010] = np.nan
    track = follow(np.nan_to_num(samples), RATE_HZ)
    assert track is not None
    _, rms = half_cycle_rms(samples, RATE_HZ, track)
    assert np.isnan(rms).sum() == 2


def test_less_than_a_cycle_has_no_value() -> None:
    samples = wave(times_s(0.1), {})
    track = follow(samples, RATE_HZ)
    assert track is not None
    at_s, rms = half_cycle_rms(samples[:150], RATE_HZ, track)
    assert len(at_s) == len(rms) == 0


def test_the_declared_voltage_is_what_it_normally_was() -> None:
    dipped = np.r_[np.full(100, 220.0), np.full(150, 30.0), np.full(60, 220.0)]
    swollen = np.r_[np.full(200, 221.0), np.full(50, 270.0)]
    dead = np.zeros(300)
    assert declared_voltage_v([dipped, swollen, dead]) == pytest.approx(220.5)
    assert declared_voltage_v([np.r_[np.full(10, 220.0), np.zeros(90)]]) == pytest.approx(220.0)
    assert declared_voltage_v([dead]) is None
    assert declared_voltage_v([np.full(5, np.nan)]) is None


def test_the_sliding_reference_follows_slowly() -> None:
    found = sliding_reference(np.full(60, 230.0), 220.0, 10)
    assert found[:20].tolist() == [220.0] * 20
    assert found[20] == pytest.approx(0.9967 * 220.0 + 0.0033 * 230.0)
    assert found[40] == pytest.approx(0.9967 * found[20] + 0.0033 * 230.0)


@pytest.mark.parametrize("value", [100.0, 300.0, float("nan")])
def test_neither_events_nor_missing_values_move_the_reference(value: float) -> None:
    values = np.full(60, 220.0)
    values[20:40] = value
    assert sliding_reference(values, 220.0, 10) == pytest.approx(220.0)
