"""A stretch of a record with the phase of its fundamental, followed on what serves best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.phase import TURN, PhaseTrack, Reference, follow, nearest_nominal_hz
from analysis.waveform.record import ChannelKind, Recording, Stretch
from analysis.waveform.systems import System
from analysis.waveform.windows import TICK_S

DEFAULT_HZ: Final = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A stretch and its phase."""

    stretch: Stretch
    track: PhaseTrack
    nominal_hz: float
    is_synchronised: bool
    """False where no fundamental was found and the nominal frequency was taken."""


def follow_stretch(
    stretch: Stretch, recording: Recording, systems: Sequence[System], nominal_hz: float | None = None
) -> Followed:
    """Return a stretch with its phase.

    Args:
        stretch: What to follow.
        recording: Where it comes from.
        systems: The record's three-phase systems.
        nominal_hz: 50 or 60 where told; else whichever the frequency is nearer to.
    """
    for reference in _references(stretch, recording, systems):
        track = follow(reference, stretch.rate_hz)
        if track is not None:
            return Followed(
                stretch=stretch,
                track=track,
                nominal_hz=nominal_hz or nearest_nominal_hz(track.frequency_hz),
                is_synchronised=True,
            )
    told = nominal_hz or recording.nominal_hz
    assumed_hz = nearest_nominal_hz(told) if told else DEFAULT_HZ
    times_s = np.array([0.0, stretch.duration_s])
    track = PhaseTrack(times_s=times_s, phases_rad=TURN * assumed_hz * times_s, frequency_hz=assumed_hz)
    return Followed(stretch=stretch, track=track, nominal_hz=assumed_hz, is_synchronised=False)


def first_tick_s(starts_at: datetime | None, begins_s: float) -> float | None:
    """Return when the next whole 10 minutes of the clock begin, s after a stretch's beginning."""
    if starts_at is None:
        return None
    seconds = (starts_at.minute * 60 + starts_at.second + starts_at.microsecond / 1e6 + begins_s) % TICK_S
    return TICK_S - seconds


def _references(stretch: Stretch, recording: Recording, systems: Sequence[System]) -> Sequence[Reference]:
    """Return what may tell the phase, the best first: three voltages together, then the strongest channel."""
    samples = np.nan_to_num(stretch.samples)
    found: list[Reference] = []
    for system in systems:
        if system.kind is ChannelKind.VOLTAGE:
            # The vector of three phases turns steadily even where one is lost.
            a, b, c = system.triple(samples)
            vector = (2.0 * a - b - c) / 3.0 + 1j * ((b - c) / np.sqrt(3.0))
            found.append(vector if _is_forward(vector) else vector.conj())
    strength = np.sqrt(np.square(samples).mean(axis=1)) if samples.size else np.zeros(len(samples))
    for kind in ChannelKind:
        of_kind = [n for n, channel in enumerate(recording.channels) if channel.kind is kind]
        found += [samples[n] for n in sorted(of_kind, key=lambda n: -strength[n])[:1]]
    return found


def _is_forward(vector: NDArray[np.complex128]) -> bool:
    """Tell whether a vector turns forward: its steps lie ahead of it."""
    return bool(np.imag(vector[1:] * vector[:-1].conj()).sum() >= 0.0)
