"""Flicker against the test points of IEC 61000-4-15."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.waveform import flicker

RATE_HZ = 2000.0
SETTLED = round(flicker.SETTLING_S * RATE_HZ)


def modulated(nominal_hz: float, change: NDArray[np.float64], volts: float = 230.0) -> NDArray[np.float64]:
    at_s = np.arange(len(change)) / RATE_HZ
    return np.asarray(np.sqrt(2.0) * volts * np.sin(2.0 * np.pi * nominal_hz * at_s) * (1.0 + change))


def rectangular(per_minute: float, percent: float) -> NDArray[np.float64]:
    at_s = np.arange(round((flicker.SETTLING_S + flicker.PST_S) * RATE_HZ)) / RATE_HZ
    high = np.floor(at_s * per_minute / 60.0 + 1e-9) % 2 == 0
    return np.where(high, percent / 200.0, -percent / 200.0)


@pytest.mark.parametrize(
    ("nominal_hz", "per_minute", "percent"),
    [
        (50.0, 1, 2.715),
        (50.0, 2, 2.191),
        (50.0, 7, 1.450),
        (50.0, 39, 0.894),
        (50.0, 110, 0.722),
        (50.0, 1620, 0.407),
        (50.0, 4000, 2.343),
        # The points for 120 V, 60 Hz are those of IEC 61000-4-15, table 5; to be confirmed against its text.
        (60.0, 39, 1.040),
        (60.0, 1620, 0.548),
    ],
)
def test_rectangular_changes_of_the_standard_give_a_severity_of_one(
    nominal_hz: float, per_minute: float, percent: float
) -> None:
    sensed, rate_hz = flicker.sensation(
        modulated(nominal_hz, rectangular(per_minute, percent)), RATE_HZ, nominal_hz
    )
    assert flicker.pst(sensed[round(flicker.SETTLING_S * rate_hz) :]) == pytest.approx(1.0, abs=0.05)


def test_a_sine_of_8_8_hz_and_a_quarter_percent_is_just_seen() -> None:
    at_s = np.arange(round(90.0 * RATE_HZ)) / RATE_HZ
    change = 0.00125 * np.sin(2.0 * np.pi * 8.8 * at_s)
    sensed, _ = flicker.sensation(modulated(50.0, change), RATE_HZ, 50.0)
    assert sensed[SETTLED:].max() == pytest.approx(1.0, abs=0.05)


def test_the_volts_do_not_matter_and_a_higher_rate_tells_the_same() -> None:
    at_s = np.arange(round(80.0 * 10_000.0)) / 10_000.0
    wave = np.sin(2.0 * np.pi * 50.0 * at_s) * (1.0 + 0.005 * np.sin(2.0 * np.pi * 8.8 * at_s))
    one, rate_hz = flicker.sensation(wave, 10_000.0, 50.0)
    two, _ = flicker.sensation(57.7 * wave, 10_000.0, 50.0)
    assert rate_hz == 2000.0
    assert one == pytest.approx(two, rel=1e-9)
    assert one[SETTLED:].max() == pytest.approx(16.0, rel=0.05)


def test_a_steady_voltage_does_not_flicker() -> None:
    sensed, _ = flicker.sensation(modulated(50.0, np.zeros(round(90.0 * RATE_HZ))), RATE_HZ, 50.0)
    assert sensed[SETTLED:].max() < 1e-3
    assert flicker.sensation(np.zeros(1000), RATE_HZ, 50.0)[0].max() == 0.0


def test_the_long_term_severity_is_the_cubic_mean() -> None:
    assert flicker.plt([0.5] * 11 + [2.0]) == pytest.approx(0.921008, rel=1e-6)
    assert flicker.plt([0.8] * 12) == pytest.approx(0.8, rel=1e-12)
