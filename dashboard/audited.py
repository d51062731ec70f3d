"""Records in the audit whatever changes something, leaves as a file, or is refused: no page can forget it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.access import Caller, known_caller
from dashboard.asking import Dashboard
from dashboard.forgery import SAFE_METHODS
from pipeline.errors import StorageError
from pipeline.model import Json
from storage.access_events import add_event

log = logging.getLogger("kilowatch.dashboard")
THEMSELVES = ("/login", "/logout", "/account")
"""Where the addresses begin whose services record what they do, in words of their own."""
CHANGE, EXPORT, NOT_ALLOWED = "change", "export", "not allowed"


class Audited:
    """Stands behind the gate and looks at each answer as it leaves."""

    def __init__(self, app: ASGIApp) -> None:
        """Take what lies behind."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and its answer back when its line is written."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def recorded(message: Message) -> None:
            caller = known_caller(request)
            if message["type"] == "http.response.start" and caller is not None:
                event = event_of(request, message)
                if event is not None:
                    await run_in_threadpool(_record, request, caller, event)
            await send(message)

        await self._app(scope, receive, recorded)


def tell_audit(
    request: Request, *, before: Mapping[str, Json] | None = None, after: Mapping[str, Json] | None = None
) -> None:
    """Say what a change was from and to, for the line that is written of it."""
    request.state.audit = (before, after)


def event_of(request: Request, message: Message) -> str | None:
    """Return what kind of line an answer is worth; None for pages that were read or did not fit."""
    status, headers = message["status"], dict(message.get("headers", ()))
    if status == HTTPStatus.FORBIDDEN:
        return NOT_ALLOWED
    if status >= HTTPStatus.BAD_REQUEST:
        return None
    if request.method not in SAFE_METHODS:
        return None if request.url.path.startswith(THEMSELVES) else CHANGE
    # A report that the browser shows at once is one too: it comes with the name under which it is kept.
    return EXPORT if b"content-disposition" in headers else None


def _record(request: Request, caller: Caller, event: str) -> None:
    dashboard: Dashboard = request.app.state.dashboard
    before, after = getattr(request.state, "audit", (None, None))
    query = f"?{request.url.query}" if request.url.query else ""
    try:
        with dashboard.connect() as connection:
            add_event(
                connection,
                event,
                dashboard.clock(),
                account=caller.account.name,
                address=caller.address,
                token=caller.token,
                subject=f"{request.method} {request.url.path}{query}",
                before=before,
                after=after,
            )
    except StorageError as error:
        # What was done is done; that it is missing in the audit must not be.
        log.exception(
            "audit line lost", extra={"event": event, "path": request.url.path, "reason": str(error)}
        )
