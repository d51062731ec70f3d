"""Everything that can be told from a record: windows with spectra, unbalance, events, flicker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.waveform.followed import Followed, first_tick_s, follow_stretch
from analysis.waveform.frequency import frequencies_of_10_s
from analysis.waveform.options import Options
from analysis.waveform.record import Recording
from analysis.waveform.record_events import RecordEvents, record_events
from analysis.waveform.severities import Severity, severities
from analysis.waveform.systems import System, systems_of
from analysis.waveform.window_figures import WindowFigures, window_figures

LOWEST_RATE_HZ: Final = 240.0
"""Four samples a cycle of 60 Hz; less shows no waveform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a record shows."""

    systems: tuple[System, ...]
    windows: tuple[WindowFigures, ...]
    """One a stretch that holds a whole cycle."""
    events: RecordEvents
    severities: tuple[Severity, ...]
    frequencies: tuple[tuple[float, float], ...]
    """The beginning of each 10 seconds, s, and their frequency, Hz."""
    notes: tuple[str, ...]
    """What could not be told, and why, in sentences."""


def survey(
    recording: Recording, options: Options, tell: Callable[[str], None] = lambda _news: None
) -> Survey:
    """Return everything that can be told from a record; ``tell`` is called as the work goes on."""
    systems = systems_of(recording.channels)
    followed, found, notes = [], [], []
    for stretch in recording.stretches:
        if stretch.rate_hz < LOWEST_RATE_HZ:
            notes.append(
                f"from {stretch.starts_s:.3f} s on: {stretch.rate_hz:.4g} samples a second are too few"
            )
            continue
        tell(f"following the frequency from {stretch.starts_s:.3f} s")
        followed.append(follow_stretch(stretch, recording, systems, options.nominal_hz))
    tell("looking for events")
    events = record_events(recording, systems, followed, options)
    happened = (*events.single, *events.polyphase)
    for part in followed:
        figures = window_figures(part, recording, happened, tell)
        found += [] if figures is None else [figures]
        notes += _notes(part.stretch.starts_s, part.stretch.duration_s, figures)
    tell("flicker")
    return Survey(
        systems=tuple(systems),
        windows=tuple(found),
        events=events,
        severities=tuple(severities(recording, followed, happened)),
        frequencies=tuple(_frequencies(recording, followed)),
        notes=tuple(notes),
    )


def _frequencies(recording: Recording, followed: Sequence[Followed]) -> Iterator[tuple[float, float]]:
    for part in followed:
        if part.is_synchronised:
            begins_s = part.stretch.starts_s
            tick_s = first_tick_s(recording.starts_at, begins_s)
            starts_s, hertz = frequencies_of_10_s(part.track, tick_s)
            yield from zip((begins_s + starts_s).tolist(), hertz.tolist(), strict=True)


def _notes(starts_s: float, duration_s: float, figures: WindowFigures | None) -> list[str]:
    """Return what to know about a stretch's figures."""
    stretch = f"{duration_s * 1e3:.1f} ms from {starts_s:.3f} s"
    if figures is None:
        return [f"{stretch} hold no whole cycle"]
    notes = []
    if not figures.is_synchronised:
        notes.append(
            f"{stretch} show no fundamental between 42.5 and 69 Hz: cut at {figures.nominal_hz:g} Hz"
        )
    if not figures.is_grouped:
        notes.append(
            f"{stretch} are shorter than a window of 200 ms: spectral lines of {figures.plan.cycles} cycles, "
            "no subgroups and no interharmonics"
        )
    return notes
