"""Values between samples, up to near half the sampling rate, and at the ends."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.waveform.interpolation import MARGIN, between_samples
from tests.unit.analysis.waveform.signals import times_s, wave

SLOW, FAST = 1200.0, 10_000.0


@pytest.mark.parametrize(("rate_hz", "highest"), [(SLOW, 0.43), (6400.0, 0.43), (FAST, 0.2)])
def test_a_tone_is_found_between_its_samples(rate_hz: float, highest: float) -> None:
    for share in (0.02, 0.1, highest):
        at = np.arange(400)
        samples = np.cos(2.0 * np.pi * share * at + 0.3)
        places = np.linspace(MARGIN, 400.0 - MARGIN, 777)
        exact = np.cos(2.0 * np.pi * share * places + 0.3)
        assert between_samples(samples, places, rate_hz) == pytest.approx(exact, abs=2e-3)


@pytest.mark.parametrize("rate_hz", [SLOW, FAST])
def test_at_a_sample_it_is_the_sample(rate_hz: float) -> None:
    samples = np.random.default_rng(2).normal(size=300)
    assert between_samples(samples, np.arange(300.0), rate_hz) == pytest.approx(samples, abs=1e-9)


@pytest.mark.parametrize("rate_hz", [SLOW, FAST])
def test_the_ends_of_a_record_are_near_the_truth(rate_hz: float) -> None:
    samples = wave(times_s(0.2, rate_hz), {}, phase_rad=0.7, volts=1.0)
    places = np.array([0.3, 1.7, len(samples) - 1.4])
    exact = wave(places / rate_hz, {}, phase_rad=0.7, volts=1.0)
    assert between_samples(samples, places, rate_hz) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("rate_hz", [SLOW, FAST])
def test_a_handful_of_samples_is_enough(rate_hz: float) -> None:
    assert between_samples(np.array([1.0, 2.0]), np.array([0.5]), rate_hz) == pytest.approx([1.5], abs=0.1)
