"""The order of suppression (抑制): what one detector has explained, others do not see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import about, detectors
from pipeline.block import MeterMatrix
from pipeline.errors import PluginError
from pipeline.model import Episode, MeterId, Verdict
from pipeline.timegrid import to_numpy

OUTAGE = "outage"
"""What meters tell of themselves in ``power_down`` events: they had no power."""

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
    known = set(window.meters)
    explained = [entry for entry in explained if entry[0] in known]
    if not explained:
        return replace(window, masked={})
    daily = window.daily
    if daily is not None:
        daily = replace(daily, masked=_masks(window, explained, daily.kwh.shape, _DaysTouched(window)))
    masked = _masks(window, explained, window.import_kwh.shape, _SlotsTouched(window))
    return replace(window, masked=masked, daily=daily)


class _SlotsTouched:
    """Which slots a stretch of time touches."""

    def __init__(self, window: MeterMatrix) -> None:
        self._starts_at = window.starts_at
        self._length = np.timedelta64(window.minutes * 60_000_000, "us")

    def __call__(self, _row: int, begins: datetime, ends: datetime | None) -> slice:
        first = int(np.searchsorted(self._starts_at + self._length, to_numpy(begins), side="right"))
        if ends is None:
            return slice(first, None)
        return slice(first, int(np.searchsorted(self._starts_at, to_numpy(ends), side="left")))


class _DaysTouched:
    """Which local days a stretch of time touches."""

    def __init__(self, window: MeterMatrix) -> None:
        self._daily = window.daily

    def __call__(self, row: int, begins: datetime, ends: datetime | None) -> slice:
        daily = self._daily
        assert daily is not None  # noqa: S101 - only made for windows with daily rows
        zone = daily.zones[row]
        first = int(np.searchsorted(daily.days, np.datetime64(begins.astimezone(zone).date())))
        if ends is None:
            return slice(first, None)
        last = ends.astimezone(zone)
        at_midnight = (last.hour, last.minute, last.second, last.microsecond) == (0, 0, 0, 0)
        touched = int(np.searchsorted(daily.days, np.datetime64(last.date())))
        return slice(first, touched if at_midnight else touched + 1)


def _masks(
    window: MeterMatrix,
    explained: Iterable[Explained],
    shape: tuple[int, ...],
    touched: _SlotsTouched | _DaysTouched,
) -> dict[str, NDArray[np.bool_]]:
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    masks: dict[str, NDArray[np.bool_]] = {}
    for meter, phase, begins, ends in explained:
        mask = masks.get(phase)
        if mask is None:
            mask = masks[phase] = np.zeros(shape, dtype=np.bool_)
        mask[row_of[meter], touched(row_of[meter], begins, ends)] = True
    return masks
