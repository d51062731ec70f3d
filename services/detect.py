"""Runs the detectors over what is stored and keeps their episodes (异常事件)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from detectors import engine
from detectors.catalogue import detectors
from pipeline.messages import summary
from pipeline.model import EVERYTHING, Episode
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from pipeline.timegrid import slot_start
from services.derive import MINUTES
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.database import Connection, connect
from storage.episodes import list_episodes, save_episodes
from storage.matrices import meter_matrix
from storage.registry import load_registry

METERS_AT_A_TIME = 500


def detect_recent(
    days: int,
    only: Sequence[str] | None = None,
    settings: Settings | None = None,
    now: datetime | None = None,
) -> list[Episode]:
    """Run all detectors, or those named, over the last ``days`` days; store and return the episodes.

    Raises:
        PluginError: If a named detector does not exist.
    """
    settings = settings or load_settings()
    until = slot_start(now or utc_now(), MINUTES * 60)
    span = until - timedelta(days=days), until
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
        found = _find(connection, registry, span, only, primary_profiles(settings))
        known = [
            stored.episode
            for stored in list_episodes(connection, scope=EVERYTHING, overlaps=span)
            if only is None or stored.episode.detector in only
        ]
        episodes = engine.reconcile(found, known, examined=span)
        save_episodes(connection, episodes)
    return episodes


def as_table(episodes: Sequence[Episode]) -> list[dict[str, object]]:
    """Return episodes as lines for people, the most severe first."""
    return [
        {
            "verdict": episode.verdict.value,
            "detector": episode.detector,
            "meter": episode.meter,
            "service point": episode.service_point,
            "from": episode.starts_at.isoformat(),
            "to": None if episode.ends_at is None else episode.ends_at.isoformat(),
            "kWh": episode.energy_kwh,
            "summary": summary(episode),
        }
        for episode in sorted(episodes, key=lambda e: (-e.severity, e.starts_at))
    ]


def _find(
    connection: Connection,
    registry: Registry,
    span: tuple[datetime, datetime],
    only: Sequence[str] | None,
    primary: frozenset[str],
) -> list[Episode]:
    found: list[Episode] = []
    for part in _parts(registry):
        window = meter_matrix(
            connection,
            registry,
            scope=EVERYTHING,
            starts_at=span[0],
            ends_at=span[1],
            minutes=MINUTES,
            meters=list(part.meter_by_id),
            quantities=quantities_needed(only),
            primary_profiles=primary,
        )
        found += engine.run(window, part, only=only)
    # A meter of two places is looked at twice: what is found of it alone bears one id.
    return list({episode.id: episode for episode in found}.values())


def quantities_needed(only: Sequence[str] | None) -> list[Quantity]:
    """Return the readings that the detectors look at, beside interval energy."""
    rules = [detectors.get(name)() for name in (only or detectors.all())]
    wanted = {quantity for rule in rules for quantity in rule.needs.quantities}
    return [quantity for quantity in Quantity if quantity in wanted]


def _parts(registry: Registry) -> Iterator[Registry]:
    """Yield the archive in parts of some hundred meters; the meters of one service point stay together.

    A meter that moved belongs to each of its places. The first part also has the suspensions of places
    without a meter: a detector says that they cannot be judged.
    """
    meters: list[Meter] = []
    places = {s.service_point for s in registry.suspensions} - {
        i.service_point for i in registry.installations
    }
    for place, together in _meters_by_place(registry).items():
        if meters and len(meters) + len(together) > METERS_AT_A_TIME:
            yield _part(registry, meters, places)
            meters, places = [], set()
        meters += together
        places.add(place)
    if meters:
        yield _part(registry, meters, places)


def _meters_by_place(registry: Registry) -> dict[str, list[Meter]]:
    by_place: dict[str, list[Meter]] = defaultdict(list)
    placed = {(i.service_point, i.meter) for i in registry.installations if i.service_point is not None}
    for point, meter_id in sorted(placed):
        by_place[point].append(registry.meter_by_id[meter_id])
    homeless = registry.meter_by_id.keys() - {meter_id for _, meter_id in placed}
    for meter_id in sorted(homeless):
        by_place[f"meter {meter_id}"].append(registry.meter_by_id[meter_id])
    return by_place


def _part(registry: Registry, meters: Sequence[Meter], places: Collection[str]) -> Registry:
    ids = {meter.id for meter in meters}
    return replace(
        registry,
        meters=tuple({meter.id: meter for meter in meters}.values()),
        installations=[i for i in registry.installations if i.meter in ids],
        service_points=[p for p in registry.service_points if p.id in places],
        contracts=[c for c in registry.contracts if c.service_point in places],
        suspensions=[s for s in registry.suspensions if s.service_point in places],
    )
