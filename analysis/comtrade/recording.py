"""Makes volts and amperes over time out of a COMTRADE record's configuration and stored numbers."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.comtrade.configuration import AnalogueChannel, Configuration, parse_configuration
from analysis.comtrade.encoding import decoded
from analysis.comtrade.samples import StoredSamples, parse_samples
from analysis.waveform.channel_names import kind_and_scale, phase_of, unique
from analysis.waveform.record import Channel, ChannelKind, Recording, Stretch, stretches_by_time
from pipeline.errors import DataError

LARGEST: Final = 1e12
"""Volts or amperes: beyond it a value is damage, not a measurement, and counts as missing."""


class Side(StrEnum):
    """Which side of the transformers values are wanted of."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    RECORDED = "recorded"


def parse_recording(
    configuration: bytes, data: bytes, names: tuple[str, str], side: Side = Side.PRIMARY
) -> Recording:
    """Return what a COMTRADE record holds.

    Args:
        configuration: The bytes of its .cfg.
        data: The bytes of its .dat.
        names: Of both, for errors.
        side: Of the transformers; a channel that does not tell its ratio stays as it was recorded.

    Raises:
        DataError: If it cannot be read; names file and line.
    """
    text, encoding = decoded(configuration)
    read = parse_configuration(text, names[0])
    stored = parse_samples(data, read, names[1])
    scales = [_scale(channel, side) for channel in read.channels]
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.array(
            [
                (channel.factor * row + channel.offset) * scale
                for channel, row, (_, scale) in zip(read.channels, stored.values, scales, strict=True)
            ]
        )
    values[np.abs(values) > LARGEST] = np.nan
    titles = unique([channel.name for channel in read.channels])
    stretches, notes = _stretches(read, stored, values, names[1])
    if encoding != "utf-8":
        notes = (f"names were read as {encoding}", *notes)
    return Recording(
        name=", ".join(filter(None, (read.station.strip(), read.device.strip()))),
        channels=tuple(
            Channel(
                name=title,
                kind=kind,
                phase=phase_of(channel.name, channel.phase),
                unit={ChannelKind.VOLTAGE: "V", ChannelKind.CURRENT: "A"}.get(kind, channel.unit),
                skew_s=channel.skew_s,
            )
            for title, channel, (kind, _) in zip(titles, read.channels, scales, strict=True)
        ),
        stretches=stretches,
        starts_at=read.starts_at,
        nominal_hz=read.nominal_hz,
        samples_expected=read.samples,
        notes=(*read.notes, *stored.notes, *notes),
    )


def _scale(channel: AnalogueChannel, side: Side) -> tuple[ChannelKind, float]:
    """Return what a channel measures, and the factor to V or A on the wanted side."""
    kind, scale = kind_and_scale(channel.name, channel.unit)
    if channel.is_secondary is None or not channel.primary > 0.0 or not channel.secondary > 0.0:
        return kind, scale
    ratio = channel.primary / channel.secondary
    if side is Side.PRIMARY and channel.is_secondary:
        return kind, scale * ratio
    if side is Side.SECONDARY and not channel.is_secondary:
        return kind, scale / ratio
    return kind, scale


def _stretches(
    read: Configuration, stored: StoredSamples, values: NDArray[np.float64], name: str
) -> tuple[tuple[Stretch, ...], tuple[str, ...]]:
    """Return the samples by time: by the rates, or by their own times where there is no rate."""
    if read.rates[0][0] == 0.0:
        times_s = stored.times * read.time_factor * read.time_unit_s
        missing = np.flatnonzero(np.isnan(times_s))
        if len(missing):
            raise DataError(f"{name}, sample {missing[0] + 1}: there is neither a sampling rate nor a time")
        try:
            return stretches_by_time(times_s - times_s[0], values), ()
        except DataError as error:
            raise DataError(f"{name}, {error}") from None
    places = stored.numbers - stored.numbers[0]
    notes: tuple[str, ...] = ()
    if len(places) > 1 and not (np.diff(places) > 0).all():
        places = np.arange(len(places))
        notes = ("the samples' numbers do not rise: they are taken in the order of the file",)
    elif len(places) != places[-1] + 1:
        notes = (f"{int(places[-1]) + 1 - len(places)} samples are missing between others",)
    return tuple(_by_rate(read, places, values)), notes


def _by_rate(read: Configuration, places: NDArray[np.int64], values: NDArray[np.float64]) -> list[Stretch]:
    """Return runs of samples without a gap in their numbers, at one rate each."""
    ends = np.array([end for _, end in read.rates])
    rates = np.array([rate for rate, _ in read.rates])
    firsts, begins_s = [0], [0.0]
    for (rate, end), (following, _) in pairwise(read.rates):
        # The first sample of a further rate stands one of its own steps after the last of the rate before.
        begins_s.append(begins_s[-1] + (end - firsts[-1] - 1) / rate + 1.0 / following)
        firsts.append(end)
    # Samples beyond the last announced one keep its rate.
    part = np.minimum(np.searchsorted(ends, places, side="right"), len(rates) - 1)
    times_s = np.array(begins_s)[part] + (places - np.array(firsts)[part]) / rates[part]
    cuts = np.flatnonzero((np.diff(places) > 1) | (np.diff(part) > 0)) + 1
    return [
        Stretch(starts_s=float(times_s[a]), rate_hz=float(rates[part[a]]), samples=values[:, a:b])
        for a, b in pairwise([0, *cuts.tolist(), len(places)])
    ]
