"""The power frequency of class A: whole cycles over their time, every 10 s (IEC 61000-4-30, 5.1)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.phase import TURN, PhaseTrack

INTERVAL_S: Final = 10.0
_NEARLY: Final = 1e-9


def frequencies_of_10_s(
    track: PhaseTrack, first_tick_s: float | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where each whole 10 seconds of a stretch begin (s, since its first sample), and their frequency.

    Args:
        track: The phase of the stretch.
        first_tick_s: A tick of the clock that is a whole 10 seconds; None where no clock is known, when they
            are counted from the beginning.
    """
    first_s = 0.0 if first_tick_s is None else first_tick_s % INTERVAL_S
    starts_s = np.arange(first_s, track.times_s[-1] - INTERVAL_S + _NEARLY, INTERVAL_S)
    begins, ends = track.phase_at(starts_s), track.phase_at(starts_s + INTERVAL_S)
    # Incomplete cycles at the end are left out.
    cycles = np.floor((ends - begins) / TURN + _NEARLY)
    taken_s = track.time_at(begins + TURN * cycles) - starts_s
    return starts_s, np.asarray(cycles / taken_s, dtype=np.float64)
