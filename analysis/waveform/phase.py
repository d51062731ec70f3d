"""Follows the phase of the fundamental through a record, so that windows hold whole cycles.

The reference is demodulated with a Hann window of whole cycles, in which harmonics and the mirrored
fundamental fall on zeros; where the voltage is gone the phase is carried on at the frequency around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Reference: TypeAlias = NDArray[np.float64] | NDArray[np.complex128]

NOMINAL_HZ: Final = (50.0, 60.0)
LOWEST_HZ, HIGHEST_HZ = 42.5, 69.0
"""Within which class A measures: 42.5 to 57.5 Hz and 51 to 69 Hz (IEC 61000-4-30, 5.1)."""
KERNEL_CYCLES: Final = 10
ALIVE: Final = 0.1
"""Below this share of its usual amplitude a reference has no phase of its own."""
LEAST_SHARE: Final = 0.1
"""Below this share of the reference's rms what was followed is not its fundamental."""
ROUNDS: Final = 8
SETTLED_HZ: Final = 1e-10
_FINE: Final = 1 << 16
_LONGEST: Final = 1 << 17
TURN: Final = 2.0 * np.pi


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTrack:
    """The phase of the fundamental over time, straight between nodes."""

    times_s: NDArray[np.float64]
    """Since the stretch's first sample, rising, s."""
    phases_rad: NDArray[np.float64]
    """Unwrapped; a multiple of 2 pi is a peak of the reference."""
    frequency_hz: float
    """Of the whole stretch."""

    def phase_at(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the phase at times, rad."""
        return np.interp(times_s, self.times_s, self.phases_rad)

    def time_at(self, phases_rad: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return when the reference has these phases, s."""
        return np.interp(phases_rad, self.phases_rad, self.times_s)


def nearest_nominal_hz(frequency_hz: float) -> float:
    """Return 50 or 60 Hz, whichever is nearer."""
    return min(NOMINAL_HZ, key=lambda nominal: abs(nominal - frequency_hz))


def follow(reference: Reference, rate_hz: float) -> PhaseTrack | None:
    """Return the phase of a reference without gaps, or None where it has no fundamental.

    Args:
        reference: A voltage or current, or the complex vector of three phases.
        rate_hz: Its sampling rate, Hz.
    """
    frequency_hz = _coarse_hz(reference, rate_hz)
    if frequency_hz is None:
        return None
    cycles = min(KERNEL_CYCLES, int(len(reference) / rate_hz * frequency_hz / 2.0))
    if cycles < 1:
        return None
    for _ in range(ROUNDS):
        times_s, residual, weight = _demodulated(reference, rate_hz, frequency_hz, cycles)
        off_hz = _slope(times_s, residual, weight) / TURN
        frequency_hz += off_hz
        if not LOWEST_HZ <= frequency_hz <= HIGHEST_HZ or weight.max() < LEAST_SHARE * reference.std():
            return None
        if abs(off_hz) < SETTLED_HZ:
            break
    times_s, residual, _ = _demodulated(reference, rate_hz, frequency_hz, cycles)
    ends_s = len(reference) / rate_hz
    times_s, residual = _to_the_ends(times_s, residual, ends_s, cycles / frequency_hz)
    return PhaseTrack(
        times_s=times_s, phases_rad=residual + TURN * frequency_hz * times_s, frequency_hz=frequency_hz
    )


def _coarse_hz(reference: Reference, rate_hz: float) -> float | None:
    """Return the highest line between 40 and 70 Hz, to about a tenth of a hertz."""
    part = reference[:_LONGEST]
    if len(part) * LOWEST_HZ < rate_hz:
        return None
    windowed = (part - part.mean()) * np.hanning(len(part))
    size = max(_FINE, 1 << (len(part) - 1).bit_length())
    spectrum = np.abs(np.fft.fft(windowed, size))
    lines = np.fft.fftfreq(size, 1.0 / rate_hz)
    inside = np.flatnonzero((lines >= LOWEST_HZ) & (lines <= HIGHEST_HZ))
    if not len(inside) or not spectrum[inside].max() > 0.0:
        return None
    return float(lines[inside[spectrum[inside].argmax()]])


def _demodulated(
    reference: Reference, rate_hz: float, frequency_hz: float, cycles: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return times, the phase left after turning back at a frequency, and the rms, each half cycle."""
    half = int(cycles / frequency_hz * rate_hz / 2.0)
    half = min(half, (len(reference) - 1) // 2)
    offsets_s = np.arange(-half, half + 1) / rate_hz
    kernel = np.cos(np.pi * frequency_hz / cycles * offsets_s) ** 2 * np.exp(
        -1j * TURN * frequency_hz * offsets_s
    )
    step = max(1, int(rate_hz / frequency_hz / 2.0))
    turned = sliding_window_view(reference, 2 * half + 1)[::step] @ kernel
    centres = half + step * np.arange(len(turned))
    times_s = centres / rate_hz
    # Of a real signal half turns the other way.
    whole = 1.0 if np.iscomplexobj(reference) else np.sqrt(2.0)
    amplitude = whole * np.abs(turned) / np.abs(kernel).sum()
    alive = amplitude > ALIVE * np.median(amplitude)
    if not alive.any():
        alive[:] = True
    residual = np.unwrap(np.angle(turned[alive] * np.exp(-1j * TURN * frequency_hz * times_s[alive])))
    return times_s[alive], residual, amplitude[alive]


def _slope(x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the slope of the weighted straight line through points; 0 through one alone."""
    total = weight.sum()
    if len(x) < 2 or not total > 0.0:  # noqa: PLR2004 - two points make a line
        return 0.0
    x = x - (weight * x).sum() / total
    return float((weight * x * y).sum() / (weight * x * x).sum())


def _to_the_ends(
    times_s: NDArray[np.float64], residual: NDArray[np.float64], ends_s: float, reach_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Carry the phase on to both ends of the stretch, at the slope of the nodes next to them."""
    near_start = times_s <= times_s[0] + reach_s
    near_end = times_s >= times_s[-1] - reach_s
    first = residual[0] - times_s[0] * _even_slope(times_s[near_start], residual[near_start])
    last = residual[-1] + (ends_s - times_s[-1]) * _even_slope(times_s[near_end], residual[near_end])
    return np.r_[0.0, times_s, ends_s], np.r_[first, residual, last]


def _even_slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return _slope(x, y, np.ones_like(x))
