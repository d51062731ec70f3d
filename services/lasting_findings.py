"""What is stored of findings that began before the time a run looks at, and what a run is reconciled with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from detectors.catalogue import Whole, about
from detectors.engine import Judged, judged
from detectors.lasting import Span, whole_from
from pipeline.model import EVERYTHING, Episode, MeterId
from pipeline.registry import Registry
from storage.database import Connection
from storage.episodes import StoredEpisode, found_stretches, list_episodes
from storage.retention import retention

LONGEST = timedelta(days=732)
"""What lasts for longer than two years is not looked at as a whole: its evidence stays as it was then."""
LOOKED_AT = ("interval", "register_reading", "electrical_reading", "meter_event")
"""Tables without whose rows a finding would not be found again."""


def lasting_findings(
    connection: Connection, registry: Registry, span: Span, detectors: Collection[str]
) -> dict[Judged, datetime]:
    """Return from when on what is known to have begun before ``span`` is to be looked at as a whole."""
    kept = retention(connection)
    oldest = min((keep for table in LOOKED_AT if (keep := kept.get(table)) is not None), default=LONGEST)
    earliest = span[1] - min(oldest, LONGEST)
    counting = [name for name in detectors if about(name).whole is not Whole.STRETCH]
    others = [name for name in detectors if about(name).whole is Whole.STRETCH]
    known = [
        *found_stretches(connection, others, span),
        *found_stretches(connection, counting, (min(earliest, span[0]), span[1])),
    ]
    return whole_from(known, registry, span, earliest)


def known_episodes(
    connection: Connection,
    detector: str,
    span: Span,
    whole: Mapping[Judged, datetime],
    found: Collection[str],
) -> list[Episode]:
    """Return what is stored of a detector in the time looked at, and what bears an id just ``found``."""
    known = _by_id(list_episodes(connection, scope=EVERYTHING, detector=detector, overlaps=span))
    lasting = {place: since for (name, place), since in whole.items() if name == detector}
    if lasting:
        since, places = (min(lasting.values()), span[1]), list(lasting)
        known |= {
            id_: episode
            for stored in (
                list_episodes(
                    connection,
                    scope=EVERYTHING,
                    detector=detector,
                    overlaps=since,
                    meters=[*map(MeterId, places)],
                ),
                list_episodes(
                    connection, scope=EVERYTHING, detector=detector, overlaps=since, service_points=places
                ),
            )
            for id_, episode in _by_id(stored).items()
            if (begins := whole.get(judged(episode))) is not None
            and (episode.ends_at is None or episode.ends_at > begins)
        }
    new = [id_ for id_ in found if id_ not in known]
    if new:
        known |= _by_id(list_episodes(connection, scope=EVERYTHING, ids=new))
    return list(known.values())


def _by_id(stored: Sequence[StoredEpisode]) -> dict[str, Episode]:
    return {one.episode.id: one.episode for one in stored}
