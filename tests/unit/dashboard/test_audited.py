"""What changes something, leaves as a file or is refused is in the audit, by whatever page it happens."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from pipeline.accounts import Role
from services.api_tokens import NewToken, add_token
from services.cases import work_out_cases
from services.persons import Person
from storage.access_events import AccessEvent, access_events
from storage.accounts import find_account
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


@pytest.mark.parametrize(
    "path",
    ["/quality-report?point=SP-001", "/quality-report?point=SP-001&as=csv", "/api/quality-reports/SP-001"],
)
def test_a_report_is_recorded_also_where_the_browser_shows_it(
    client: httpx.Client, url: str, path: str
) -> None:
    assert client.get(path).status_code == 200
    (line,) = newest(url)
    assert (line.event, line.subject) == ("export", f"GET {path}")


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


def test_what_a_program_did_is_told_from_what_its_owner_did(client: httpx.Client, url: str) -> None:
    with connect(url) as connection:
        found = find_account(connection, TESTER)
        assert found is not None
        wanted = NewToken(name="billing", role=Role.VIEWER, areas=None, days=30)
        token = add_token(connection, found[0], wanted, Person(account=TESTER), NOW)
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=client.base_url, headers=bearer) as program:
        assert program.get("/customer-list.csv").status_code == 200
    (line,) = newest(url)
    assert (line.event, line.account, line.token_name) == ("export", TESTER, "billing")
    assert client.get("/customer-list.csv").status_code == 200
    owners, programs = client.get("/api/audit?limit=2").json()["lines"]
    assert (owners["account"], owners["token"]) == (TESTER, None)
    assert (programs["account"], programs["token"], programs["token_name"]) == (TESTER, line.token, "billing")
    assert f"token {line.token} billing" in client.get("/audit", headers={"Accept-Language": "en"}).text
