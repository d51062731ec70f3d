"""Runs detectors over a window, and keeps an episode's id when later data changes the episode."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Detector, Together, about, detectors, parameters_of
from detectors.suppression import blinded, in_order
from detectors.thresholds import overruled
from detectors.variants import of_each_place
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.errors import PluginError
from pipeline.model import Episode, Verdict
from pipeline.registry import Registry

Real = TypeVar("Real", np.float32, np.float64)
BLOCK_METERS = 250
"""Meters looked at together: a month of their values stays in the processor's cache."""
SUBJECTS = ("phase", "register", "suspension", "area", "parameter", "check")
"""Parameters of a message that tell two stretches of one detector, meter and time apart."""
Judged: TypeAlias = tuple[str, str]
"""A detector, and the service point or the meter that it judges."""
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def run(
    window: MeterMatrix,
    registry: Registry,
    *,
    only: Collection[str] | None = None,
    settings: Mapping[str, Mapping[str, float]] | None = None,
    threads: int = 1,
) -> list[Episode]:
    """Return the episodes of all detectors, or of ``only`` those named, oldest first.

    Detectors run in the order of suppression: each is blind to the slots and days that an abnormal or
    undecided episode of one of its suppressors explains, and to outages if it says so. Suppressors of a named
    detector run too; their own episodes are not returned.

    Args:
        window: What is looked at.
        registry: The archive, with thresholds by class and service point.
        only: The detectors whose episodes are wanted.
        settings: Other parameters, by detector and parameter; they hold for every meter.
        threads: Blocks of meters are worked off by so many; the result is the same.

    Raises:
        PluginError: If a named detector or parameter does not exist, or two detectors suppress each other.
    """
    wanted = set(detectors.all() if only is None else only)
    ordered = in_order(wanted)
    window = finite(window)
    registry = overruled(registry, settings or {})
    if any(about(name).needs.daily for name in ordered):
        window = with_daily_rows(window, registry)
    found: list[Episode] = []
    for name in ordered:
        detector = made(name, (settings or {}).get(name, {}))
        seen = blinded(window, found, detector.about.suppressed_by)
        told = of_each_place(detector, seen, registry, partial(on_blocks, threads=threads))
        if detector.about.of_customers:
            told = [episode for episode in told if not _of_supply(episode, detector.about, registry)]
        found += told
    return sorted((episode for episode in found if episode.detector in wanted), key=_order)


def _of_supply(episode: Episode, rule: About, registry: Registry) -> bool:
    """Tell whether a point supplied an area during an episode, or while what is usual was learnt for it."""
    judged_from = episode.starts_at - timedelta(days=rule.learns_days)
    return bool(
        registry.supplying(episode.service_point, judged_from, episode.ends_at or episode.detected_at)
    )


def finite(window: MeterMatrix) -> MeterMatrix:
    """Return the window with infinities, which no meter measures, as missing values."""
    return replace(
        window,
        values={q: _without_infinities(column) for q, column in window.values.items()},
        import_kwh=_without_infinities(window.import_kwh),
        power_kw=_without_infinities(window.power_kw),
    )


def _without_infinities(column: NDArray[Real]) -> NDArray[Real]:
    infinite = np.isinf(column)
    if not infinite.any():
        return column
    cleaned = column.copy()
    cleaned[infinite] = np.nan
    return cleaned


def made(name: str, settings: Mapping[str, float]) -> Detector:
    """Return a detector with other parameters than its defaults.

    Raises:
        PluginError: If the detector has no such parameter.
    """
    entry = detectors.get(name)
    known = [parameter.name for parameter in parameters_of(entry)]
    for parameter in settings:
        if parameter not in known:
            raise PluginError(f"{name} has no parameter {parameter!r}; it has: {', '.join(known)}")
    return entry(**settings)


def on_blocks(detector: Detector, window: MeterMatrix, registry: Registry, threads: int) -> list[Episode]:
    """Run a detector on blocks of meters that fit the processor's cache, if it looks at each meter alone."""
    if detector.about.together is not Together.METER:
        return list(detector.detect(window, registry))
    firsts = range(0, len(window.meters), BLOCK_METERS)
    blocks = [window.part(slice(first, first + BLOCK_METERS)) for first in firsts]
    if threads == 1 or len(blocks) == 1:
        return [episode for block in blocks for episode in detector.detect(block, registry)]
    with ThreadPoolExecutor(threads) as pool:
        parts = pool.map(lambda block: detector.detect(block, registry), blocks)
        return [episode for part in parts for episode in part]


def episode_id(detector: str, place: str, key: str) -> str:
    """Return the id of an episode: the same detector, place and natural key give the same one, anywhere.

    ``place`` is a service point or a meter; ``key`` what makes the episode unique there, e.g. a suspension's
    id or the start of the stretch.
    """
    return sha256(f"{detector}\x1f{place}\x1f{key}".encode()).hexdigest()[:24]


