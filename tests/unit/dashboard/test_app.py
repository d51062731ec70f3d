"""Whatever is answered bears the headers that keep a browser from other hosts, and is kept by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from fastapi import FastAPI

from dashboard.app import HEADERS, create_app
from dashboard.cookies import SESSION
from dashboard.request_limits import RequestLimits
from tests.fix_dashboard import NOW

AWAY = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
KNOWN = {"Cookie": f"{SESSION}=of-somebody"}


def asked(app: FastAPI, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
    async def ask() -> httpx.Response:
        # What fails in the application goes on as an error after it was answered, for the server's log.
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (200, "GET", "/health", {}),
        (303, "GET", "/meters", {}),
        (400, "GET", "/meters?q=%00", {}),
        (401, "GET", "/api/meters", {}),
        (404, "GET", "/static/none.css", {}),
        (405, "POST", "/health", {}),
        (413, "POST", "/login", {"Content-Length": "9000000"}),
        (429, "GET", "/login", {}),
        (431, "GET", "/health", {"X-Long": "x" * 40_000}),
        (500, "GET", "/metrics", {}),
        (503, "GET", "/api/meters", KNOWN),
    ],
)
def test_every_answer_bears_the_headers(
    status: int, method: str, path: str, headers: Mapping[str, str]
) -> None:
    one_a_minute = RequestLimits(requests_per_minute=1, burst=0 if status == 429 else 9)
    app = create_app(AWAY, clock=lambda: NOW, limits=one_a_minute)
    app.state.watched.fleet = None  # a fault of ours, for those who ask for metrics
    with app.state.dashboard.pool as pool:
        pool.timeout = 0.2
        answer = asked(app, method, path, headers)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_static_file_is_kept_for_a_week() -> None:
    answer = asked(create_app(AWAY, clock=lambda: NOW), "GET", "/static/style.css", {})
    assert answer.headers["Cache-Control"] == "public, max-age=604800"
