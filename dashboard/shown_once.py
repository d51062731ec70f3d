"""What a form brought about, shown once on the page it leads to: reloading that page repeats nothing.

It travels in a cookie that no script reads, signed for the session, gone as soon as it is shown: a password
or token is stored nowhere on the server, and whichever server of several is asked next can show it.
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboard.cookies import cookie_of, give_cookie, take_cookie

COOKIE = "kilowatch_shown_once"
LIFE = timedelta(seconds=30)
"""Longer than a browser takes to follow."""
_PURPOSE = b"kilowatch shown once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What there is to show."""

    done: str = ""
    """A marked sentence."""
    secret: str = ""
    """A password or token that is shown nowhere else."""


NOTHING = Outcome()


def lead_on(request: Request, where: str, outcome: Outcome) -> RedirectResponse:
    """Answer a form by leading to a page that shows what came of it."""
    response = RedirectResponse(where, status_code=HTTPStatus.SEE_OTHER)
    told = json.dumps([where, outcome.done, outcome.secret]).encode()
    give_cookie(request, response, COOKIE, f"{_text(told)}.{_text(_signed(request, told))}", LIFE)
    return response


def outcome_of(request: Request) -> Outcome:
    """Return what there is to show on the page that is asked for; often nothing."""
    told, _, signature = cookie_of(request, COOKIE).partition(".")
    try:
        raw, given = (base64.b64decode(part, altchars=b"-_", validate=True) for part in (told, signature))
    except ValueError:
        return NOTHING
    if not raw or not hmac.compare_digest(given, _signed(request, raw)):
        return NOTHING
    where, done, secret = json.loads(raw)
    return Outcome(done=done, secret=secret) if where == request.url.path else NOTHING


def once(request: Request, response: HTMLResponse) -> HTMLResponse:
    """Return a page that has shown its outcome: the browser forgets it."""
    if cookie_of(request, COOKIE):
        take_cookie(request, response, COOKIE)
    return response


def _signed(request: Request, told: bytes) -> bytes:
    session: str = getattr(request.state, "form_cookie", "")
    return hmac.digest(session.encode("utf-8", "surrogatepass"), _PURPOSE + told, "sha256")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw, altchars=b"-_").decode("ascii")
