"""The flicker severities of a record's voltages: short-term of 10 minutes, long-term of 2 hours.

IEC 61000-4-15:2010; what a dip, swell or interruption touched is flagged (IEC 61000-4-30:2015, 4.7).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.waveform import flicker
from analysis.waveform.aggregation import touched
from analysis.waveform.events import Event
from analysis.waveform.followed import Followed, first_tick_s
from analysis.waveform.record import ChannelKind, Recording

_NEARLY_S: Final = 0.01
"""By how much 10 minutes may begin beside the end of those before them and still follow: a few samples."""
_CLOCK_DIGITS: Final = 6
"""Clocks have whole microseconds; the rest of a sum of seconds is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """The flicker of one channel over 10 minutes."""

    channel: str
    starts_s: float
    pst: float
    flagged: bool
    """An event touched it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTerm:
    """The flicker of one channel over 2 hours."""

    channel: str
    starts_s: float
    plt: float
    flagged: bool
    """An event touched one of its 10 minutes."""


def severities(
    recording: Recording, followed: Sequence[Followed], events: Sequence[Event]
) -> Iterator[Severity]:
    """Yield the severity of each voltage and whole 10 minutes after the filters have settled.

    With a clock the 10 minutes begin at its ticks. A voltage with missing samples has none, nor has a record
    sampled too slowly.

    Args:
        recording: With its voltage channels.
        followed: Its stretches.
        events: What happened in it: what they touch is flagged, of every channel as with windows.
    """
    for part in followed:
        stretch = part.stretch
        if stretch.rate_hz < flicker.LOWEST_RATE_HZ:
            continue
        settled_s = flicker.SETTLING_S
        tick_s = first_tick_s(recording.starts_at, stretch.starts_s + settled_s) or 0.0
        # On a tick the next one is 10 minutes away, and this one serves.
        begins_s = settled_s + round(tick_s, _CLOCK_DIGITS) % flicker.PST_S
        if stretch.duration_s < begins_s + flicker.PST_S - _NEARLY_S:
            continue
        for channel, samples in zip(recording.channels, stretch.samples, strict=True):
            if channel.kind is not ChannelKind.VOLTAGE or channel.phase == "n" or np.isnan(samples).any():
                continue
            sensed, rate_hz = flicker.sensation(samples, stretch.rate_hz, part.nominal_hz)
            size = round(flicker.PST_S * rate_hz)
            begins = np.arange(round(begins_s * rate_hz), len(sensed) - size + 1, size)
            starts_s = stretch.starts_s + begins / rate_hz
            flags = touched(starts_s, starts_s + flicker.PST_S, events).tolist()
            for begin, start_s, is_touched in zip(begins.tolist(), starts_s.tolist(), flags, strict=True):
                yield Severity(
                    channel=channel.name,
                    starts_s=start_s,
                    pst=flicker.pst(sensed[begin : begin + size]),
                    flagged=is_touched,
                )


def long_term(found: Sequence[Severity]) -> Iterator[LongTerm]:
    """Yield the severity of every twelve short-term ones of a channel that follow one another.

    Args:
        found: Short-term ones; those of a channel in the order of time.
    """
    for channel in dict.fromkeys(severity.channel for severity in found):
        run: list[Severity] = []
        for severity in found:
            if severity.channel != channel:
                continue
            if run and abs(severity.starts_s - run[-1].starts_s - flicker.PST_S) > _NEARLY_S:
                run = []
            run.append(severity)
            if len(run) == flicker.PST_PER_PLT:
                yield LongTerm(
                    channel=channel,
                    starts_s=run[0].starts_s,
                    plt=flicker.plt([s.pst for s in run]),
                    flagged=any(s.flagged for s in run),
                )
                run = []
