"""The gate: nobody unknown reaches anything of the application but for the few addresses listed here."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from psycopg_pool import PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.access import Caller, NotLoggedInError
from dashboard.asking import Dashboard
from dashboard.cookies import BEFORE, SESSION, cookie_of
from dashboard.failures import is_for_programs, show_away, show_refusal
from dashboard.forgery import SAFE_METHODS
from dashboard.local_addresses import page_before
from pipeline.errors import StorageError
from services.api_tokens import needs_noting, note_token_use, token_of
from services.login import needs_touch, note_use, session_of

OPEN = frozenset({"/login", "/health", "/ready", "/metrics"})
"""What everybody may ask for; metrics have a rule of their own, see ``dashboard.status``."""
OPEN_FOLDER = "/static/"
LOGIN = "/login"
BEARER = "bearer"
"""RFC 6750: ``Authorization: Bearer`` and a token."""


class Gate:
    """Finds out who sent a request before the application sees it, and turns unknown ones away."""

    def __init__(self, app: ASGIApp) -> None:
        """Take what lies behind."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            request = Request(scope, receive)
            answer = await _turned_away(request)
            await (self._app if answer is None else answer)(scope, receive, send)
        # There are no web sockets; one that is asked for is closed by the server.


def is_open(path: str) -> bool:
    """Tell whether everybody may ask for an address."""
    return path in OPEN or path.startswith(OPEN_FOLDER)


async def _turned_away(request: Request) -> Response | None:
    """Note in the request who sent it; returns an answer for those who may not come in."""
    path = request.url.path
    if path.startswith(OPEN_FOLDER) or (is_open(path) and path != LOGIN):
        return None  # nobody is looked up for what machines ask for all the time
    try:
        caller = await run_in_threadpool(_caller, request)
    except (StorageError, PoolTimeout) as error:
        return None if is_open(path) else await show_away(request, error)
    request.state.caller = caller
    request.state.form_cookie = cookie_of(request, BEFORE) if caller is None else caller.secret
    if caller is not None or is_open(path):
        return None
    if is_for_programs(request):
        return await show_refusal(request, NotLoggedInError())
    return RedirectResponse(_login_for(request), status_code=HTTPStatus.SEE_OTHER)


def _login_for(request: Request) -> str:
    """Return the login that leads back to what was asked for; of a form, to the page it was on."""
    is_form = request.method not in SAFE_METHODS
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wish = page_before(request) if is_form else asked
    query = {**({} if wish == "/" else {"next": wish}), **({"unsaved": "1"} if is_form else {})}
    return LOGIN + (f"?{urlencode(query, quote_via=quote, safe='')}" if query else "")


def _caller(request: Request) -> Caller | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    # A token that is wrong does not fall back on a cookie: a program would never learn of it.
    return caller_by_token(request, token.strip()) if kind.lower() == BEARER else caller_by_cookie(request)


def caller_by_token(request: Request, token: str) -> Caller | None:
    """Return whose token it is, with what the token may of it."""
    dashboard: Dashboard = request.app.state.dashboard
    now = dashboard.clock()
    with dashboard.pool.connection() as connection:
        found = token_of(connection, token, now)
    if found is None:
        return None
    if needs_noting(found.card, now):
        with dashboard.connect() as writing:
            note_token_use(writing, found.card, now)
    return Caller(account=found.account, address=address_of(request), session=None, token=found.card.id)


def caller_by_cookie(request: Request) -> Caller | None:
    """Return whose session the request's cookie belongs to."""
    token = cookie_of(request, SESSION)
    if not token:
        return None
    dashboard: Dashboard = request.app.state.dashboard
    now = dashboard.clock()
    with dashboard.pool.connection() as connection:
        session = session_of(connection, token, now, dashboard.session_rules)
    if session is None:
        return None
    if needs_touch(session, now):
        with dashboard.connect() as writing:
            note_use(writing, session, now)
    return Caller(account=session.account, address=address_of(request), session=session.id, secret=token)


def address_of(request: Request) -> str:
    """Return where a request comes from; behind a trusted proxy, who asked that one."""
    return request.client.host if request.client is not None else ""