def reconcile(
    found: Iterable[Episode],
    known: Iterable[Episode],
    *,
    examined: tuple[datetime, datetime] | None = None,
    whole_from: Mapping[Judged, datetime] = MappingProxyType({}),
) -> list[Episode]:
    """Return what to store: a stretch found again is amended under its old id, never doubled or orphaned.

    A found episode that overlaps known ones of the same detector, place and subject takes the id and the
    first detection of the oldest; the others are returned as merged (verdict ``normal``). With ``examined``,
    the stretch of time that the window covered, known episodes that lie in it and were not found again are
    returned as withdrawn (verdict ``normal``). What is named in ``whole_from`` was examined from an earlier
    time on, see :mod:`detectors.lasting`.
    """
    remaining = {old.id: old for old in sorted(known, key=_order)}
    alike: dict[tuple[object, ...], list[Episode]] = defaultdict(list)
    for old in remaining.values():
        alike[_place(old)].append(old)
    kept: list[Episode] = []
    for episode in sorted(found, key=_order):
        candidates = {old.id: old for old in alike.get(_place(episode), ()) if old.id in remaining}
        if episode.id in remaining:
            candidates[episode.id] = remaining[episode.id]
        same = sorted((old for old in candidates.values() if _is_same(episode, old)), key=_order)
        if not same:
            kept.append(episode)
            continue
        named = next((old for old in same if old.id == episode.id), same[0])
        began_before = examined is not None and named.starts_at < _seen_from(named, examined, whole_from)
        kept.append(_amended(episode, named, began_before=began_before))
        kept += [_merged(old, named.id) for old in same if old is not named]
        for old in same:
            del remaining[old.id]
    if examined is not None:
        kept += [
            _withdrawn(old)
            for old in remaining.values()
            if old.verdict is not Verdict.NORMAL
            and _seen_from(old, examined, whole_from) <= old.starts_at
            and (old.ends_at or old.detected_at) <= examined[1]
        ]
    return sorted(kept, key=_order)


def _order(episode: Episode) -> tuple[datetime, str, str, str]:
    return episode.starts_at, episode.detector, episode.meter, episode.id


def _is_same(episode: Episode, old: Episode) -> bool:
    if episode.id == old.id:
        return True
    alike = _subject(episode) == _subject(old) and old.verdict is episode.verdict
    overlaps = episode.starts_at < (old.ends_at or _END_OF_TIME) and old.starts_at < (
        episode.ends_at or _END_OF_TIME
    )
    return alike and overlaps


def _subject(episode: Episode) -> tuple[object, ...]:
    """What a stretch is about: of two subjects, overlapping stretches are two episodes."""
    return *_place(episode), *(_told(episode, name) for name in SUBJECTS)


def _told(episode: Episode, subject: str) -> object:
    """Return what an episode says of a subject; a check by its key, which messages once gave in words."""
    said = episode.parameters.get(subject)
    return episode.evidence.get(subject, said) if subject == "check" else said


def _place(episode: Episode) -> tuple[object, ...]:
    """What stretches of one subject have in common whatever their parameters hold."""
    return episode.detector, episode.meter, episode.service_point, episode.message


def _amended(episode: Episode, old: Episode, *, began_before: bool) -> Episode:
    """Write the new finding under the old id.

    A stretch that began before what was examined, or while it was learnt, is seen only in part: its start
    stays, and so does the evidence unless the part shows more energy than was known of the whole.
    """
    shows_more = (episode.energy_kwh or 0.0) > (old.energy_kwh or 0.0) or old.verdict is not episode.verdict
    return replace(
        episode if shows_more or not began_before else old,
        id=old.id,
        starts_at=old.starts_at if began_before else episode.starts_at,
        ends_at=episode.ends_at,
        detected_at=min(old.detected_at, episode.detected_at),
    )


def judged(episode: Episode) -> Judged:
    """Return the detector of an episode, and of whom it judges the service point or the meter."""
    return episode.detector, judged_place(episode.detector, episode.meter, episode.service_point)


def judged_place(detector: str, meter: str, service_point: str | None) -> str:
    """Return the service point that a detector judges as one, or the meter."""
    is_alone = detector not in detectors.all() or about(detector).together is Together.METER
    return meter if is_alone or service_point is None else service_point


def _seen_from(
    old: Episode, examined: tuple[datetime, datetime], whole_from: Mapping[Judged, datetime]
) -> datetime:
    """Return from when on a detector sees what begins: one that learns what is usual is blind before."""
    days = about(old.detector).learns_days if old.detector in detectors.all() else 0
    return whole_from.get(judged(old), examined[0] + timedelta(days=days))


def _withdrawn(old: Episode) -> Episode:
    """Take the verdict back; the evidence stays, so that people see what was shown."""
    return replace(
        old,
        verdict=Verdict.NORMAL,
        ends_at=old.ends_at or old.detected_at,
        message="episode.withdrawn",
        parameters={"detector": old.detector},
    )


def _merged(old: Episode, into: str) -> Episode:
    return replace(_withdrawn(old), message="episode.merged", parameters={"into": into})
