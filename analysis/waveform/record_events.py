"""The voltage events of a record, of each channel alone and of the phases of a system together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.events import Event, find_events
from analysis.waveform.followed import Followed
from analysis.waveform.half_cycle import (
    declared_voltage_v,
    half_cycle_rms,
    sliding_reference,
    turned_back,
)
from analysis.waveform.options import Options
from analysis.waveform.record import ChannelKind, Recording
from analysis.waveform.systems import System
from analysis.waveform.windows import CYCLES


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvents:
    """What happened to the voltages."""

    declared_v: dict[str, float]
    """By voltage channel: given, or what it normally was."""
    single: tuple[Event, ...]
    """Of each channel alone."""
    polyphase: tuple[Event, ...]
    """Of the phases of a system together."""


def record_events(
    recording: Recording,
    systems: Sequence[System],
    followed: Sequence[Followed],
    options: Options,
) -> RecordEvents:
    """Return the events of a record.

    Args:
        recording: With its voltage channels; that of the neutral is left out, for it is normally nothing.
        systems: The record's three-phase systems.
        followed: Its stretches; an event goes on from one into the next.
        options: Where no declared voltage is told, each system's is what it normally was.
    """
    names = [channel.name for channel in recording.channels]
    times: dict[int, NDArray[np.float64]] = {}
    values: dict[int, NDArray[np.float64]] = {}
    places = [
        place
        for place, channel in enumerate(recording.channels)
        if channel.kind is ChannelKind.VOLTAGE and channel.phase != "n"
    ]
    turning = [
        turned_back(part.track, part.stretch.rate_hz, part.stretch.samples.shape[1])
        for part in (followed if places else ())
    ]
    for place in places:
        times[place], values[place] = _half_cycles(place, followed, turning)
    together = [system for system in systems if system.kind is ChannelKind.VOLTAGE]
    in_systems = {place for system in together for place in system.channels}
    alone = [(place,) for place in values if place not in in_systems]
    declared: dict[int, float] = {}
    for members in [*(system.channels for system in together), *alone]:
        level = options.declared_v or declared_voltage_v([values[place] for place in members])
        declared |= dict.fromkeys(members, level) if level else {}

    percents = {place: 100.0 * values[place] / level for place, level in declared.items()}
    if options.is_sliding and followed:
        cycles = CYCLES[followed[0].nominal_hz]
        for place, level in declared.items():
            reference = sliding_reference(values[place], level, cycles, options.thresholds)
            percents[place] = 100.0 * values[place] / reference

    def found(places: Sequence[int]) -> list[Event]:
        return find_events(
            {names[place]: times[place] for place in places},
            {names[place]: percents[place] for place in places},
            ends_s=recording.ends_s,
            thresholds=options.thresholds,
        )

    single = [event for place in sorted(declared) for event in found([place])]
    polyphase = [
        event
        for system in together
        if set(system.channels) <= set(declared)
        for event in found(system.channels)
    ]
    return RecordEvents(
        declared_v={names[place]: level for place, level in sorted(declared.items())},
        single=tuple(sorted(single, key=lambda event: event.starts_s)),
        polyphase=tuple(sorted(polyphase, key=lambda event: event.starts_s)),
    )


def _half_cycles(
    place: int, followed: Sequence[Followed], turning: Sequence[NDArray[np.complex128]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times, values = [np.zeros(0)], [np.zeros(0)]
    for part, turns in zip(followed, turning, strict=True):
        at_s, rms = half_cycle_rms(part.stretch.samples[place], part.stretch.rate_hz, part.track, turns)
        times.append(part.stretch.starts_s + at_s)
        values.append(rms)
    return np.concatenate(times), np.concatenate(values)
