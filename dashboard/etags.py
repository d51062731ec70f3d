"""Answers of the API carry a tag of their content, and who has that content already gets none of it again."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TAGGED: Final = "/api/"
_GONE_IN_304: Final = ("content-length", "content-type")


class Etags:
    """Adds a weak ``ETag`` (RFC 9110, section 8.8.3) and answers 304 to a fitting ``If-None-Match``.

    Weak, because the same content may be compressed or not. What is streamed bears none: it would have to
    be kept as a whole first.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_tagged = scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(TAGGED)
        await self._app(scope, receive, _Tagger(scope, send).send if is_tagged else send)


class _Tagger:
    """Holds the head of one answer until its body is known."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._known = Headers(scope=scope).get("if-none-match", "")
        self._send = send
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            self._head = message
            return
        if self._head is not None:
            head, self._head = self._head, None
            if not message.get("more_body", False):
                await self._send_tagged(head, message)
                return
            await self._send(head)
        await self._send(message)

    async def _send_tagged(self, head: Message, body: Message) -> None:
        tag = tag_of(body.get("body", b""))
        headers = MutableHeaders(raw=head["headers"])
        headers["ETag"] = tag
        # Kept by the caller alone, and asked about anew each time.
        headers.setdefault("Cache-Control", "private, no-cache")
        if is_known(tag, self._known):
            for name in _GONE_IN_304:
                del headers[name]
            head, body = {**head, "status": 304}, {**body, "body": b""}
        await self._send(head)
        await self._send(body)


def tag_of(body: bytes) -> str:
    """Return the weak tag of a body."""
    return f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def is_known(tag: str, if_none_match: str) -> bool:
    """Tell whether ``If-None-Match`` names a tag, by the weak comparison (RFC 9110, section 13.1.2)."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or tag.removeprefix("W/") in known
