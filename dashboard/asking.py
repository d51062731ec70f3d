"""What every page and endpoint needs: the database, the caller's areas, language and zone, and the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from psycopg_pool import ConnectionPool

from dashboard.access import CallerScope
from dashboard.formats import Formats
from pipeline.model import Scope
from services.login import SessionRules
from services.translations import LANGUAGES, preferred
from storage.area_scope import limited_to
from storage.database import Connection

LANGUAGE_COOKIE = "kilowatch_language"
LANGUAGE_HEADER = "Kilowatch-Language"
"""What an open page says of itself when it fetches itself anew: another tab may have changed the cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What the application keeps while it runs."""

    pool: ConnectionPool
    zone: ZoneInfo
    clock: Callable[[], datetime]
    connect: Callable[[], Connection]
    """Opens a connection that may write; those of the pool only read."""
    session_rules: SessionRules = field(default_factory=SessionRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request: who asks, when, in which language, over which connection."""

    request: Request
    connection: Connection
    scope: Scope
    formats: Formats
    now: datetime


def language_of(request: Request) -> str:
    """Return the language of the open page that asks, else of the address, the cookie or the browser."""
    asked, given = request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
    for wish in (request.headers.get(LANGUAGE_HEADER), asked, given):
        if wish is not None and wish in LANGUAGES:
            return wish
    return preferred(request.headers.get("accept-language", ""))


def formats_of(request: Request) -> Formats:
    """Return how the caller sees numbers and times."""
    dashboard: Dashboard = request.app.state.dashboard
    return Formats(language_of(request), dashboard.zone)


def _asking(request: Request, scope: CallerScope) -> Iterator[Asking]:
    dashboard: Dashboard = request.app.state.dashboard
    with dashboard.pool.connection() as connection, limited_to(connection, scope):
        yield _asked(request, scope, connection)


def _writing(request: Request, scope: CallerScope) -> Iterator[Asking]:
    dashboard: Dashboard = request.app.state.dashboard
    with dashboard.connect() as connection, limited_to(connection, scope):
        yield _asked(request, scope, connection)


def _managing(request: Request, scope: CallerScope) -> Iterator[Asking]:
    dashboard: Dashboard = request.app.state.dashboard
    with dashboard.connect() as connection:
        yield _asked(request, scope, connection)


def _asked(request: Request, scope: Scope, connection: Connection) -> Asking:
    dashboard: Dashboard = request.app.state.dashboard
    return Asking(
        request=request,
        connection=connection,
        scope=scope,
        formats=formats_of(request),
        now=dashboard.clock(),
    )


# The connection is given back before the answer is sent: who reads slowly keeps none.
Ask = Annotated[Asking, Depends(_asking, scope="function")]
"""Over a connection that reads, and sees rows of the caller's areas only."""
Writing = Annotated[Asking, Depends(_writing, scope="function")]
"""The same over a connection that may write: for whoever ``dashboard.access`` lets."""
Managing = Annotated[Asking, Depends(_managing, scope="function")]
"""Over a connection of the server's own: for accounts, which nobody's connection may look at."""
