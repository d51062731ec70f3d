"""The order of suppression (抑制): what one detector has explained, others do not see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import about, detectors
from pipeline.block import MeterMatrix, Times
from pipeline.daily_rows import DailyRows
from pipeline.errors import PluginError
from pipeline.model import Episode, MeterId, Verdict
from pipeline.timegrid import local_clock, to_numpy

OUTAGE = "outage"
"""What meters tell of themselves in ``power_down`` events: they had no power."""

Ints = NDArray[np.intp]
_END_OF_TIME = np.datetime64("2200-01-01", "us")
"""After every window."""
Explained = tuple[MeterId, str, datetime, datetime | None]
"""A meter, a phase ("" for all of it), and from when to when; the end is None while it goes on."""


def in_order(wanted: Collection[str]) -> list[str]:
    """Return the wanted detectors and those that suppress them, suppressors first.

    Raises:
        PluginError: If a detector does not exist, or detectors suppress each other in a ring.
    """
    before: dict[str, list[str]] = {}
    waiting = sorted(wanted)
    while waiting:
        name = waiting.pop()
        if name in before:
            continue
        # A suppressor may be of the catalogue and not among the detectors that there are.
        before[name] = [other for other in about(name).suppressed_by if other in detectors.all()]
        waiting += before[name]
    try:
        sorter = TopologicalSorter(dict(sorted(before.items())))
        return list(sorter.static_order())
    except CycleError as error:
        raise PluginError(f"detectors suppress each other: {' - '.join(error.args[1])}") from None


def blinded(window: MeterMatrix, found: Iterable[Episode], suppressors: Sequence[str]) -> MeterMatrix:
    """Return the window with the slots and days marked that the suppressors explain."""
    explained = [
        (episode.meter, str(episode.parameters.get("phase", "")), episode.starts_at, episode.ends_at)
        for episode in found
        if episode.detector in suppressors and episode.verdict is not Verdict.NORMAL
    ]
    if OUTAGE in suppressors:
        explained += [(meter, "", begins, ends) for meter, begins, ends in window.records.power_downs()]
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    explained = [entry for entry in explained if entry[0] in row_of]
    if not explained:
        return replace(window, masked={})
    span = _Span.of(explained, row_of)
    phases = [phase for _, phase, _, _ in explained]
    daily = window.daily
    if daily is not None:
        masks = _masks(daily.kwh.shape, span, phases, _days_touched(daily, span))
        daily = replace(daily, masked=masks)
    masked = _masks(window.import_kwh.shape, span, phases, _slots_touched(window, span))
    return replace(window, masked=masked, daily=daily)


@dataclass(frozen=True, slots=True)
class _Span:
    """Stretches of time as columns."""

    row: Ints
    begins: Times
    ends: Times
    """The end of time while it goes on."""

    @classmethod
    def of(cls, explained: Sequence[Explained], row_of: Mapping[MeterId, int]) -> _Span:
        begins = [to_numpy(entry[2]) for entry in explained]
        ends = [_END_OF_TIME if entry[3] is None else to_numpy(entry[3]) for entry in explained]
        return cls(
            row=np.array([row_of[entry[0]] for entry in explained], np.intp),
            begins=np.array(begins, "datetime64[us]"),
            ends=np.array(ends, "datetime64[us]"),
        )


def _slots_touched(window: MeterMatrix, span: _Span) -> tuple[Ints, Ints]:
    """Return the first slot that each stretch touches, and that after the last."""
    length = np.timedelta64(window.minutes * 60_000_000, "us")
    first = np.searchsorted(window.starts_at + length, span.begins, side="right")
    return first, np.searchsorted(window.starts_at, span.ends, side="left")


def _days_touched(daily: DailyRows, span: _Span) -> tuple[Ints, Ints]:
    """Return the first local day that each stretch touches, and that after the last."""
    first, end = np.zeros((2, len(span.row)), np.intp)
    days = daily.days.astype(np.int64)
    zones = [daily.zones[row] for row in span.row.tolist()]
    for zone in dict.fromkeys(zones):
        own = np.array([other == zone for other in zones], np.bool_)
        first[own] = np.searchsorted(days, local_clock(span.begins[own], zone)[0], side="left")
        # What ends at midnight does not touch the day that begins then.
        last = span.ends[own] - np.timedelta64(1, "us")
        end[own] = np.searchsorted(days, local_clock(last, zone)[0], side="right")
    return first, end


def _masks(
    shape: tuple[int, ...], span: _Span, phases: Sequence[str], touched: tuple[Ints, Ints]
) -> dict[str, NDArray[np.bool_]]:
    masks = {phase: np.zeros(shape, dtype=np.bool_) for phase in dict.fromkeys(phases)}
    places = zip(phases, span.row.tolist(), *(edge.tolist() for edge in touched), strict=True)
    for phase, row, first, end in places:
        masks[phase][row, first:end] = True
    return masks
