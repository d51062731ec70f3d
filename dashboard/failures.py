"""What people see when something is away or does not exist: what happened and the next step."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from dashboard.access import NotAllowedError, NotLoggedInError
from dashboard.asking import formats_of
from dashboard.forgery import SAFE_METHODS
from dashboard.local_addresses import page_before
from dashboard.problems import API_PAGE, FOR_PROGRAMS, problem
from dashboard.refused_forms import form_shown_again
from dashboard.rendering import render
from dashboard.words import marked

log = logging.getLogger("kilowatch.dashboard")
TITLES: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: marked("This request is not understood"),
    HTTPStatus.FORBIDDEN: marked("Not allowed"),
    HTTPStatus.NOT_FOUND: marked("There is nothing here"),
    HTTPStatus.METHOD_NOT_ALLOWED: marked("This address only takes what a form sends"),
    HTTPStatus.CONFLICT: marked("Somebody else was faster"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: marked("That is too much at once"),
    HTTPStatus.UNPROCESSABLE_ENTITY: marked("Something does not fit"),
    HTTPStatus.TOO_MANY_REQUESTS: marked("Too many requests"),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: marked("That is too much at once"),
    HTTPStatus.SERVICE_UNAVAILABLE: marked("This cannot be had just now"),
}
"""How the pages that refuse something are headed."""
WRONG_ADDRESS = marked("This address does not fit")
"""How they are headed where nobody has filled in anything."""


class NotFoundError(HTTPException):
    """Nothing stands at this address, or the caller may not see it: the two are told alike."""

    def __init__(self, explanation: str) -> None:
        """Take a marked sentence that says what to do."""
        super().__init__(HTTPStatus.NOT_FOUND, explanation)


class WrongAddressError(HTTPException):
    """A part of the address or of what was sent does not fit; the text says which and what would."""

    def __init__(self, explanation: str, particulars: str = "") -> None:
        """Take what does not fit, and in English what exactly is the matter."""
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, explanation)
        self.particulars = particulars


class FasterError(HTTPException):
    """Somebody else has changed meanwhile what the caller looked at."""

    def __init__(self, explanation: str) -> None:
        """Take a marked sentence that says what to do."""
        super().__init__(HTTPStatus.CONFLICT, explanation)


class TooLongError(HTTPException):
    """More came than one request may bring."""

    def __init__(self, most_bytes: int) -> None:
        """Take how many bytes are allowed."""
        explanation = marked("Send less at once: in several requests, or with the command on the server.")
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, explanation)
        self.most_bytes = most_bytes


class UnavailableError(HTTPException):
    """What is asked for cannot be given just now, or on this machine; the text says what would help."""

    def __init__(self, status: HTTPStatus, explanation: str, particulars: str = "") -> None:
        """Take the status, a marked sentence that says what to do, and in English what is the matter."""
        super().__init__(status, explanation)
        self.particulars = particulars


async def show_away(request: Request, error: Exception) -> Response:
    """Answer 503: the database is away; the page fetches itself again."""
    log.warning("database away", extra={"path": request.url.path, "reason": str(error)})
    return refusal(
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
    is_address = request.method in SAFE_METHODS or is_for_programs(request)
    detail = "; ".join(f"{'.'.join(map(str, p['loc'][1:]))}: {p['msg']}" for p in problems)
    return await refused(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        WRONG_ADDRESS if is_address else title_of(request, HTTPStatus.UNPROCESSABLE_ENTITY),
        marked("A part of the address is not understood. Start again from the overview.")
        if is_address
        else marked("A part of what was sent is not understood. Go back, change it, then send it again."),
        detail=detail,
    )


async def show_refusal(request: Request, error: Exception) -> Response:
    """Answer with the error's own status, such as 404."""
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    fitting = isinstance(
        error,
        FasterError
        | NotFoundError
        | WrongAddressError
        | NotAllowedError
        | NotLoggedInError
        | TooLongError
        | UnavailableError,
    )
    return await refused(
        request,
        status,
        title_of(request, status),
        str(getattr(error, "detail", "")) if fitting else marked("Start again from the overview."),
        detail=str(getattr(error, "particulars", "")),
        headers=getattr(error, "headers", None),
    )


def title_of(request: Request, status: HTTPStatus) -> str:
    """Return how a refusal is headed: programs are told by the words of HTTP."""
    is_looked_at = request.method in SAFE_METHODS and not is_for_programs(request)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and is_looked_at:
        return WRONG_ADDRESS
    known = status == HTTPStatus.NOT_FOUND or not is_for_programs(request)
    return TITLES.get(status, status.phrase) if known else status.phrase


def is_for_programs(request: Request) -> bool:
    """Tell whether an address answers programs, in JSON, and not people, in pages."""
    path = request.url.path
    return path.startswith(FOR_PROGRAMS) and path != API_PAGE


async def show_refused_content(request: Request, error: Exception) -> Response:
    """Answer 422: the database runs, and cannot hold or compare what was given."""
    log.warning("content refused", extra={"path": request.url.path, "reason": str(error)})
    return await refused(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        marked("This cannot be stored or compared"),
        marked(
            "A number is out of range, or a text holds characters that cannot be kept. "
            "Change it, then send it again."
        ),
    )


async def show_broken(request: Request, error: Exception) -> Response:
    """Answer 500 for a fault of ours; what went wrong is in the log and not in the answer."""
    log.error("request failed", extra={"path": request.url.path, "fault": type(error).__name__})
    return refusal(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        marked("Something went wrong in the server"),
        marked("Try again; if it stays, send the server's log of this minute to those who run it."),
    )


async def refused(  # noqa: PLR0913 - what is told
    request: Request,
    status: HTTPStatus,
    title: str,
    advice: str,
    *,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a refusal; of a form, on the page that it stands on, with what was typed."""
    if request.method not in SAFE_METHODS and not is_for_programs(request):
        text = formats_of(request).catalogue.gettext
        again = await form_shown_again(request, status, text(title), text(advice), detail)
        if again is not None:
            again.headers.update(headers or {})
            return again
    return refusal(request, status, title, advice, detail=detail, headers=headers)


def refusal(  # noqa: PLR0913 - what is told
    request: Request,
    status: HTTPStatus,
    title: str,
    advice: str,
    *,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return what went wrong and the next step: a page, or for programs a problem document (RFC 9457)."""
    if is_for_programs(request):
        asks_who = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
        given = {**asks_who, **(headers or {})}
        return problem(request.url.path, status, title, advice, detail=detail, headers=given)
    text = formats_of(request).catalogue.gettext
    back = page_before(request) if request.method not in SAFE_METHODS else "/"
    shown = {"title": text(title), "advice": text(advice), "detail": detail, "back": back}
    if request.method not in SAFE_METHODS:
        shown["here"] = back
    response = render(request, "failure.html", shown, status)
    response.headers.update(headers or {})
    return response
