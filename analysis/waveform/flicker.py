"""Flicker (闪变): short-term severity Pst and long-term severity Plt of a voltage.

IEC 61000-4-15:2010, blocks 1 to 5; the filters of the lamps at 230 V, 50 Hz and 120 V, 60 Hz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

PST_S: Final = 600.0
PST_PER_PLT: Final = 12
SETTLING_S: Final = 60.0
"""How long the filters take to forget how the record began; the 0.05 Hz high-pass is the slowest."""
LOWEST_RATE_HZ: Final = 800.0
"""Squaring doubles the lines, and the filters bend near half the rate."""
WORKING_RATE_HZ: Final = 2000.0
"""More tells nothing further: the weighting filter ends at 42 Hz."""
TURN: Final = 2.0 * np.pi


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """The weighting filter of a lamp, and the low-pass that takes the mains out (IEC 61000-4-15, table 1)."""

    gain: float
    damping_hz: float
    poles_hz: tuple[float, float, float, float]
    lowpass_hz: float


LAMPS: Final = {
    # As quoted by the open flicker meter of QWTB (alg_flicker_sim), after IEC 61000-4-15; the first one's Pst
    # was checked against the standard's table of rectangular changes. 220 V is judged with the 230 V lamp.
    50.0: Lamp(gain=1.74802, damping_hz=4.05981, poles_hz=(9.15494, 2.27979, 1.22535, 21.9), lowpass_hz=35.0),
    60.0: Lamp(
        gain=1.6357, damping_hz=4.167375, poles_hz=(9.077169, 2.939902, 1.394468, 17.31512), lowpass_hz=42.0
    ),
}
UNIT_CHANGE: Final = {50.0: (8.8, 0.00250), 60.0: (8.8, 0.00321)}
"""The sine modulation, Hz and relative change, at which the sensation's peak is 1 (IEC 61000-4-15)."""

PERCENTILES: Final = (
    (0.0314, (0.1,)),
    (0.0525, (0.7, 1.0, 1.5)),
    (0.0657, (2.2, 3.0, 4.0)),
    (0.28, (6.0, 8.0, 10.0, 13.0, 17.0)),
    (0.08, (30.0, 50.0, 80.0)),
)
"""Weight, and the shares of time (%) whose levels are averaged (IEC 61000-4-15, 5.7.2)."""


def sensation(
    samples: NDArray[np.float64], rate_hz: float, nominal_hz: float
) -> tuple[NDArray[np.float64], float]:
    """Return the instantaneous sensation Pinst and its rate; the first minute is still settling.

    Args:
        samples: Of a voltage without gaps, in any unit.
        rate_hz: Their rate, at least ``LOWEST_RATE_HZ``.
        nominal_hz: 50 or 60, which chooses the lamp.
    """
    lamp = LAMPS[nominal_hz]
    squares = np.square(samples)
    # Block 1: against the mean of the last minute, which starts at the mean of the whole.
    mean = squares.mean()
    if not mean > 0.0:
        return np.zeros(1), rate_hz
    lag = signal.lfilter(*_first_order(1.0 / (TURN * 27.3), rate_hz), squares - mean) + mean
    relative = squares / np.maximum(lag, 1e-6 * mean) - 1.0
    low = signal.butter(6, lamp.lowpass_hz, fs=rate_hz, output="sos")
    limited = np.asarray(signal.sosfilt(low, relative))
    factor = max(1, int(rate_hz // WORKING_RATE_HZ))
    limited = limited[::factor]
    rate_hz /= factor
    high = signal.butter(1, 0.05, btype="high", fs=rate_hz, output="sos")
    seen = signal.sosfilt(high, limited)
    seen = signal.lfilter(*_weighting(lamp, rate_hz), seen)
    smoothed = signal.lfilter(*_first_order(1.0 / (TURN * 0.3), rate_hz), np.square(seen))
    return np.maximum(np.asarray(smoothed) * _calibration(nominal_hz), 0.0), rate_hz


def pst(sensations: NDArray[np.float64]) -> float:
    """Return the short-term severity of 10 minutes of settled sensation."""
    total = 0.0
    for weight, shares in PERCENTILES:
        # Exceeded for so many percent of the time.
        levels = np.percentile(sensations, [100.0 - share for share in shares])
        total += weight * float(levels.mean())
    return float(np.sqrt(total))


def plt(psts: Sequence[float]) -> float:
    """Return the long-term severity of short-term ones, twelve for two hours: their cubic mean."""
    return float(np.cbrt(np.mean(np.power(psts, 3))))


def _first_order(corner_hz: float, rate_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    b, a = signal.butter(1, corner_hz, fs=rate_hz)
    return np.asarray(b), np.asarray(a)


def _weighting(lamp: Lamp, rate_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    b, a = signal.bilinear(*_analogue(lamp), fs=rate_hz)
    return np.asarray(b), np.asarray(a)


def _analogue(lamp: Lamp) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weighting filter's polynomials in s."""
    one, two, three, four = (TURN * pole for pole in lamp.poles_hz)
    above = np.polymul([lamp.gain * one, 0.0], [1.0 / two, 1.0])
    below = np.polymul(
        [1.0, 2.0 * TURN * lamp.damping_hz, one * one],
        [1.0 / (three * four), 1.0 / three + 1.0 / four, 1.0],
    )
    return np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)


def _calibration(nominal_hz: float) -> float:
    """Return the factor that makes the unit change's sensation peak at 1, worked out from the filters.

    A change d of the voltage, peak to peak, is one of d of its square's amplitude. Squared by the lamp and
    smoothed over 0.3 s, a sine of amplitude A gives A^2/2 with a ripple at twice its frequency.
    """
    at_hz, change = UNIT_CHANGE[nominal_hz]
    lamp = LAMPS[nominal_hz]
    s = 1j * TURN * at_hz
    above, below = _analogue(lamp)
    weighting = np.polyval(above, s) / np.polyval(below, s)
    high = s / (s + TURN * 0.05)
    low = 1.0 / np.sqrt(1.0 + (at_hz / lamp.lowpass_hz) ** 12)
    lag = 1.0 - 1.0 / (1.0 + s * 27.3)
    amplitude = change * abs(weighting * high * lag) * low
    ripple = 1.0 / abs(1.0 + 2.0 * s * 0.3)
    return float(2.0 / (amplitude**2 * (1.0 + ripple)))
