"""A record of sampled voltages and currents: its channels, and the stretches sampled at one rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DataError

STEP_CHANGE: Final = 1.2
"""Neighbouring sample steps that differ by more than this factor are of two stretches, or enclose a gap."""


class ChannelKind(StrEnum):
    """What a channel measures."""

    VOLTAGE = "voltage"
    CURRENT = "current"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One sampled quantity."""

    name: str
    kind: ChannelKind
    phase: str = ""
    """``a``, ``b``, ``c``, ``n``, ``ab``, ``bc``, ``ca``, or empty when it is not told."""
    unit: str = ""
    """``V`` or ``A`` after scaling; of other kinds as the source writes it."""
    skew_s: float = 0.0
    """How much later than its sample's time this channel was sampled (COMTRADE's skew), s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Samples without a gap at one rate."""

    starts_s: float
    """Of the first sample, since the record's beginning, s."""
    rate_hz: float
    samples: NDArray[np.float64]
    """By channel and time, in the channels' units; NaN is missing."""

    @property
    def duration_s(self) -> float:
        """Return the time that its samples stand for, s."""
        return int(self.samples.shape[1]) / self.rate_hz

    @property
    def ends_s(self) -> float:
        """Return its end since the record's beginning, s."""
        return self.starts_s + self.duration_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What one file holds."""

    name: str
    channels: tuple[Channel, ...]
    stretches: tuple[Stretch, ...]
    starts_at: datetime | None = None
    """The first sample's time; aware where the file tells its zone."""
    nominal_hz: float | None = None
    samples_expected: int | None = None
    """As the file announces; None where it does not."""
    notes: tuple[str, ...] = ()
    """What was odd about the file, in sentences."""

    @property
    def samples(self) -> int:
        """Return how many samples each channel has."""
        return sum(stretch.samples.shape[1] for stretch in self.stretches)

    @property
    def is_incomplete(self) -> bool:
        """Tell whether the file holds fewer samples than it announces."""
        return self.samples_expected is not None and self.samples < self.samples_expected

    @property
    def ends_s(self) -> float:
        """Return the end of the last stretch, s."""
        return max((stretch.ends_s for stretch in self.stretches), default=0.0)


def stretches_by_time(times_s: NDArray[np.float64], samples: NDArray[np.float64]) -> tuple[Stretch, ...]:
    """Return samples with a time each as stretches of even steps; a gap or another rate begins a new one.

    Single samples between two gaps say nothing about a rate and are left out.

    Args:
        times_s: Rising, s.
        samples: By channel and time.

    Raises:
        DataError: If the times do not rise; names the sample, counted from 1.
    """
    steps = np.diff(times_s)
    wrong = np.flatnonzero(~(steps > 0.0))
    if len(wrong):
        at = int(wrong[0])
        raise DataError(
            f"sample {at + 2}: its time {times_s[at + 1]:.9g} s does not come after {times_s[at]:.9g} s; "
            "write times with enough digits for the sampling rate"
        )
    edges = [0, *_changes(steps), len(times_s)]
    found = []
    for first, end in pairwise(edges):
        if end - first > 1:
            rate_hz = (end - first - 1) / (times_s[end - 1] - times_s[first])
            found.append(
                Stretch(starts_s=float(times_s[first]), rate_hz=float(rate_hz), samples=samples[:, first:end])
            )
    return tuple(found)


def _changes(steps: NDArray[np.float64]) -> Sequence[int]:
    """Return the samples that begin a new stretch."""
    differs = np.abs(np.diff(np.log(steps))) > np.log(STEP_CHANGE)
    changes: list[int] = []
    for at in np.flatnonzero(differs).tolist():
        # Steps at and at + 1 differ. A longer one is a gap, or the first of a slower stretch: either way the
        # sample that ends it begins something new. So does the sample between, where shorter steps follow.
        is_shorter = steps[at + 1] < steps[at] and not differs[at + 1 : at + 2].any()
        begin = at + 1 if is_shorter else at + 2
        if not changes or begin > changes[-1]:
            changes.append(begin)
    return changes
