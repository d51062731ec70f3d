"""Too much is refused with the next step, whoever sends it and however it is announced."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated
from zoneinfo import ZoneInfo

import pytest
from fastapi import Body, FastAPI
from starlette.exceptions import HTTPException

from dashboard.failures import show_refusal
from dashboard.request_limits import ADDRESS_FACTOR, BodyLimit, RateLimit, RequestLimits
from tests.asgi_client import AsgiClient

LIMITS = RequestLimits(requests_per_minute=60, burst=4, body_bytes=1000)


@pytest.fixture
def client() -> AsgiClient:
    app = FastAPI()
    app.state.dashboard = SimpleNamespace(zone=ZoneInfo("Asia/Shanghai"), clock=lambda: datetime.now(UTC))
    app.add_exception_handler(HTTPException, show_refusal)
    app.add_middleware(BodyLimit, limits=LIMITS)
    app.add_middleware(RateLimit, limits=LIMITS, clock_s=lambda: 0.0)

    @app.post("/api/thing")
    def post(body: Annotated[dict[str, str], Body()]) -> int:
        return len(body)

    @app.get("/api/thing")
    @app.get("/health")
    def get() -> str:
        return "ok"

    return AsgiClient(app)


def test_a_body_that_announces_too_much_is_refused(client: AsgiClient) -> None:
    answer = client.post("/api/thing", content=b'{"a": "' + b"x" * 2000 + b'"}')
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
    assert answer.json()["type"] == "/api/docs#too-long"
    assert "several requests" in answer.json()["next_step"]


def test_a_body_that_announces_nothing_is_refused_as_it_comes(client: AsgiClient) -> None:
    def drops() -> Iterator[bytes]:
        yield from [b"x" * 300] * 10

    answer = client.post("/api/thing", content=drops(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "several requests" in answer.json()["next_step"]


def test_a_body_within_the_limit_comes_through(client: AsgiClient) -> None:
    assert client.post("/api/thing", json={"a": "x" * 900}).json() == 1


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/thing?q=" + "x" * 40_000, {}),
        ("/api/thing", {"X-Long": "x" * 40_000}),
        ("/api/thing", {f"X-{n}": "x" * 100 for n in range(400)}),
    ],
)
def test_a_head_that_is_too_long_is_refused(client: AsgiClient, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (431, "/api/docs#too-long-a-head")


@pytest.mark.parametrize("path", ["/api/thing?q=%00", "/api/th%00ing"])
def test_a_nul_character_is_refused(client: AsgiClient, path: str) -> None:
    assert client.get(path).status_code == 400


def test_who_asks_too_often_is_told_how_long_to_wait(client: AsgiClient) -> None:
    assert [client.get("/api/thing").status_code for _ in range(5)] == [200] * 4 + [429]
    answer = client.get("/api/thing")
    assert answer.headers["Retry-After"] == "1"
    assert (answer.json()["status"], answer.json()["type"]) == (429, "/api/docs#too-many-requests")


def test_tokens_are_counted_apart_but_not_without_bound(client: AsgiClient) -> None:
    statuses = [
        client.get("/api/thing", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(40)
    ]
    assert statuses == [200] * 4 * ADDRESS_FACTOR + [429] * (40 - 4 * ADDRESS_FACTOR)


def test_health_is_not_counted(client: AsgiClient) -> None:
    assert {client.get("/health").status_code for _ in range(30)} == {200}
