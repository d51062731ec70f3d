"""The frequency of every 10 seconds."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.waveform.frequency import frequencies_of_10_s
from analysis.waveform.phase import TURN, PhaseTrack


def track(*pieces: tuple[float, float]) -> PhaseTrack:
    """Pieces of so many seconds at so many hertz."""
    lengths, hertz = (np.array(part) for part in zip(*pieces, strict=True))
    times_s = np.concatenate(([0.0], np.cumsum(lengths)))
    phases = TURN * np.concatenate(([0.0], np.cumsum(lengths * hertz)))
    return PhaseTrack(times_s=times_s, phases_rad=phases, frequency_hz=float(hertz.mean()))


def test_each_10_seconds_have_theirs() -> None:
    starts_s, hertz = frequencies_of_10_s(track((10.0, 49.87), (10.0, 50.2), (9.0, 50.0)))
    assert starts_s.tolist() == [0.0, 10.0]
    assert hertz == pytest.approx([49.87, 50.2], rel=1e-9)


def test_they_follow_the_clock() -> None:
    starts_s, hertz = frequencies_of_10_s(track((40.0, 50.03)), first_tick_s=603.5)
    assert starts_s.tolist() == [3.5, 13.5, 23.5]
    assert hertz == pytest.approx(50.03, rel=1e-9)


def test_a_shorter_record_has_none() -> None:
    starts_s, hertz = frequencies_of_10_s(track((9.9, 50.0)))
    assert len(starts_s) == len(hertz) == 0
