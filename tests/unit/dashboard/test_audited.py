"""What changes something, leaves as a file or is refused is in the audit, by whatever page it happens."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from pipeline.accounts import Role
from services.cases import work_out_cases
from storage.access_events import AccessEvent, access_events
from storage.database import connect
from tests.fix_dashboard import NOW, browsing
from tests.tester import TESTER, let_in


@pytest.fixture(scope="module")
def url(city_url: str) -> str:
    with connect(city_url) as connection:
        work_out_cases(connection, NOW)
    return city_url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOW)) as client:
        yield client


def newest(url: str, count: int = 1) -> list[AccessEvent]:
    with connect(url) as connection:
        return access_events(connection, limit=count)


def test_feedback_is_recorded_with_what_was_found(client: httpx.Client, url: str) -> None:
    case = client.get("/api/cases").json()["cases"][0]
    found = {"outcome": "confirmed", "episodes": case["episodes"], "cause": "bypass"}
    assert client.post(f"/api/cases/{case['id']}/feedback", json=found).status_code == 201
    (line,) = newest(url)
    assert (line.event, line.account, line.address) == ("change", TESTER, "127.0.0.1")
    assert line.subject == f"POST /api/cases/{case['id']}/feedback"
    assert line.after is not None
    assert (line.after["outcome"], line.after["cause"]) == ("confirmed", "bypass")


def test_what_leaves_as_a_file_is_recorded(client: httpx.Client, url: str) -> None:
    assert client.get("/customer-list.csv?q=a").status_code == 200
    (line,) = newest(url)
    assert (line.event, line.subject) == ("export", "GET /customer-list.csv?q=a")


def test_what_is_read_or_does_not_fit_is_not_recorded(client: httpx.Client, url: str) -> None:
    before = newest(url)
    assert client.get("/meters").status_code == 200
    assert client.post("/cases/none", data={"outcome": "confirmed"}).status_code == 404
    assert client.post("/cases/none", data={"outcome": "perhaps"}).status_code == 422
    assert newest(url) == before


def test_what_is_not_allowed_is_recorded(url: str) -> None:
    app = create_app(url, clock=lambda: NOW)
    let_in(app, "viewer", "viewers-token", Role.VIEWER)
    with browsing(app, "viewers-token") as viewer:
        assert viewer.post("/cases/any", data={"outcome": "confirmed"}).status_code == 403
        assert viewer.get("/accounts").status_code == 403
    managing, writing = newest(url, 2)
    assert (writing.event, writing.account, writing.subject) == ("not allowed", "viewer", "POST /cases/any")
    assert (managing.event, managing.subject) == ("not allowed", "GET /accounts")
