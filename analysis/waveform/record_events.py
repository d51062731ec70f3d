"""The voltage events of a record, of each channel alone and of the phases of a system together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.events import Event, find_events
from analysis.waveform.followed import DEFAULT_HZ, Followed
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

RESIDUAL: Final = 0.05
"""A voltage of its own that is normally below this share of the others is a residual one (开口三角电压): it
is next to nothing as long as nothing is wrong, and has no dips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvents:
    """What happened to the voltages."""

    declared_v: dict[str, float]
    """By voltage channel: given, or what it normally was."""
    single: tuple[Event, ...]
    """Of each channel alone."""
    polyphase: tuple[Event, ...]
    """Of the phases of a system together."""


@dataclass(frozen=True, slots=True)
class _HalfCycles:
    """The half-cycle rms values of one channel over all stretches."""

    times_s: NDArray[np.float64]
    volts: NDArray[np.float64]
    gaps_s: list[float]
    """Where its samples end: at the end of a stretch, and before missing ones."""


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
        followed: Its stretches; an event goes on from one into the next, unless there is a gap between them.
        options: Where no declared voltage is told, each system's is what it normally was.
    """
    names = [channel.name for channel in recording.channels]
    measured = _measured(recording, followed)
    together = [system.channels for system in systems if system.kind is ChannelKind.VOLTAGE]
    declared = _declared(measured, together, options)
    nominal_hz = followed[0].nominal_hz if followed else DEFAULT_HZ
    cycles = CYCLES[nominal_hz]
    percents = {
        place: _percent(measured[place].volts, level, cycles, options) for place, level in declared.items()
    }

    def found(places: Sequence[int]) -> list[Event]:
        return find_events(
            {names[place]: measured[place].times_s for place in places},
            {names[place]: percents[place] for place in places},
            ends_s=recording.ends_s,
            thresholds=options.thresholds,
            cycle_s=1.0 / nominal_hz,
            gaps_s={names[place]: measured[place].gaps_s for place in places},
        )

    single = [event for place in sorted(declared) for event in found([place])]
    alive = [places for places in together if set(places) <= set(declared)]
    polyphase = [event for places in alive for event in found(places)]
    return RecordEvents(
        declared_v={names[place]: level for place, level in sorted(declared.items())},
        single=tuple(sorted(single, key=lambda event: event.starts_s)),
        polyphase=tuple(sorted(polyphase, key=lambda event: event.starts_s)),
    )


def _measured(recording: Recording, followed: Sequence[Followed]) -> dict[int, _HalfCycles]:
    """Return the half-cycle values of each voltage but the neutral's, by its place among the channels."""
    places = [
        place
        for place, channel in enumerate(recording.channels)
        if channel.kind is ChannelKind.VOLTAGE and channel.phase != "n"
    ]
    turning = [
        turned_back(part.track, part.stretch.rate_hz, part.stretch.samples.shape[1])
        for part in (followed if places else ())
    ]
    return {place: _half_cycles(place, followed, turning) for place in places}


def _half_cycles(
    place: int, followed: Sequence[Followed], turning: Sequence[NDArray[np.complex128]]
) -> _HalfCycles:
    times, values, gaps = [np.zeros(0)], [np.zeros(0)], []
    for part, turns in zip(followed, turning, strict=True):
        stretch = part.stretch
        at_s, rms = half_cycle_rms(stretch.samples[place], stretch.rate_hz, part.track, turns)
        times.append(stretch.starts_s + at_s)
        values.append(rms)
        missing = np.isnan(stretch.samples[place])
        begins = np.flatnonzero(missing[1:] & ~missing[:-1]) + 1
        gaps += [*(stretch.starts_s + begins / stretch.rate_hz).tolist(), stretch.ends_s]
    return _HalfCycles(np.concatenate(times), np.concatenate(values), gaps)


def _declared(
    measured: dict[int, _HalfCycles], together: Sequence[tuple[int, ...]], options: Options
) -> dict[int, float]:
    """Return the declared voltage of each channel; one that has none, or a residual one, is left out."""
    if options.declared_v is not None:
        return dict.fromkeys(measured, options.declared_v)
    in_systems = {place for places in together for place in places}
    alone = [(place,) for place in measured if place not in in_systems]
    levels = {
        places: declared_voltage_v([measured[place].volts for place in places])
        for places in (*together, *alone)
    }
    highest = max((level for level in levels.values() if level is not None), default=0.0)
    return {
        place: level
        for places, level in levels.items()
        if level is not None and (len(places) > 1 or level >= RESIDUAL * highest)
        for place in places
    }


def _percent(volts: NDArray[np.float64], level: float, cycles: int, options: Options) -> NDArray[np.float64]:
    """Return half-cycle values in percent of what they are held to."""
    if not options.is_sliding:
        return 100.0 * volts / level
    return 100.0 * volts / sliding_reference(volts, level, cycles, options.thresholds)
