"""Logging in and out (登录、退出)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from dashboard.access import LoggedIn, known_caller
from dashboard.asking import Dashboard
from dashboard.cookies import BEFORE, SESSION, cookie_of, give_cookie, take_cookie
from dashboard.gate import address_of
from dashboard.local_addresses import LONGEST, local_address
from dashboard.rendering import render
from dashboard.words import marked
from pipeline.errors import DataError
from services.login import Visitor, log_out, open_session, try_to_log_in
from services.tokens import new_token
from storage.accounts import has_accounts

router = APIRouter(include_in_schema=False)
FORM_LIFE = timedelta(hours=12)
"""How long a login page may lie open."""
Next = Annotated[str, Query(max_length=LONGEST)]
REFUSED = marked("Name and password do not belong together, or the account is shut.")
UNSAVED = marked("Your session is over: what you sent was not saved. Log in, then send it again.")
TOO_OLD = marked("This page was open for too long, or cookies are switched off. Try again.")


class LoginForm(BaseModel):
    """What the form sends."""

    name: Annotated[str, Field(max_length=200)] = ""
    password: Annotated[str, Field(max_length=1000)] = ""
    next: Annotated[str, Field(max_length=LONGEST)] = ""


@router.get("/login", name="login", response_class=HTMLResponse)
def show_login(
    request: Request,
    next_page: Annotated[Next, Query(alias="next")] = "",
    unsaved: Annotated[str, Query(max_length=1, description="a form came after its session")] = "",
) -> Response:
    """Show the form; whoever is logged in goes on at once."""
    where = local_address(next_page)
    if known_caller(request) is not None:
        return RedirectResponse(where, status_code=HTTPStatus.SEE_OTHER)
    dashboard: Dashboard = request.app.state.dashboard
    with dashboard.pool.connection() as connection:
        is_new = not has_accounts(connection)
    return _form(request, {"next": where, "is_new": is_new, "problem": UNSAVED if unsaved else ""})


@router.post("/login", name="log_in", response_class=HTMLResponse)
def log_in(request: Request, form: Annotated[LoginForm, Form()]) -> Response:
    """Open a session with a token of its own, whatever cookie came along, and go on where one wanted to."""
    where = local_address(form.next)
    if not cookie_of(request, BEFORE):
        return _form(request, {"next": where, "problem": TOO_OLD, "name": form.name}, HTTPStatus.FORBIDDEN)
    dashboard: Dashboard = request.app.state.dashboard
    now = dashboard.clock()
    visitor = Visitor(address=address_of(request), agent=request.headers.get("user-agent", ""))
    with dashboard.connect() as connection:
        answer = try_to_log_in(connection, form.name, form.password, visitor, now)
        if answer.account is None:
            return _refused(request, {"next": where, "name": form.name}, answer.wait)
        try:
            token = open_session(connection, answer.account, visitor, now, dashboard.session_rules)
        except DataError:
            return _refused(request, {"next": where, "name": form.name}, answer.wait)
    response = RedirectResponse(where, status_code=HTTPStatus.SEE_OTHER)
    give_cookie(request, response, SESSION, token, dashboard.session_rules.absolute)
    take_cookie(request, response, BEFORE)
    return response


@router.post("/logout", name="logout")
def leave(request: Request, caller: LoggedIn) -> Response:
    """Close the session; no page of it was kept by the browser, for each says ``no-store``."""
    dashboard: Dashboard = request.app.state.dashboard
    if caller.session is not None:
        with dashboard.connect() as connection:
            log_out(connection, caller.account, caller.session, caller.person, dashboard.clock())
    response = RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
    take_cookie(request, response, SESSION)
    return response


def _refused(request: Request, shown: Mapping[str, object], wait: timedelta) -> Response:
    if wait <= timedelta(0):
        return _form(request, {**shown, "problem": REFUSED}, HTTPStatus.UNAUTHORIZED)
    minutes = math.ceil(wait / timedelta(minutes=1))
    response = _form(request, {**shown, "minutes": minutes}, HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return response


def _form(request: Request, shown: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """Return the form; it is bound to a cookie of its own, so that no other site logs anybody in."""
    cookie = cookie_of(request, BEFORE) or new_token()
    request.state.form_cookie = cookie
    defaults = {"problem": "", "name": "", "is_new": False, "minutes": 0}
    response = render(request, "login.html", {**defaults, **shown}, status)
    give_cookie(request, response, BEFORE, cookie, FORM_LIFE)
    response.headers["Cache-Control"] = "no-store"
    return response
