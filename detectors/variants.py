"""Runs a rule once for each set of numbers that the archive lays down for the places it looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeAlias

import numpy as np

from detectors.catalogue import Detector, Together
from detectors.stays import end_of, stays_of
from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.model import Episode
from pipeline.registry import Registry, in_force
from pipeline.thresholds import strength

Judge: TypeAlias = Callable[[Detector, MeterMatrix, Registry], Sequence[Episode]]
Numbers: TypeAlias = tuple[tuple[str, float], ...]


def of_each_place(detector: Detector, window: MeterMatrix, registry: Registry, judge: Judge) -> list[Episode]:
    """Return what a rule finds, each episode by the numbers of its service point as the window ends.

    Numbers that the rule dates itself (``About.dated``) are left to it. A rule that looks at each meter alone
    sees the meters of a set of numbers only; one that compares meters sees all, and what it says of other
    places is left out.

    Args:
        detector: The rule, with the numbers that hold where the archive says nothing.
        window: What is looked at.
        registry: The archive.
        judge: Runs a rule over a window.
    """
    own = [t for t in registry.thresholds if _is_whole(t, detector)]
    if not own:
        return list(judge(detector, window, registry))
    numbers_of = _numbers_of(own, window, registry)
    dated = replace(registry, thresholds=[t for t in registry.thresholds if not _is_whole(t, detector)])
    found: list[Episode] = []
    for numbers, rows in _rows(detector, window, registry, numbers_of).items():
        is_alone = detector.about.together is Together.METER and len(rows) < len(window.meters)
        seen = window.part(np.array(rows, np.intp)) if is_alone else window
        rule = replace(detector, **dict(numbers))  # type: ignore[type-var]  # every rule is a dataclass; a test holds it
        found += [e for e in judge(rule, seen, dated) if numbers_of(_point(e, registry)) == numbers]
    return found


def _point(episode: Episode, registry: Registry) -> str | None:
    """Return where an episode is; one that begins with the day of a fitting, where the meter was fitted."""
    if episode.service_point is not None:
        return episode.service_point
    stays = stays_of(registry, episode.meter)
    held = (stay for stay in stays if in_force(stay.starts_at, stay.ends_at, episode.starts_at))
    return next((stay.service_point for stay in held), None)


def _is_whole(entry: Threshold, detector: Detector) -> bool:
    return entry.detector == detector.about.name and entry.parameter not in detector.about.dated


def _numbers_of(
    entries: Sequence[Threshold], window: MeterMatrix, registry: Registry
) -> Callable[[str | None], Numbers]:
    """Return what tells the numbers of a service point, by name; None for a meter that hangs nowhere."""
    end = end_of(window)
    everywhere: list[Threshold] = []
    by_point: dict[str, list[Threshold]] = {}
    for entry in entries:
        if in_force(entry.starts_at, entry.ends_at, end):
            placed = (
                everywhere if entry.service_point is None else by_point.setdefault(entry.service_point, [])
            )
            placed.append(entry)

    @cache
    def numbers_of(point: str | None) -> Numbers:
        contract = None if point is None else registry.contract_of(point, end)
        category = None if contract is None else contract.category
        own = [*everywhere, *by_point.get(point or "", ())]
        held = sorted((t for t in own if t.category in (None, category)), key=strength)
        return tuple(sorted({entry.parameter: entry.value for entry in held}.items()))

    return numbers_of


def _rows(
    detector: Detector,
    window: MeterMatrix,
    registry: Registry,
    numbers_of: Callable[[str | None], Numbers],
) -> Mapping[Numbers, Sequence[int]]:
    """Return every set of numbers with the meters that it may matter for."""
    rows: dict[Numbers, list[int]] = {}
    for row, meter in enumerate(window.meters):
        points = {stay.service_point for stay in stays_of(registry, meter)}
        for numbers in dict.fromkeys(map(numbers_of, sorted(points, key=str))):
            rows.setdefault(numbers, []).append(row)
    if detector.about.together is not Together.METER:
        placed = (registry.service_point_by_id, registry.contracts_by_point, registry.suspensions_by_point)
        for point in dict.fromkeys(point for named in placed for point in named):
            rows.setdefault(numbers_of(point), [])
    return rows
