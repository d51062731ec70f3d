"""Findings that began before a run's window: each is looked at as a whole, as one run over all data would.

A window that moves day by day sees less and less of what lasts. Whoever runs detectors over one therefore
asks :func:`whole_from` of what is known when its own time begins, looks at those meters once more through the
wider windows of :func:`wider_looks`, and puts :func:`joined` together what both looks found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detectors.catalogue import Together, Whole, about
from detectors.engine import Judged, judged, judged_place
from pipeline.model import Episode, FoundStretch, MeterId
from pipeline.registry import Registry

Span = tuple[datetime, datetime]
JUST_BEFORE = timedelta(days=7)
"""Between two findings that follow each other: the days that are known may begin and end so much later."""
METER_DAYS = 30_000
"""Meters times days of one wider look: as much as some hundred meters in eight weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WiderLook:
    """Meters to look at once more."""

    since: datetime
    meters: frozenset[MeterId]
    judged: frozenset[Judged]
    """What is asked: of the detectors run, everything else found of these meters is none of it."""

    @property
    def only(self) -> list[str]:
        """The detectors to run."""
        return sorted({detector for detector, _ in self.judged})


def whole_from(
    known: Iterable[FoundStretch], registry: Registry, span: Span, earliest: datetime
) -> dict[Judged, datetime]:
    """Return from when on what began before ``span`` is to be looked at as a whole.

    Args:
        known: What is stored and not withdrawn: what touches the span, and of detectors whose
            :attr:`~detectors.catalogue.About.whole` is more than a stretch what was before it too.
        registry: Whom meters and suspensions belong to; who is not in it cannot be looked at.
        span: What the run looks at anyway.
        earliest: The oldest data that is looked at. What lasts for longer, with what must be learnt before
            it, is left as it is.
    """
    stretches: dict[Judged, list[FoundStretch]] = defaultdict(list)
    for one in known:
        if about(one.detector).together is not Together.AREA:
            stretches[one.detector, judged_place(one.detector, one.meter, one.service_point)].append(one)
    suspended = _suspended_before(registry, span)
    found = {}
    for asked, own in stretches.items():
        rule = about(asked[0])
        seen_from = span[0] + timedelta(days=rule.learns_days)
        starts = [one.starts_at for one in own if _touches(one.ends_at, span[0])]
        if rule.whole is Whole.SUSPENSION:
            starts += suspended.get(asked[1], ())
        since = min(starts, default=span[1])
        if rule.whole is Whole.ROW:
            since = _row_from(own, since)
        is_there = _meters_of(asked, registry) and looks_from(asked[0], since, span) >= earliest
        if since < seen_from and is_there:
            found[asked] = since
    return found


def looks_from(detector: str, since: datetime, span: Span) -> datetime:
    """Return where a wider look begins: before a stretch it learns as much as the span could teach."""
    return since - max(span[1] - span[0], timedelta(days=about(detector).learns_days))


def wider_looks(whole: Mapping[Judged, datetime], part: Registry, span: Span) -> Iterator[WiderLook]:
    """Yield the looks that a part of the archive needs, none of more than :data:`METER_DAYS` if it can be.

    Meters of one service point stay together.
    """
    asked: list[Judged] = []
    meters: frozenset[MeterId] = frozenset()
    begins = {one: looks_from(one[0], since, span) for one, since in whole.items()}
    for one in sorted(of_part(whole, part), key=lambda one: (begins[one], one)):
        own = _with_neighbours(_meters_of(one, part), part)
        days = (span[1] - begins[asked[0] if asked else one]).days
        if asked and len(meters | own) * days > METER_DAYS:
            yield WiderLook(since=begins[asked[0]], meters=meters, judged=frozenset(asked))
            asked, meters = [], frozenset()
        asked.append(one)
        meters |= own
    if asked:
        yield WiderLook(since=begins[asked[0]], meters=meters, judged=frozenset(asked))


def of_part(whole: Mapping[Judged, datetime], part: Registry) -> list[Judged]:
    """Return of what is to be looked at as a whole that of a part's meters and service points."""
    return [one for one in whole if _meters_of(one, part)]


def joined(
    found: Sequence[Episode],
    whole: Mapping[Judged, datetime],
    looks: Iterable[WiderLook],
    seen: Callable[[WiderLook], Sequence[Episode]],
) -> list[Episode]:
    """Return what a window shows, and in place of what it shows of lasting findings what wider looks do."""
    looks = list(looks)
    asked = {one for look in looks for one in look.judged}
    kept = [episode for episode in found if judged(episode) not in asked]
    for look in looks:
        kept += [
            episode
            for episode in seen(look)
            if judged(episode) in look.judged and _touches(episode.ends_at, whole[judged(episode)])
        ]
    return kept


def _touches(ends_at: datetime | None, begin: datetime) -> bool:
    return ends_at is None or ends_at > begin


def _row_from(own: Collection[FoundStretch], since: datetime) -> datetime:
    """Return the start of the first of those that follow each other up to ``since``."""
    for one in sorted(own, key=lambda one: one.starts_at, reverse=True):
        if one.starts_at < since and _touches(one.ends_at, since - JUST_BEFORE):
            since = one.starts_at
    return since


def _suspended_before(registry: Registry, span: Span) -> dict[str, list[datetime]]:
    """Return by service point the starts of suspensions that touch the span and began before it."""
    starts: dict[str, list[datetime]] = defaultdict(list)
    for suspension in registry.suspensions:
        if suspension.starts_at < span[0] and _touches(suspension.ends_at, span[0]):
            starts[suspension.service_point].append(suspension.starts_at)
    return starts


def _meters_of(asked: Judged, registry: Registry) -> frozenset[MeterId]:
    """Return the meters of whom a detector judges; none where it is another part's matter."""
    detector, place = asked
    if about(detector).together is not Together.METER and place in registry.service_point_by_id:
        return frozenset(stay.meter for stay in registry.installations_by_point.get(place, ()))
    return frozenset({MeterId(place)} & registry.meter_by_id.keys())


def _with_neighbours(meters: Collection[MeterId], registry: Registry) -> frozenset[MeterId]:
    """Return meters with all others that ever hung where they did."""
    places = {
        stay.service_point for meter in meters for stay in registry.installations_by_meter.get(meter, ())
    }
    beside = (
        stay.meter for place in places - {None} for stay in registry.installations_by_point[place or ""]
    )
    return frozenset(meters) | frozenset(beside)
