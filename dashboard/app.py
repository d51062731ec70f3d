"""The web server: opens the database, joins pages and API, and says what to do when a part is away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
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

from dashboard import (
    api,
    api_bills,
    api_cases,
    api_clocks,
    api_coverage,
    api_customers,
    api_forecasts,
    api_load,
    api_losses,
    api_quality,
    api_vee,
    status,
)
from dashboard.asking import Dashboard
from dashboard.failures import show_away, show_refusal, show_wrong_address
from dashboard.forgery import refuse_forged
from dashboard.gate import Gate
from dashboard.pages import (
    bills,
    cases,
    customers,
    episodes,
    fleet,
    forecasts,
    load,
    login,
    losses,
    meter_list,
    meters,
    quality,
    settings,
)
from pipeline.errors import StorageError
from pipeline.registry import DEFAULT_ZONE
from services.login import SessionRules
from services.status.permit import Permit
from storage.database import connect

PARTS = (
    *(login, fleet, meters, episodes, cases, bills, customers, settings, meter_list),
    *(forecasts, load, losses, quality),
    *(api_forecasts, api_load, api_losses, api_quality),
    status,
    *(api, api_bills, api_cases, api_coverage, api_clocks, api_customers, api_vee),
)
"""Pages and endpoints."""
POOL_SIZE = 8
STATEMENT_TIMEOUT_MS = 20_000
HEADERS = {
    # Everything comes from this server: no inline script or style, no frame, no other host.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def create_app(
    database_url: str,
    *,
    zone: ZoneInfo = DEFAULT_ZONE,
    clock: Callable[[], datetime] = utc_now,
    session_rules: SessionRules = SessionRules(),  # noqa: B008 - frozen
    metrics_for: Permit | None = None,
) -> FastAPI:
    """Return the web application.

    Args:
        database_url: A ``postgresql://`` address. Pages read from it; only feedback is written.
        zone: The zone of pages that are not about one area.
        clock: What the time is; tests set it.
        session_rules: How long somebody stays logged in.
        metrics_for: Who may fetch metrics; None for this host alone.
    """
    pool = _pool(database_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        pool.open(
            wait=False
        )  # a database that is away is told on each page, not by a server that will not start
        try:
            yield
        finally:
            pool.close()

    app = FastAPI(
        title="Kilowatch",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(refuse_forged)],
    )
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
    app.add_middleware(Gate)
    app.add_middleware(GZipMiddleware, minimum_size=2000)
    app.middleware("http")(_with_headers)
    app.add_exception_handler(StorageError, show_away)
    app.add_exception_handler(PoolTimeout, show_away)
    app.add_exception_handler(RequestValidationError, show_wrong_address)
    app.add_exception_handler(HTTPException, show_refusal)
    app.mount("/static", StaticFiles(directory=str(files("dashboard") / "static")), name="static")
    for part in PARTS:
        app.include_router(part.router)
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


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.path.startswith("/static/"):
        # Addresses of static files carry a digest of their content, see dashboard.rendering.
        response.headers["Cache-Control"] = "public, max-age=604800"
    elif response.status_code == HTTPStatus.OK:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
