"""What people see when something is away or does not exist: what happened and the next step."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from dashboard.access import NotAllowedError, NotLoggedInError
from dashboard.asking import formats_of
from dashboard.rendering import render
from dashboard.words import marked

log = logging.getLogger("kilowatch.dashboard")
FOR_PROGRAMS = ("/api/", "/health", "/static/", "/openapi.json", "/ready", "/metrics")
"""Where the addresses that answer in JSON begin."""


class NotFoundError(HTTPException):
    """Nothing stands at this address, or the caller may not see it: the two are told alike."""

    def __init__(self, explanation: str) -> None:
        """Take a marked sentence that says what to do."""
        super().__init__(HTTPStatus.NOT_FOUND, explanation)


class WrongAddressError(HTTPException):
    """A part of the address does not fit; the text says which and what would."""

    def __init__(self, explanation: str) -> None:
        """Take what does not fit."""
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, explanation)


async def show_away(request: Request, error: Exception) -> Response:
    """Answer 503: the database is away; the page fetches itself again."""
    log.warning("database away", extra={"path": request.url.path, "reason": str(error)})
    return _answer(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        marked("The database does not answer"),
        marked("Check that the server named by KILOWATCH_DATABASE_URL runs and that its schema is up to date "
               "(kilowatch db migrate), then load this page again."),
        detail=str(error) or type(error).__name__,
    )  # fmt: skip


async def show_wrong_address(request: Request, error: Exception) -> Response:
    """Answer 422 and name what does not fit in the address."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    detail = "; ".join(f"{'.'.join(map(str, p['loc'][1:]))}: {p['msg']}" for p in problems)
    return _answer(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        marked("This address does not fit"),
        marked("A part of the address is not understood. Start again from the overview."),
        detail=detail,
    )


async def show_refusal(request: Request, error: Exception) -> Response:
    """Answer with the error's own status, such as 404."""
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    fitting = isinstance(error, NotFoundError | WrongAddressError | NotAllowedError | NotLoggedInError)
    return _answer(
        request,
        status,
        marked("There is nothing here") if status == HTTPStatus.NOT_FOUND else status.phrase,
        str(getattr(error, "detail", "")) if fitting else marked("Start again from the overview."),
        detail="",
    )


def is_for_programs(request: Request) -> bool:
    """Tell whether an address answers programs, in JSON, and not people, in pages."""
    return request.url.path.startswith(FOR_PROGRAMS)


def _answer(request: Request, status: HTTPStatus, title: str, advice: str, *, detail: str) -> Response:
    text = formats_of(request).catalogue.gettext
    if is_for_programs(request):
        body = {"error": title, "next_step": advice, "detail": detail}
        asks_who = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
        return JSONResponse(body, status_code=status, headers=asks_who)
    shown = {"title": text(title), "advice": text(advice), "detail": detail}
    return render(request, "failure.html", shown, status)
