"""What a surveyed record of waveforms tells of a supply: events, P_lt, interharmonics and unbalance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.recorded import Recorded, Timed, series_of
from analysis.power_quality.supply_events import of_waveform
from analysis.waveform.intervals import Joined, ten_minutes
from analysis.waveform.record import ChannelKind, Recording
from analysis.waveform.sequences import unbalances
from analysis.waveform.severities import long_term
from analysis.waveform.survey import Survey
from analysis.waveform.window_figures import WindowFigures
from pipeline.block import Times
from pipeline.timegrid import to_numpy

STANDARD_HZ: Final = 50.0
"""GB/T 24337 divides frequencies by the orders of 50 Hz."""
_Part: TypeAlias = tuple[str, Timed]


def recorded_in(name: str, recording: Recording, began_at: datetime, found: Survey) -> Recorded:
    """Return what a record of this name that began at ``began_at`` tells; of two systems the first one."""
    phases = {channel.name: channel.phase for channel in recording.channels}
    voltages = {
        place: channel.phase.upper() or channel.name
        for place, channel in enumerate(recording.channels)
        if channel.name in found.events.declared_v
    }
    phase_by_name = {recording.channels[place].name: phase for place, phase in voltages.items()}
    # A record of one voltage has no event of several.
    events = found.events.polyphase or found.events.single
    return Recorded(
        names=[name],
        events=[of_waveform(event, began_at, phases) for event in events],
        flicker=_by_key(_flicker(found, began_at, phase_by_name)),
        interharmonics=_by_key(_interharmonics(found.windows, began_at, voltages)),
        unbalance=_by_key(_unbalance(found, began_at)),
    )


def _flicker(found: Survey, began_at: datetime, phases: Mapping[str, str]) -> Iterator[_Part]:
    """Yield the long-term severities that no event touched."""
    for severity in long_term(found.severities):
        if severity.channel in phases and not severity.flagged:
            at = _instants(began_at, np.array([severity.starts_s]))
            yield phases[severity.channel], Timed(at=at, values=np.array([severity.plt]))


def _interharmonics(
    windows: Sequence[WindowFigures], began_at: datetime, phases: Mapping[int, str]
) -> Iterator[_Part]:
    for figures in windows:
        if not figures.is_grouped or not figures.is_synchronised or figures.nominal_hz != STANDARD_HZ:
            continue
        parts = np.concatenate((figures.orders[..., 1:2], figures.interharmonics), axis=-1)
        at, values = _whole(ten_minutes(figures, parts), began_at)
        fundamental = np.where(values[..., :1] > 0.0, values[..., :1], np.nan)
        percent = 100.0 * values[..., 1:] / fundamental
        for place, phase in phases.items():
            yield phase, Timed(at=at, values=percent[:, place])


def _unbalance(found: Survey, began_at: datetime) -> Iterator[_Part]:
    """Yield the unbalance of the first system of voltages."""
    system = next((s for s in found.systems if s.kind is ChannelKind.VOLTAGE), None)
    for figures in found.windows:
        if system is None or not figures.is_synchronised:
            continue
        negative, zero = unbalances(system.triple(figures.fundamentals.T).T)
        at, values = _whole(ten_minutes(figures, np.stack([negative, zero], axis=-1)), began_at)
        yield "negative", Timed(at=at, values=values[:, 0])
        if not system.between_phases:
            yield "zero", Timed(at=at, values=values[:, 1])


def _whole(joined: Joined, began_at: datetime) -> tuple[Times, NDArray[np.float64]]:
    """Return the whole intervals, of what no event touched in them."""
    return _instants(began_at, joined.starts_s[joined.whole]), joined.figures.unflagged[joined.whole]


def _instants(began_at: datetime, seconds: NDArray[np.float64]) -> Times:
    return to_numpy(began_at) + np.round(seconds * 1e6).astype("timedelta64[us]")


def _by_key(found: Iterable[_Part]) -> dict[str, Timed]:
    parts: dict[str, list[Timed]] = {}
    for key, timed in found:
        if len(timed.at):
            parts.setdefault(key, []).append(timed)
    return {key: series_of(own) for key, own in parts.items()}
