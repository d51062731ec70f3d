"""What a program is told when something is refused: one form for every error (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi.responses import JSONResponse

MEDIA_TYPE: Final = "application/problem+json"
FOR_PROGRAMS: Final = ("/api/", "/health", "/static/", "/openapi.json", "/ready", "/metrics")
"""Where the addresses begin under which errors are problem documents and not pages."""
API_PAGE: Final = "/api/docs"
"""The one page among them."""

KINDS: Final[Mapping[int, str]] = {
    400: "bad-request",
    401: "not-logged-in",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-long",
    422: "does-not-fit",
    431: "too-long-a-head",
    429: "too-many-requests",
    500: "server-fault",
    503: "database-away",
}
"""The fragment of ``type`` by status: each leads to its paragraph on the page ``/api/docs``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request was refused, and what to do next (RFC 9457, with ``next_step`` of our own)."""

    type: str
    """Where this kind of problem is explained."""
    title: str
    status: int
    detail: str
    """What exactly did not fit; may be empty."""
    instance: str
    """The path that was asked for."""
    next_step: str


def problem(  # noqa: PLR0913 - the members of the document
    path: str,
    status: HTTPStatus,
    title: str,
    next_step: str,
    *,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return the answer that tells a problem."""
    body = {
        "type": f"/api/docs#{KINDS[status]}" if status in KINDS else "about:blank",
        "title": title,
        "status": int(status),
        "detail": detail,
        "instance": path,
        "next_step": next_step,
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)
