"""The rms of one cycle, new at each half cycle: U_rms(1/2) of IEC 61000-4-30, and what it is held to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.events import USUAL, Thresholds
from analysis.waveform.phase import TURN, PhaseTrack

UNDISTURBED_QUANTILE: Final = 0.75
"""Dips are more frequent and longer than swells, so the upper quartile is what the voltage normally was."""
GONE: Final = 0.1
SLIDING: Final = 0.0033
"""Share of each new 10/12-cycle value in the sliding reference (IEC 61000-4-30, 5.4.4): about a minute."""
_NEARLY: Final = 1e-6


def half_cycle_rms(
    samples: NDArray[np.float64],
    rate_hz: float,
    track: PhaseTrack,
    turning: NDArray[np.complex128] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middle of each cycle (s, since the first sample) and its rms; NaN with a missing sample.

    The cycles begin at the channel's own zero crossings, worked out from its fundamental over the whole
    stretch, so that a disturbance does not move them.

    Args:
        samples: Of one channel.
        rate_hz: Their rate.
        track: The phase of the stretch.
        turning: What ``turned_back`` gives, where several channels share it.
    """
    if turning is None:
        turning = turned_back(track, rate_hz, len(samples))
    bounds_s = track.time_at(_crossings_rad(samples, rate_hz, track, turning))
    if len(bounds_s) < 3:  # noqa: PLR2004 - one cycle has three half-cycle bounds
        return np.zeros(0), np.zeros(0)
    missing = np.isnan(samples)
    # A sample stands for the step that begins with it.
    energy = np.concatenate(([0.0], np.cumsum(np.square(np.where(missing, 0.0, samples)))))
    edges = np.arange(len(energy), dtype=np.float64)
    places = bounds_s * rate_hz
    at = np.interp(places, edges, energy)
    length = places[2:] - places[:-2]
    # The difference of two large sums may come out a trifle below nothing.
    rms = np.sqrt(np.maximum(at[2:] - at[:-2], 0.0) / length)
    if missing.any():
        gone = np.concatenate(([0.0], np.cumsum(missing)))
        touched = np.interp(places, edges, gone)
        rms[touched[2:] - touched[:-2] > 0.0] = np.nan
    return bounds_s[1:-1], rms


def turned_back(track: PhaseTrack, rate_hz: float, count: int) -> NDArray[np.complex128]:
    """Return at each of so many samples what turns the fundamental back to a standstill."""
    return np.asarray(np.exp(-1j * track.phase_at(np.arange(count) / rate_hz)))


def declared_voltage_v(channels: Sequence[NDArray[np.float64]]) -> float | None:
    """Return what the voltage of channels of one system normally was, where nobody declares it, V.

    Args:
        channels: The half-cycle rms values of each.
    """
    levels = []
    for values in channels:
        known = values[~np.isnan(values)]
        if len(known):
            level = float(np.quantile(known, UNDISTURBED_QUANTILE))
            highest = float(known.max())
            levels.append(level if level > GONE * highest else highest)
    # A channel that is dead for the whole record has no level of its own.
    alive = [level for level in levels if level > GONE * max(levels)]
    return float(np.median(alive)) if alive else None


def sliding_reference(
    rms: NDArray[np.float64], declared_v: float, cycles: int, thresholds: Thresholds = USUAL
) -> NDArray[np.float64]:
    """Return the reference of each half-cycle value that follows slow changes of medium and high voltage, V.

    ``U_sr(n) = 0.9967 U_sr(n-1) + 0.0033 U_10/12``, from the declared voltage on; cycles with a missing value
    or beyond a threshold leave it as it was (IEC 61000-4-30, 5.4.4).

    Args:
        rms: Half-cycle rms values.
        declared_v: Where it begins.
        cycles: Of a 10/12-cycle value.
        thresholds: What counts as an event.
    """
    references = np.empty(len(rms))
    reference_v = declared_v
    for first in range(0, len(rms), 2 * cycles):
        part = slice(first, first + 2 * cycles)
        references[part] = reference_v
        # Every other value: cycles that do not overlap.
        values = rms[part][::2]
        shares = 100.0 * values / reference_v
        if len(values) == cycles and ((shares >= thresholds.dip) & (shares <= thresholds.swell)).all():
            level = float(np.sqrt(np.square(values).mean()))
            reference_v = (1.0 - SLIDING) * reference_v + SLIDING * level
    return references


def _crossings_rad(
    samples: NDArray[np.float64], rate_hz: float, track: PhaseTrack, turning: NDArray[np.complex128]
) -> NDArray[np.float64]:
    """Return the reference's phases at which the channel's fundamental crosses zero, within the stretch."""
    turned = np.nan_to_num(samples) @ turning
    # A cosine is zero a quarter turn from its peak.
    offset = np.pi / 2.0 - (float(np.angle(turned)) if abs(turned) > 0.0 else 0.0)
    first, last = track.phase_at(np.array([0.0, len(samples) / rate_hz]))
    half = TURN / 2.0
    low = int(np.ceil((first - offset) / half - _NEARLY))
    high = int(np.floor((last - offset) / half + _NEARLY))
    return np.asarray(offset + half * np.arange(low, high + 1), dtype=np.float64)
