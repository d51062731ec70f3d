"""Asks an ASGI application without a server in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpx
from starlette.types import ASGIApp


class AsgiClient:
    """One request after the other, each in an event loop of its own."""

    def __init__(self, app: ASGIApp, address: str = "http://127.0.0.1") -> None:
        """Ask ``app`` as if it were at ``address``."""
        self._app = app
        self._address = address

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Fetch."""
        return self._asked("GET", path, headers=headers)

    def post(self, path: str, **given: Any) -> httpx.Response:  # Any: as httpx takes them
        """Send ``json`` or ``content``; an iterable of bytes is sent in pieces of unknown length."""
        content = given.get("content")
        if content is not None and not isinstance(content, bytes):
            given["content"] = _in_pieces(content)
        return self._asked("POST", path, **given)

    def _asked(self, method: str, path: str, **given: Any) -> httpx.Response:  # Any: as httpx takes them
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=self._address) as client:
                return await client.request(method, path, **given)

        return asyncio.run(ask())


async def _in_pieces(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
