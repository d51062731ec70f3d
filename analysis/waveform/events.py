"""Voltage dips (电压暂降), swells (暂升) and interruptions (中断) out of half-cycle rms values.

IEC 61000-4-30:2015, 5.4 and 5.5: an event opens where U_rms(1/2) passes a threshold and ends where it comes
back by the hysteresis; on several phases it opens with the first channel and ends with the last.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isnan
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray


class EventKind(StrEnum):
    """What happened to the voltage."""

    DIP = "dip"
    SWELL = "swell"
    INTERRUPTION = "interruption"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, on one channel or on several at once."""

    kind: EventKind
    channels: tuple[str, ...]
    """Those that it touched."""
    starts_s: float
    """Since the record's beginning, s."""
    duration_s: float
    residual_percent: float
    """Of the declared voltage: the lowest value of a dip or interruption, the highest of a swell."""
    begins_before: bool = False
    """It was there when the record began, or again after a gap."""
    ends_after: bool = False
    """It was still there when the record ended, or at a gap: how long it lasted was not seen."""

    @property
    def ends_s(self) -> float:
        """Return its end since the record's beginning, s."""
        return self.starts_s + self.duration_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where events open and close, in percent of the declared voltage.

    The values are those usual with IEC 61000-4-30; a dip below ``interruption`` is an interruption
    (GB/T 30137-2013: below 10 %).
    """

    dip: float = 90.0
    swell: float = 110.0
    interruption: float = 10.0
    hysteresis: float = 2.0


USUAL: Final = Thresholds()
CYCLE_S: Final = 0.02
UNSEEN_CYCLES: Final = 3.25
"""Two values further apart leave a gap. The middles of whole cycles about a gap lie one to two cycles further
apart than it is long: a gap of one cycle never parts an event, one of two and a quarter always does (own)."""
NO_GAPS: Final[Mapping[str, Sequence[float]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Open:
    """What is going on, as far as it has been seen."""

    starts_s: float
    begins_before: bool
    extremes: dict[str, float]
    """The most extreme value of each channel that passed the threshold, %."""
    all_gone: bool
    """Every channel was below the interruption's threshold at the same time."""


