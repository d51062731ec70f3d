"""The figures of each window of a stretch: rms, harmonics, interharmonics, fundamentals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.waveform import spectrum
from analysis.waveform.aggregation import touched
from analysis.waveform.events import Event
from analysis.waveform.followed import Followed, first_tick_s
from analysis.waveform.phase import TURN
from analysis.waveform.record import Recording
from analysis.waveform.windows import CYCLES, WindowPlan, plan, points_per_window, resample

BATCH: Final = 100
"""Windows worked on at a time: the memory of a long record stays small."""
_NEARLY: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFigures:
    """The windows of one stretch."""

    starts_s: NDArray[np.float64]
    """Since the record's beginning."""
    plan: WindowPlan
    nominal_hz: float
    is_synchronised: bool
    """False where no fundamental was found and the nominal frequency was taken."""
    is_grouped: bool
    """True for subgroups; false for single lines, where the record is shorter than a window."""
    rms: NDArray[np.float64]
    """By window and channel."""
    orders: NDArray[np.float64]
    """Rms by window, channel and order; order 0 is the mean, with its sign."""
    interharmonics: NDArray[np.float64]
    """Rms of the centred subgroups above orders 0, 1, ... ; empty where they cannot be told."""
    fundamentals: NDArray[np.complex128]
    """By window and channel."""
    flagged: NDArray[np.bool_]


def window_figures(
    followed: Followed,
    recording: Recording,
    events: Sequence[Event],
    tell: Callable[[str], None] = lambda _news: None,
    *,
    batch: int = BATCH,
) -> WindowFigures | None:
    """Return the figures of a stretch's windows, or None where it holds no whole cycle.

    A stretch shorter than a window gives one window of as many whole cycles as it has.

    Args:
        followed: The stretch.
        recording: Where it comes from.
        events: What happened in it: windows that they touch are flagged.
        tell: Called as the work goes on.
        batch: Windows worked on at a time; it makes no difference to the figures.
    """
    stretch, track = followed.stretch, followed.track
    cycles = CYCLES[followed.nominal_hz]
    windows = plan(track, cycles, first_tick_s=first_tick_s(recording.starts_at, stretch.starts_s))
    is_grouped = len(windows) > 0
    if not is_grouped:
        cycles = int((track.phases_rad[-1] - track.phases_rad[0]) / TURN + _NEARLY)
        if cycles < 1:
            return None
        windows = plan(track, cycles)
    points = points_per_window(windows, stretch.rate_hz)
    order = spectrum.highest_order(points, cycles)
    skews_s = [channel.skew_s for channel in recording.channels]
    parts = []
    for first in range(0, len(windows), batch):
        tell(f"window {first} of {len(windows)}")
        bounds = windows.starts_s[first : first + batch], windows.ends_s[first : first + batch]
        sampled = resample(stretch.samples, stretch.rate_hz, bounds, points, skews_s)
        parts.append(_spectra(sampled, order, cycles, is_grouped=is_grouped))
    rms, orders, between, fundamentals = (np.concatenate(part) for part in zip(*parts, strict=True))
    starts_s = stretch.starts_s + windows.starts_s
    return WindowFigures(
        starts_s=starts_s,
        plan=windows,
        nominal_hz=followed.nominal_hz,
        is_synchronised=followed.is_synchronised,
        is_grouped=is_grouped,
        rms=rms,
        orders=orders,
        interharmonics=between,
        fundamentals=fundamentals,
        flagged=touched(starts_s, stretch.starts_s + windows.ends_s, events),
    )


def _spectra(
    batch: NDArray[np.float64], order: int, cycles: int, *, is_grouped: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.complex128]]:
    lines = spectrum.lines(batch, order, cycles)
    power = np.asarray(lines.powers(), dtype=np.float64)
    if is_grouped:
        upper = spectrum.subgroups(power, order, cycles)
        between = spectrum.interharmonic_subgroups(power, order, cycles)
    else:
        upper = np.sqrt(power[..., cycles : cycles * order + 1 : cycles])
        between = np.zeros((*power.shape[:-1], 0))
    fundamentals = lines.phasors(cycles) if order else np.full(batch.shape[:-1], np.nan, dtype=np.complex128)
    return (
        np.sqrt(np.square(batch).mean(axis=-1)),
        np.concatenate((lines.means()[..., None], upper), axis=-1),
        np.asarray(between, dtype=np.float64),
        fundamentals,
    )
