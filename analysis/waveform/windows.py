"""Cuts a stretch into gapless windows of 10 cycles at 50 Hz or 12 at 60 Hz, and samples each anew in step.

IEC 61000-4-30:2015, 4.4 and 4.5 (10/12 cycles, 150/180 cycles, resynchronised at every 10-minute tick with
overlap) and IEC 61000-4-7:2009, 5.5.1 (synchronised window).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from analysis.waveform.phase import TURN, PhaseTrack

CYCLES: Final = {50.0: 10, 60.0: 12}
"""Cycles of a window by nominal frequency: 200 ms."""
WINDOWS_OF_3_S: Final = 15
"""Windows of a 150/180-cycle interval."""
TICK_S: Final = 600.0
SPLINE_ORDER: Final = 5
"""At 10 kHz order 40 keeps its amplitude to 0.03 %; a cubic one loses 0.5 %, a straight line 12 %."""
MARGIN: Final = 32
"""Samples on each side within which a quintic spline forgets what is beyond: 0.43 ** 32 is 2e-12."""
NEARLY_WHOLE: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPlan:
    """Where the windows of a stretch begin and end, since its first sample, s."""

    starts_s: NDArray[np.float64]
    ends_s: NDArray[np.float64]
    cycles: int
    interval_3s: NDArray[np.int64]
    """The 150/180-cycle interval each belongs to."""
    interval_10min: NDArray[np.int64]
    """The 10-minute interval each belongs to, from 0 in the stretch."""
    overlaps: NDArray[np.bool_]
    """True for those that begin after a tick and only complete the 150/180-cycle interval begun before it."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.starts_s)

    @property
    def frequencies_hz(self) -> NDArray[np.float64]:
        """Return each window's frequency: its cycles over its length, Hz."""
        return self.cycles / (self.ends_s - self.starts_s)


def plan(track: PhaseTrack, cycles: int, *, first_tick_s: float | None = None) -> WindowPlan:
    """Return the whole windows of a stretch; the first begins with its first sample.

    Args:
        track: The phase of the stretch.
        cycles: Of a window.
        first_tick_s: The first 10-minute tick after the stretch's beginning; None where no clock is known,
            when ticks are counted from the beginning.
    """
    ends_s = track.times_s[-1]
    first = TICK_S if first_tick_s is None else first_tick_s
    edges_s = [0.0, *np.arange(first, ends_s, TICK_S).tolist(), ends_s]
    pieces = []
    interval = 0
    for number, (begins, ticks) in enumerate(pairwise(edges_s)):
        from_rad, to_rad, last_rad = track.phase_at(np.array([begins, ticks, ends_s]))
        is_last = ticks == ends_s
        step = TURN * cycles
        inside = (to_rad - from_rad) / step
        count = int(inside + NEARLY_WHOLE) if is_last else int(np.ceil(inside - NEARLY_WHOLE))
        whole = count if is_last else -(-count // WINDOWS_OF_3_S) * WINDOWS_OF_3_S
        whole = min(whole, int((last_rad - from_rad) / step + NEARLY_WHOLE))
        bounds = track.time_at(from_rad + step * np.arange(whole + 1))
        order = np.arange(whole)
        pieces.append(
            (
                bounds[:-1],
                bounds[1:],
                interval + order // WINDOWS_OF_3_S,
                np.full(whole, number),
                order >= count,
            )
        )
        interval += -(-whole // WINDOWS_OF_3_S)
    starts, ends, threes, tens, overlaps = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return WindowPlan(
        starts_s=starts,
        ends_s=ends,
        cycles=cycles,
        interval_3s=threes,
        interval_10min=tens,
        overlaps=overlaps,
    )


def points_per_window(windows: WindowPlan, rate_hz: float) -> int:
    """Return how many points each window gets: never fewer than its samples, so that nothing folds back."""
    if not len(windows):
        return 0
    longest = float((windows.ends_s - windows.starts_s).max()) * rate_hz
    whole = round(longest)
    needed = whole if abs(longest - whole) < NEARLY_WHOLE * whole else int(np.ceil(longest))
    return int(fft.next_fast_len(needed, real=True))


def resample(
    samples: NDArray[np.float64],
    rate_hz: float,
    bounds_s: tuple[NDArray[np.float64], NDArray[np.float64]],
    points: int,
    skews_s: Sequence[float] | None = None,
) -> NDArray[np.float64]:
    """Return windows sampled evenly within their bounds by a quintic spline: window, channel, point.

    Only the samples around the windows are looked at, so that a long record goes in batches. A window with
    a missing sample is missing as a whole (NaN) on that channel.

    Args:
        samples: By channel and time.
        rate_hz: Their rate.
        bounds_s: Start and end of each window, since the first sample, s.
        points: Of each window.
        skews_s: How much later than its time each channel was sampled, s.
    """
    starts_s, ends_s = bounds_s
    channels, count = samples.shape
    skews = np.zeros(channels) if skews_s is None else np.asarray(skews_s)
    widest = int(np.ceil(np.abs(skews).max(initial=0.0) * rate_hz)) + MARGIN
    first = max(0, int(starts_s.min() * rate_hz) - widest)
    end = min(count, int(np.ceil(ends_s.max() * rate_hz)) + widest)
    steps = np.arange(points) / points
    places = (starts_s[:, None] + (ends_s - starts_s)[:, None] * steps) * rate_hz - first
    found = np.empty((len(starts_s), channels, points))
    for channel in range(channels):
        part = samples[channel, first:end]
        missing = np.isnan(part)
        at = places - skews[channel] * rate_hz
        found[:, channel] = _spline(_filled(part, missing), at)
        if missing.any():
            gone = np.concatenate(([0], np.cumsum(missing)))
            low = np.clip(np.floor(at[:, 0]).astype(np.int64), 0, len(part))
            high = np.clip(np.ceil(at[:, -1]).astype(np.int64) + 1, 0, len(part))
            found[gone[high] > gone[low], channel] = np.nan
    return found


def _spline(part: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values between samples; beyond both ends the samples go on mirrored in their end point."""
    margin = min(MARGIN, len(part) - 1)
    before = 2.0 * part[0] - part[margin:0:-1]
    after = 2.0 * part[-1] - part[-2 : -2 - margin : -1]
    coefficients = ndimage.spline_filter1d(np.concatenate((before, part, after)), order=SPLINE_ORDER)
    return np.asarray(
        ndimage.map_coordinates(
            coefficients, (places + margin)[None], order=SPLINE_ORDER, prefilter=False, mode="nearest"
        )
    )


def _filled(part: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Bridge missing samples by straight lines, for a spline carries one NaN to every value."""
    if not missing.any():
        return part
    if missing.all():
        return np.zeros_like(part)
    known = np.flatnonzero(~missing)
    return np.interp(np.arange(len(part)), known, part[known])
