"""What goes wrong with Prefect's server is told with the next step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from pipeline.errors import FlowServerError
from services.flow_server import flow_server
from services.flow_status import flow_statuses, late_runs
from tests.threads import web_server


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

    with web_server(Handler) as url:
        yield f"{url}/api"


def ask() -> object:
    async def asked() -> object:
        async with flow_server() as server:
            return await server.ask("/admin/version")

    return asyncio.run(asked())


def test_a_server_that_is_not_named_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(FlowServerError, match="set PREFECT_API_URL="):
        ask()


def test_an_answer_that_lacks_what_prefects_have_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'[{"name": "another program"}]')

    with web_server(Handler) as url:
        monkeypatch.setenv("PREFECT_API_URL", f"{url}/api")
        for asked in (late_runs, flow_statuses):
            with pytest.raises(FlowServerError, match="otherwise than Prefect does"):
                asyncio.run(asked())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api", "http://[::1", "nonsense"])
def test_a_server_that_is_away_names_the_address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(FlowServerError, match="prefect server start"):
        ask()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b"{}", "PREFECT_API_AUTH_STRING"),
        (500, b"broken", "answers 500 to GET /api/admin/version: broken"),
        (200, b"<html>", "is no Prefect server"),
    ],
)
def test_an_answer_that_helps_nobody_says_what_to_do(
    status: int, body: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(status, body) as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        with pytest.raises(FlowServerError, match=told):
            ask()


def test_an_answer_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(200, b'"3.8"') as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        assert ask() == "3.8"
