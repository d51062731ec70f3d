"""Shows the page of a refused form once more: why it was refused, and what was typed still in its fields.

No page has to do anything for it but ask, in its template, what was typed: the page that the browser names as
the one before is rendered again for the same caller, with the status of the refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import Message, Scope

from dashboard.forgery import FIELD
from dashboard.local_addresses import page_before

NOT_SHOWN_AGAIN: Final = frozenset({FIELD, "present", "password", "repeated"})
"""Fields whose values nobody is sent back."""
STATUSES: Final = frozenset(
    {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""Refusals after which somebody can go on with the form."""
_OF_ONE_MATCH: Final = ("endpoint", "route", "path_params", "fastapi_inner_astack", "fastapi_function_astack")
"""What the router and the framework note about the form's own address."""
_STATE: Final = "refused_form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed into one form; empty where it was not refused just now."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def text(self, name: str, otherwise: str = "") -> str:
        """Return the text of a field, or ``otherwise`` where the form was not refused."""
        return next(iter(self.fields.get(name, ())), otherwise)

    def holds(self, name: str, value: str, *, otherwise: bool = False) -> bool:
        """Tell whether a value was ticked or chosen, or ``otherwise`` where the form was not refused."""
        return value in self.fields.get(name, ()) if self.fields else otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedForm:
    """A form that was not accepted, in the reader's words."""

    action: str
    """The address that it was sent to."""
    title: str
    advice: str
    detail: str
    typed: Typed


def refused_in(request: Request) -> RefusedForm | None:
    """Return the form that was refused just now, on the page that is shown for it."""
    found: RefusedForm | None = getattr(request.state, _STATE, None)
    return found


def typed_in(request: Request, action: str) -> Typed:
    """Return what was typed into the form that is sent to an address, if it was refused just now."""
    refused = refused_in(request)
    return refused.typed if refused is not None and refused.action == action else Typed()


class _NoPageError(Exception):
    """What stands at an address is not shown for a form."""


async def form_shown_again(
    request: Request, status: HTTPStatus, title: str, advice: str, detail: str
) -> Response | None:
    """Return the page that a refused form was sent from; None if it does not say so, or cannot be shown."""
    where = page_before(request)
    if status not in STATUSES or where == "/":
        return None
    refused = RefusedForm(
        action=request.url.path, title=title, advice=advice, detail=detail, typed=await _typed(request)
    )
    page = await _page_at(request, where, refused)
    if page is not None:
        page.status_code = status
    return page


async def _typed(request: Request) -> Typed:
    try:
        form = await request.form()
    except (HTTPException, RuntimeError):  # too much or no form came, or it was not read to its end
        return Typed()
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name not in NOT_SHOWN_AGAIN:
            fields.setdefault(name, []).append(value)
    return Typed(fields=fields)


async def _page_at(request: Request, where: str, refused: RefusedForm) -> Response | None:
    """Ask the application for a page of the same caller; None unless it is one."""
    headers: list[tuple[bytes, bytes]] = []
    body: list[bytes] = []

    coming: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        # Whoever streams waits here for the one who asked to go: nobody is there, so that it ends at once.
        return coming.pop() if coming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            # At once: what is no page may be long, or never end, as the stream of events.
            if not _is_page(message):
                raise _NoPageError
            headers.extend(message["headers"])
        elif message["type"] == "http.response.body":
            body.append(message.get("body", b""))

    try:
        await request.app.router(_scope_of(request, where, refused), receive, send)
    except (HTTPException, _NoPageError):  # nothing is at that address, or no page
        return None
    if not headers:
        return None
    page = Response(b"".join(body))
    page.raw_headers = headers
    return page


def _is_page(start: Message) -> bool:
    heads: dict[bytes, bytes] = dict(start["headers"])
    is_file = b"content-disposition" in heads  # what is taken away is to be asked for, and audited, by itself
    is_html = heads.get(b"content-type", b"").startswith(b"text/html")
    return start["status"] == HTTPStatus.OK.value and is_html and not is_file


def _scope_of(request: Request, where: str, refused: RefusedForm) -> Scope:
    path, _, query = where.partition("?")
    kept = {key: value for key, value in request.scope.items() if key not in _OF_ONE_MATCH}
    headers = [(name, value) for name, value in request.scope["headers"] if not name.startswith(b"content-")]
    return {
        **kept,
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "state": {**request.scope.get("state", {}), _STATE: refused},
    }
