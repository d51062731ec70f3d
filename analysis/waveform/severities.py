"""The short-term flicker severities of a record's voltages, 10 minutes each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.waveform import flicker
from analysis.waveform.followed import Followed, first_tick_s
from analysis.waveform.record import ChannelKind, Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """The flicker of one channel over 10 minutes."""

    channel: str
    starts_s: float
    pst: float


def severities(recording: Recording, followed: Sequence[Followed]) -> Iterator[Severity]:
    """Yield the severity of each voltage and whole 10 minutes after the filters have settled.

    With a clock the 10 minutes begin at its ticks. A voltage with missing samples has none, nor has a record
    sampled too slowly.
    """
    for part in followed:
        stretch = part.stretch
        if stretch.rate_hz < flicker.LOWEST_RATE_HZ:
            continue
        settled_s = flicker.SETTLING_S
        begins_s = settled_s + (first_tick_s(recording.starts_at, stretch.starts_s + settled_s) or 0.0)
        if stretch.duration_s < begins_s + flicker.PST_S:
            continue
        for channel, samples in zip(recording.channels, stretch.samples, strict=True):
            if channel.kind is not ChannelKind.VOLTAGE or channel.phase == "n" or np.isnan(samples).any():
                continue
            sensed, rate_hz = flicker.sensation(samples, stretch.rate_hz, part.nominal_hz)
            size = round(flicker.PST_S * rate_hz)
            for begin in range(round(begins_s * rate_hz), len(sensed) - size + 1, size):
                yield Severity(
                    channel=channel.name,
                    starts_s=stretch.starts_s + begin / rate_hz,
                    pst=flicker.pst(sensed[begin : begin + size]),
                )
