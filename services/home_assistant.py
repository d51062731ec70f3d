"""Tells Home Assistant what was stored: every value that nothing speaks against, once it is committed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from collectors.broker import Broker
from collectors.publisher import Publisher, PublisherOptions
from pipeline.checks import check
from pipeline.model import MeterId, Snapshot
from pipeline.registry import Registry
from protocols.mqtt.dialects import Publication
from protocols.mqtt.home_assistant import OFFLINE, HomeAssistant


class Announcer:
    """Takes what was stored from the threads that store, and publishes it."""

    def __init__(
        self, broker: Broker, prefix: str, name: str, registry: Registry, now: Callable[[], datetime]
    ) -> None:
        """Announce below ``prefix`` under our ``name``; only meters of the archive are told."""
        self._home = HomeAssistant(prefix, name, periods_s(registry))
        self._registry = registry
        self._now = now
        self._lock = threading.Lock()
        self._publisher = Publisher(
            PublisherOptions(**broker.access, client_id=f"{name}-out", farewell=self._home.presence(OFFLINE)),
            self._greeting,
        )

    @property
    def dropped(self) -> int:
        """Values that were not told for want of a connection."""
        return self._publisher.dropped

    def start(self) -> None:
        """Connect in the background."""
        self._publisher.start()

    def stop(self) -> None:
        """Say that we are gone."""
        self._publisher.stop()

    def stored(self, snapshots: Iterable[Snapshot]) -> None:
        """Publish what was stored, judged as it was for storage."""
        now = self._now()
        known = ((s, self._registry.meter_by_id.get(s.meter)) for s in snapshots)
        with self._lock:
            told = self._home.tell(check(s, meter, now) for s, meter in known if meter is not None)
        self._publisher.publish(told)

    def _greeting(self) -> Sequence[Publication]:
        with self._lock:
            return self._home.greeting()


def periods_s(registry: Registry) -> Mapping[MeterId, float]:
    """Return how often each meter reports: as its MQTT source says, else as the slowest schedule reads it."""
    slowest = max((schedule.every_s for schedule in registry.reading_schedules), default=None)
    periods: dict[MeterId, float] = {}
    if slowest is not None:
        periods = {i.meter: slowest for i in registry.installations if i.bus is not None}
    for source in registry.mqtt_sources:
        if source.every_s is not None:
            periods |= {MeterId(meter): source.every_s for meter in source.expected}
    return periods
