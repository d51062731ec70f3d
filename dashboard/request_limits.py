"""What one caller may send: requests a minute, bytes in a body, and characters that the database can keep."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.failures import TooLongError, refusal, title_of
from dashboard.token_buckets import Rate, TokenBuckets
from dashboard.words import marked

UNCOUNTED: Final = frozenset({"/health", "/metrics", "/ready"})
"""What machines ask for all the time; so are the files below :data:`UNCOUNTED_FOLDER`."""
UNCOUNTED_FOLDER: Final = "/static/"
MOST_HEAD_BYTES: Final = 32 * 1024
"""Of address and headers together; what comes in one piece the server itself does not bound."""
ADDRESS_FACTOR: Final = 5
"""An address may ask so many times as often as one caller: several people sit behind one, and whoever sends
ever new invented tokens is still bounded."""
_CREDENTIALS: Final = ("authorization", "cookie")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """How much one caller may ask of the server."""

    requests_per_minute: int = 0
    """By token, session or address; 0 = not limited."""
    burst: int = 300
    """Requests at once: a page with all its parts."""
    body_bytes: int = 1 << 20


class BodyLimit:
    """Refuses a body that is too long with 413, by what it announces and by what comes.

    So too a head that is too long with 431, and with 400 an address with a NUL character, which no text of
    the database can hold.
    """

    def __init__(self, app: ASGIApp, limits: RequestLimits) -> None:
        """Stand before ``app``."""
        self._app = app
        self._most = limits.body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif "\0" in scope["path"] or b"%00" in scope["query_string"]:
            await _refuse(
                scope,
                receive,
                send,
                HTTPStatus.BAD_REQUEST,
                marked("Take the NUL character (%00) out of the address."),
            )
        elif _head_bytes(scope) > MOST_HEAD_BYTES:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            advice = marked("Shorten the address and the headers; send long texts in a body.")
            await _refuse(scope, receive, send, status, advice, headers={"Connection": "close"})
        elif _announced(scope) > self._most:
            await self._refuse_body(scope, receive, send)
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        came = 0

        async def count() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                raise TooLongError(self._most)
            return message

        await self._app(scope, count, send)

    async def _refuse_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        too_long = TooLongError(self._most)
        status = HTTPStatus(too_long.status_code)
        await _refuse(scope, receive, send, status, too_long.detail, headers={"Connection": "close"})


class RateLimit:
    """Refuses with 429 and ``Retry-After`` who asks too often."""

    def __init__(
        self, app: ASGIApp, limits: RequestLimits, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Stand before ``app``; ``limits.requests_per_minute`` is above 0."""
        self._app = app
        self._clock_s = clock_s
        rate = Rate(per_s=limits.requests_per_minute / 60, burst=limits.burst)
        self._callers = TokenBuckets(rate)
        self._addresses = TokenBuckets(
            Rate(per_s=rate.per_s * ADDRESS_FACTOR, burst=rate.burst * ADDRESS_FACTOR)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        wait_s = self._wait_s(scope) if scope["type"] == "http" else 0.0
        if wait_s <= 0:
            await self._app(scope, receive, send)
            return
        seconds = math.ceil(wait_s)
        await _refuse(
            scope,
            receive,
            send,
            HTTPStatus.TOO_MANY_REQUESTS,
            marked("Wait as long as Retry-After says, then ask again; ask less often, or use the export."),
            detail=f"{seconds} s",
            headers={"Retry-After": str(seconds)},
        )

    def _wait_s(self, scope: Scope) -> float:
        if scope["path"] in UNCOUNTED or scope["path"].startswith(UNCOUNTED_FOLDER):
            return 0.0
        now_s = self._clock_s()
        address = "" if scope["client"] is None else scope["client"][0]
        wait_s = self._addresses.wait_s(address, now_s)
        return wait_s if wait_s > 0 else self._callers.wait_s(caller_of(scope), now_s)


def caller_of(scope: Scope) -> str:
    """Return what tells callers apart: the digest of what they log in with, else their address."""
    headers = Headers(scope=scope)
    for name in _CREDENTIALS:
        if given := headers.get(name):
            return f"{name} {hashlib.blake2b(given.encode(), digest_size=16).hexdigest()}"
    return "address " + ("" if scope["client"] is None else str(scope["client"][0]))


def _head_bytes(scope: Scope) -> int:
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    return headers + len(scope.get("raw_path") or b"") + len(scope["query_string"])


def _announced(scope: Scope) -> int:
    told = Headers(scope=scope).get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() else 0


async def _refuse(  # noqa: PLR0913 - an ASGI call and what to say
    scope: Scope,
    receive: Receive,
    send: Send,
    status: HTTPStatus,
    advice: str,
    *,
    detail: str = "",
    headers: dict[str, str] | None = None,
) -> None:
    request = Request(scope, receive)
    answer = refusal(request, status, title_of(request, status), advice, detail=detail, headers=headers)
    await answer(scope, receive, send)
