"""What the dashboard answers to probes and to Prometheus: whether it lives and is ready, and the metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.metrics.exposition import CONTENT_TYPE, exposition
from services.metrics.fleet import FleetMetrics
from services.status.permit import Permit
from services.status.readiness import Readiness, database_readiness
from storage.database import Connection

LOOKED_AGAIN_S: Final = 5.0
"""Probes that come faster are answered from memory: anybody may ask."""

router = APIRouter(tags=["operation"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The server runs; whether it can do its work is asked at ``/ready``."""

    status: str
    now: datetime


class Watched:
    """What is told to those who watch over the server; the application keeps one."""

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Connection]],
        writing: Callable[[], AbstractContextManager[Connection]],
        clock: Callable[[], datetime],
        permit: Permit,
    ) -> None:
        """Take where connections come from, the clock, and who may fetch metrics."""
        self.clock = clock
        self.permit = permit
        self.fleet = FleetMetrics(reading, clock)
        self._writing = writing
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._readiness = Readiness()

    def readiness(self) -> Readiness:
        """Return whether the server can do its work, at most a few seconds old."""
        with self._lock:
            if time.monotonic() - self._looked_at > LOOKED_AGAIN_S:
                self._readiness = database_readiness(self._writing)
                self._looked_at = time.monotonic()
            return self._readiness


def _watched(request: Request) -> Watched:
    found: Watched = request.app.state.watched
    return found


Watching = Annotated[Watched, Depends(_watched)]


@router.get("/health")
def health(watched: Watching) -> Live:
    """Tell that the server lives; the database is not asked."""
    return Live(status="live", now=watched.clock())


@router.get("/ready", responses={HTTPStatus.SERVICE_UNAVAILABLE: {"description": "not ready, and why"}})
def ready(watched: Watching) -> JSONResponse:
    """Tell whether the database answers, has this program's schema, and carries notifications."""
    found = watched.readiness()
    return JSONResponse(found.as_json(), HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE)


@router.get("/metrics", response_class=Response)
def metrics(request: Request, watched: Watching) -> Response:
    """Return the fleet's metrics: to this host, or to whoever sends the token of the settings."""
    host = request.client.host if request.client is not None else ""
    if not watched.permit.admits(host, request.headers.get("authorization"), request.headers):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return Response(exposition(watched.fleet.samples()), media_type=CONTENT_TYPE)