class EventFinder:
    """Finds the events of one channel, or of several as one, from values that arrive in blocks.

    Where the blocks end makes no difference: what is open stays open, and a value of exactly 0 V is a value.
    A missing value (NaN) neither opens nor closes anything. A channel without values for longer than about a
    cycle is no longer known: an event that it alone kept open ends where its samples do, marked as not seen
    to its end, and its next value is a beginning.
    """

    def __init__(
        self,
        channels: Sequence[str],
        thresholds: Thresholds = USUAL,
        cycle_s: float = CYCLE_S,
        gaps_s: Mapping[str, Sequence[float]] = NO_GAPS,
    ) -> None:
        """Watch the named channels together, with cycles of so many seconds.

        ``gaps_s`` has the times (rising) at which samples of a channel end; without, its last cycle ends it.
        """
        self._channels = tuple(channels)
        self._thresholds = thresholds
        self._values: dict[str, float] = {}
        self._dip: _Open | None = None
        self._swell: _Open | None = None
        self._cycle_s = cycle_s
        self._gaps_s = gaps_s
        self._seen_s: dict[str, float] = {}
        """When each known channel had its last value."""

    def feed(self, readings: Iterable[tuple[float, str, float]]) -> Iterator[Event]:
        """Yield the events that end with these readings: time (s, rising), channel, percent of declared."""
        for at_s, channel, percent in readings:
            yield from self._lose(at_s)
            if isnan(percent):
                continue
            # The first value of each channel shows what was there before the record.
            at_start = channel not in self._values
            self._values[channel] = percent
            self._seen_s[channel] = at_s
            yield from self._step_dip(at_s, at_start=at_start)
            yield from self._step_swell(at_s, at_start=at_start)

    def finish(self, ends_s: float) -> Iterator[Event]:
        """Yield what is still open where the record ends."""
        yield from self._lose(ends_s)
        yield from self._cut_dip(ends_s)
        yield from self._cut_swell(ends_s)

    def _lose(self, at_s: float) -> Iterator[Event]:
        """Forget the channels that had no value for too long, and yield what they alone kept open."""
        lost = [c for c, seen_s in self._seen_s.items() if at_s - seen_s > UNSEEN_CYCLES * self._cycle_s]
        if not lost:
            return
        ends_s = max(self._ended_s(channel, self._seen_s.pop(channel)) for channel in lost)
        for channel in lost:
            del self._values[channel]
        if self._dip_is_over():
            yield from self._cut_dip(ends_s)
        if self._swell_is_over():
            yield from self._cut_swell(ends_s)

    def _ended_s(self, channel: str, seen_s: float) -> float:
        """Return where a channel's samples ended after its last value."""
        gaps_s = self._gaps_s.get(channel, ())
        place = bisect_left(gaps_s, seen_s)
        # A value stands in the middle of its cycle.
        return gaps_s[place] if place < len(gaps_s) else seen_s + self._cycle_s / 2.0

    def _cut_dip(self, ends_s: float) -> Iterator[Event]:
        if self._dip is not None:
            yield replace(self._event(EventKind.DIP, self._dip, ends_s), ends_after=True)
        self._dip = None

    def _cut_swell(self, ends_s: float) -> Iterator[Event]:
        if self._swell is not None:
            yield replace(self._event(EventKind.SWELL, self._swell, ends_s), ends_after=True)
        self._swell = None

    def _dip_is_over(self) -> bool:
        limits = self._thresholds
        return all(value >= limits.dip + limits.hysteresis for value in self._values.values())

    def _swell_is_over(self) -> bool:
        limits = self._thresholds
        return all(value <= limits.swell - limits.hysteresis for value in self._values.values())

    def _step_dip(self, at_s: float, *, at_start: bool) -> Iterator[Event]:
        limits = self._thresholds
        below = {c: v for c, v in self._values.items() if v < limits.dip}
        if self._dip is None and below:
            self._dip = _Open(at_s, at_start, {}, all_gone=False)
        if self._dip is None:
            return
        gone = len(self._values) == len(self._channels) and all(
            value < limits.interruption for value in self._values.values()
        )
        self._dip = _seen(self._dip, below, lowest=True, gone=gone)
        if self._dip_is_over():
            yield self._event(EventKind.DIP, self._dip, at_s)
            self._dip = None

    def _step_swell(self, at_s: float, *, at_start: bool) -> Iterator[Event]:
        above = {c: v for c, v in self._values.items() if v > self._thresholds.swell}
        if self._swell is None and above:
            self._swell = _Open(at_s, at_start, {}, all_gone=False)
        if self._swell is None:
            return
        self._swell = _seen(self._swell, above, lowest=False, gone=False)
        if self._swell_is_over():
            yield self._event(EventKind.SWELL, self._swell, at_s)
            self._swell = None

    def _event(self, kind: EventKind, going_on: _Open, ends_s: float) -> Event:
        extremes = going_on.extremes
        worst = max(extremes.values()) if kind is EventKind.SWELL else min(extremes.values())
        return Event(
            kind=EventKind.INTERRUPTION if going_on.all_gone else kind,
            channels=tuple(c for c in self._channels if c in extremes),
            starts_s=going_on.starts_s,
            duration_s=ends_s - going_on.starts_s,
            residual_percent=worst,
            begins_before=going_on.begins_before,
        )


def find_events(  # noqa: PLR0913 - one question with all that bounds it
    times_s: dict[str, NDArray[np.float64]],
    percents: dict[str, NDArray[np.float64]],
    *,
    ends_s: float,
    thresholds: Thresholds = USUAL,
    cycle_s: float = CYCLE_S,
    gaps_s: Mapping[str, Sequence[float]] = NO_GAPS,
) -> list[Event]:
    """Return the events of channels taken together; one channel alone gives that channel's own.

    Args:
        times_s: The middle of each half-cycle rms value's cycle by channel, rising.
        percents: Those values, in percent of the declared voltage; NaN is missing.
        ends_s: The record's end, s.
        thresholds: Where events open and close.
        cycle_s: The length of a cycle, s.
        gaps_s: Where the samples of a channel end, rising, s.
    """
    finder = EventFinder(tuple(percents), thresholds, cycle_s, gaps_s)
    readings = sorted(
        (
            (at_s, channel, percent)
            for channel, values in percents.items()
            for at_s, percent in zip(times_s[channel].tolist(), values.tolist(), strict=True)
        ),
        key=lambda reading: reading[0],
    )
    return sorted([*finder.feed(readings), *finder.finish(ends_s)], key=lambda event: event.starts_s)


def _seen(going_on: _Open, passed: dict[str, float], *, lowest: bool, gone: bool) -> _Open:
    extremes = going_on.extremes
    for channel, value in passed.items():
        known = extremes.get(channel, value)
        extremes[channel] = min(known, value) if lowest else max(known, value)
    return _Open(going_on.starts_s, going_on.begins_before, extremes, all_gone=going_on.all_gone or gone)
