"""Runs detectors day by day over a window that moves, as the service does, and once over all the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from detectors.engine import reconcile, run
from detectors.lasting import WiderLook, joined, whole_from, wider_looks
from pipeline.block import MeterMatrix
from pipeline.model import Episode, FoundStretch, Verdict
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy, to_numpy
from services.detect_groups import part_of_meters

Span = tuple[datetime, datetime]
Seen = Callable[[MeterMatrix, datetime], MeterMatrix]
"""What of the data is there at a time: readings may come late."""
WINDOW = timedelta(days=56)


def between(window: MeterMatrix, span: Span) -> MeterMatrix:
    """Return the slots of a span, without daily rows: whoever needs them makes them."""
    first, end = (int(np.searchsorted(window.starts_at, to_numpy(edge))) for edge in span)
    slots = slice(first, end)
    return replace(
        window,
        starts_at=window.starts_at[slots],
        values={q: column[:, slots] for q, column in window.values.items()},
        import_kwh=window.import_kwh[:, slots],
        quality=window.quality[:, slots],
        power_kw=window.power_kw[:, slots],
        energies={name: column[:, slots] for name, column in window.energies.items()},
        daily=None,
    )


def day_by_day(  # noqa: PLR0913 - what is looked at, when and how
    window: MeterMatrix,
    registry: Registry,
    detector: str,
    *,
    at_hour: int = 5,
    seen: Seen = lambda window, _: window,
    archive_from: tuple[datetime, Registry] | None = None,
) -> list[Episode]:
    """Return what is stored in the end by daily runs over eight weeks, each at an hour of UTC.

    Args:
        window: All the data.
        registry: The archive.
        detector: The detector that runs.
        at_hour: When the runs take place: their windows begin in the midst of a day.
        seen: What of the data is there at a time.
        archive_from: Another archive, and since when it holds.
    """
    begin, end = _ends_of(window)
    stored: dict[str, Episode] = {}
    until = begin + WINDOW + timedelta(hours=at_hour)
    while until <= end:
        span = until - WINDOW, until
        archive = registry if archive_from is None or until < archive_from[0] else archive_from[1]
        for episode in _run(seen(window, until), archive, detector, span, list(stored.values())):
            stored[episode.id] = episode
        until += timedelta(days=1)
    return sorted(
        (one for one in stored.values() if one.verdict is not Verdict.NORMAL),
        key=lambda one: (one.starts_at, one.id),
    )


def at_once(window: MeterMatrix, registry: Registry, detector: str, at_hour: int = 5) -> list[Episode]:
    """Return what one run finds in all the data that the last daily run knows."""
    begin, end = _ends_of(window)
    until = end - timedelta(days=1 if at_hour else 0) + timedelta(hours=at_hour)
    return run(between(window, (begin, until)), registry, only=[detector])


def _ends_of(window: MeterMatrix) -> Span:
    slot = np.timedelta64(window.minutes, "m")
    return from_numpy(window.starts_at[0]), from_numpy(window.starts_at[-1] + slot)


def _run(
    window: MeterMatrix, registry: Registry, detector: str, span: Span, stored: Sequence[Episode]
) -> list[Episode]:
    whole = whole_from(
        [_stretch(one) for one in stored if one.verdict is not Verdict.NORMAL],
        registry,
        span,
        from_numpy(window.starts_at[0]) - timedelta(days=400),
    )

    def wider(look: WiderLook) -> list[Episode]:
        part = part_of_meters(registry, look.meters)
        rows = [row for row, meter in enumerate(window.meters) if meter in look.meters]
        assert rows == list(range(len(window.meters)))
        return run(between(window, (look.since, span[1])), part, only=look.only)

    found = joined(
        run(between(window, span), registry, only=[detector]),
        whole,
        wider_looks(whole, registry, span),
        wider,
    )
    return reconcile(found, stored, examined=span, whole_from=whole)


def _stretch(episode: Episode) -> FoundStretch:
    return FoundStretch(
        detector=episode.detector,
        meter=episode.meter,
        service_point=episode.service_point,
        starts_at=episode.starts_at,
        ends_at=episode.ends_at,
    )
