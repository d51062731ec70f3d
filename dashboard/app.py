"""The web server: opens the database, joins pages and API, and says what to do when a part is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from psycopg_pool import ConnectionPool, PoolTimeout
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from dashboard import api_export, openapi, status
from dashboard.asked_names import refuse_unknown_names
from dashboard.asking import Dashboard
from dashboard.audited import Audited
from dashboard.cookies import is_over_tls
from dashboard.etags import Etags
from dashboard.failures import (
    show_away,
    show_broken,
    show_refusal,
    show_refused_content,
    show_wrong_address,
)
from dashboard.forgery import refuse_forged
from dashboard.gate import Gate
from dashboard.live import LiveHub
from dashboard.parts import answer_heads, joined, routers
from dashboard.request_limits import BodyLimit, RateLimit, RequestLimits
from pipeline.errors import ContentRefusedError, StorageError
from pipeline.registry import DEFAULT_ZONE
from services.login import SessionRules
from services.status.permit import Permit
from storage.announcements import MeterPlace, announcements, meter_places
from storage.database import connect, storage_errors

POOL_SIZE = 8
STATEMENT_TIMEOUT_MS = 20_000
HEADERS = {
    # Everything comes from this server: no inline script or style, no frame, no other host.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
TLS_HEADERS = {
    # For a year browsers ask this host over TLS alone. Said over TLS only: RFC 6797, 7.2.
    "Strict-Transport-Security": "max-age=31536000",
}


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def create_app(  # noqa: PLR0913 - what the application is given
    database_url: str,
    *,
    zone: ZoneInfo = DEFAULT_ZONE,
    clock: Callable[[], datetime] = utc_now,
    session_rules: SessionRules = SessionRules(),  # noqa: B008 - frozen
    limits: RequestLimits = RequestLimits(),  # noqa: B008 - frozen
    metrics_for: Permit | None = None,
) -> FastAPI:
    """Return the web application.

    Args:
        database_url: A ``postgresql://`` address. Pages read from it; only feedback is written.
        zone: The zone of pages that are not about one area.
        clock: What the time is; tests set it.
        session_rules: How long somebody stays logged in.
        limits: How much one caller may ask.
        metrics_for: Who may fetch metrics; None for this host alone.
    """
    pool = _pool(database_url)
    live = LiveHub(partial(announcements, database_url), partial(_places, pool))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        pool.open(
            wait=False
        )  # a database that is away is told on each page, not by a server that will not start
        listening = asyncio.create_task(live.run())
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            pool.close()

    app = FastAPI(
        title="Kilowatch",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=openapi.operation_id,
        dependencies=[Depends(refuse_forged), Depends(refuse_unknown_names)],
        **openapi.ABOUT,
    )
    openapi.describe(app)
    app.state.exports = asyncio.Semaphore(api_export.AT_ONCE)
    app.state.dashboard = Dashboard(
        pool=pool,
        zone=zone,
        clock=clock,
        connect=partial(connect, database_url),
        session_rules=session_rules,
    )
    app.state.watched = status.Watched(
        reading=pool.connection,
        writing=app.state.dashboard.connect,
        clock=clock,
        permit=metrics_for or Permit(),
    )
    app.add_middleware(Audited)
    app.state.live = live
    app.add_middleware(Etags)
    app.add_middleware(Gate)
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)
    app.add_middleware(BodyLimit, limits=limits)
    if limits.requests_per_minute:
        app.add_middleware(RateLimit, limits=limits)
    app.middleware("http")(_with_headers)
    app.add_exception_handler(StorageError, show_away)
    app.add_exception_handler(ContentRefusedError, show_refused_content)
    app.add_exception_handler(Exception, _show_broken)
    app.add_exception_handler(PoolTimeout, show_away)
    app.add_exception_handler(RequestValidationError, show_wrong_address)
    app.add_exception_handler(HTTPException, show_refusal)
    app.mount("/static", StaticFiles(directory=str(files("dashboard") / "static")), name="static")
    router = joined(routers())
    answer_heads(router.routes)
    app.include_router(router)
    return app


def _pool(database_url: str) -> ConnectionPool:
    return ConnectionPool(
        database_url,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=5.0,
        open=False,
        kwargs={
            "autocommit": True,
            "connect_timeout": 5,
            "application_name": "kilowatch dashboard",
            # Compiling a question for ten thousand meters takes longer than what it saves.
            "options": f"-c TimeZone=UTC -c jit=off -c default_transaction_read_only=on "
            f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
        },
    )


def _places(pool: ConnectionPool) -> Mapping[int, MeterPlace]:
    with storage_errors("reading where the meters hang"), pool.connection() as connection:
        return meter_places(connection)


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    return _headed(request, await call_next(request))


async def _show_broken(request: Request, error: Exception) -> Response:
    """Answer 500 with the headers too: Starlette answers faults before anything that is put before it."""
    return _headed(request, await show_broken(request, error))


def _headed(request: Request, response: Response) -> Response:
    """Return an answer with the headers that each one bears."""
    for name, value in (HEADERS | TLS_HEADERS if is_over_tls(request) else HEADERS).items():
        response.headers.setdefault(name, value)
    if request.url.path.startswith("/static/") and response.status_code < HTTPStatus.BAD_REQUEST:
        # Addresses of static files carry a digest of their content, see dashboard.rendering.
        response.headers["Cache-Control"] = "public, max-age=604800"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
