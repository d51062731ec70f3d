"""Tells Prefect of each new critical episode (严重异常), so that its automations can act on it."""

from __future__ import annotations

from prefect.events import emit_event

from flows.steps import step
from services import critical_episodes
from storage.told_episodes import CriticalEpisode

EVENT = "kilowatch.episode.critical"
RESOURCE = "kilowatch.episode"


@step
def tell_critical_episodes() -> int:
    """Send an event for each critical episode that is new."""
    return critical_episodes.tell_critical(_tell)


def _tell(episode: CriticalEpisode) -> None:
    emit_event(
        EVENT,
        resource={
            "prefect.resource.id": f"{RESOURCE}.{episode.id}",
            "prefect.resource.name": f"{episode.detector} {episode.meter or episode.service_point or ''}",
        },
        payload={
            "episode": episode.id,
            "detector": episode.detector,
            "meter": episode.meter,
            "service_point": episode.service_point,
            "starts_at": episode.starts_at.isoformat(),
        },
    )
