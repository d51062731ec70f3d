"""What a collector answers to probes and to Prometheus, also before it has an archive to collect by."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

import orjson

from services.counters import Counters
from services.landing import Landing
from services.metrics.collector import collector_samples
from services.metrics.exposition import CONTENT_TYPE, exposition
from services.settings import Settings
from services.status.permit import permit_of
from services.status.readiness import Readiness, database_readiness
from services.status.server import Answer, Path, serving
from storage.database import connect

LOOKED_AGAIN_S: Final = 5.0
"""Probes that come faster are answered from memory."""


class CollectorStatus:
    """The collector puts itself on it when it begins; probes look at it from their own threads."""

    def __init__(self, settings: Settings) -> None:
        """Know nothing yet."""
        self._settings = settings
        self._collecting: _Collecting | None = None
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._database = Readiness(reasons=["not looked at yet"])

    def began(self, owner: str, counters: Counters, landing: Landing) -> None:
        """Count as collecting from here on, under the name ``owner`` of the lease rows."""
        self._collecting = _Collecting(owner=owner, counters=counters, landing=landing)

    def ended(self) -> None:
        """Count as waiting, until it begins anew with another archive."""
        self._collecting = None

    def health(self) -> Answer:
        """Tell that the process lives."""
        return _json({"status": "live", "pid": os.getpid()}, HTTPStatus.OK)

    def ready(self) -> Answer:
        """Tell whether it collects and stores, be it into the spool."""
        now = self._collecting
        if now is None:
            found = Readiness(reasons=["no archive to collect by yet: run 'kilowatch registry import'"])
        else:
            found = Readiness() if now.landing.behind else self._database_readiness()
        return _json(found.as_json(), HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE)

    def metrics(self) -> Answer:
        """Return the collector's metrics; none while it does not collect."""
        now, limit_bytes = self._collecting, self._settings.spool_max_mb * 1_000_000
        samples = () if now is None else collector_samples(now.owner, limit_bytes, now.counters)
        return Answer(content=exposition(samples), content_type=CONTENT_TYPE)

    @contextmanager
    def served(self) -> Iterator[int | None]:
        """Serve at the address of the settings while the block runs; gives the port, None where none is set.

        Raises:
            ConfigError: If the address or the token of the settings cannot be used.
        """
        if self._settings.metrics_port is None:
            yield None
            return
        paths = {
            "/health": Path(answer=self.health),
            "/ready": Path(answer=self.ready),
            "/metrics": Path(answer=self.metrics, open_to_all=False),
        }
        permit = permit_of(self._settings.metrics_token_file)
        with serving(self._settings.metrics_host, self._settings.metrics_port, paths, permit) as port:
            yield port

    def _database_readiness(self) -> Readiness:
        with self._lock:
            if time.monotonic() - self._looked_at > LOOKED_AGAIN_S:
                self._database = database_readiness(partial(connect, self._settings.require_database_url()))
                self._looked_at = time.monotonic()
            return self._database


@dataclass(frozen=True, slots=True, kw_only=True)
class _Collecting:
    owner: str
    counters: Counters
    landing: Landing


def _json(told: dict[str, object], status: HTTPStatus) -> Answer:
    return Answer(content=orjson.dumps(told), status=status)
