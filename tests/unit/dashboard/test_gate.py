"""The gate: programs are told 401, people the way to the login, and the few open addresses stay open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from dashboard.app import create_app
from dashboard.cookies import SESSION
from pipeline.accounts import Role
from services.login import SessionRules
from storage.database import connect
from tests.fix_dashboard import NOW, browsing
from tests.tester import TESTER, TESTERS_TOKEN, let_in


@pytest.fixture(scope="module")
def nobody(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW), token=None) as client:
        yield client


@pytest.mark.parametrize("path", ["/api/fleet", "/api/none", "/openapi.json", "/api/meters/M-1001"])
def test_a_program_without_an_account_is_told_so_in_json(nobody: httpx.Client, path: str) -> None:
    answer = nobody.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Log in first" in answer.json()["next_step"]


@pytest.mark.parametrize(
    ("path", "login"),
    [
        ("/", "/login"),
        ("/meters?q=a%26b&page=2", "/login?next=%2Fmeters%3Fq%3Da%2526b%26page%3D2"),
        ("/none", "/login?next=%2Fnone"),
    ],
)
def test_people_are_led_to_the_login_and_back(nobody: httpx.Client, path: str, login: str) -> None:
    answer = nobody.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"] == login


def test_what_is_sent_without_an_account_is_not_looked_at(nobody: httpx.Client) -> None:
    answer = nobody.post("/cases/any", data={"outcome": "confirmed"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?unsaved=1")
    assert nobody.post("/api/cases/any/feedback", json={}).status_code == 401


def test_a_form_that_comes_after_its_session_leads_back_to_its_page(nobody: httpx.Client) -> None:
    referer = f"{nobody.base_url}/episodes?sort=newest".replace("//episodes", "/episodes")
    answer = nobody.post("/episodes", data={"deed": "note"}, headers={"Referer": referer})
    assert answer.headers["Location"] == "/login?next=%2Fepisodes%3Fsort%3Dnewest&unsaved=1"


@pytest.mark.parametrize("path", ["/login", "/health", "/static/style.css"])
def test_a_few_addresses_are_open_to_everybody(nobody: httpx.Client, path: str) -> None:
    assert nobody.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/../meters", "//meters", "/health/../api/fleet", "/login/../meters"]
)
def test_no_way_round_leads_past_the_gate(nobody: httpx.Client, path: str) -> None:
    request = nobody.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    assert nobody.send(request).status_code in {303, 401, 404}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_a_session_ends_unused_or_after_its_days_and_a_use_prolongs_it(plain_database_url: str) -> None:
    clock = Clock()
    rules = SessionRules(idle=timedelta(hours=1), absolute=timedelta(days=3650))
    with browsing(create_app(plain_database_url, clock=clock, session_rules=rules)) as client:
        for _ in range(3):
            clock.now += timedelta(minutes=50)
            assert client.get("/api/fleet").status_code == 200
        clock.now += timedelta(minutes=61)
        assert client.get("/api/fleet").status_code == 401
    clock = Clock()
    rules = SessionRules(idle=timedelta(days=365))
    with browsing(create_app(plain_database_url, clock=clock, session_rules=rules)) as client:
        clock.now += timedelta(days=7, seconds=1)
        assert client.get("/api/fleet").status_code == 401


def test_role_and_shutting_hold_at_once(plain_database_url: str) -> None:
    app = create_app(plain_database_url, clock=lambda: NOW)
    with browsing(app) as client:
        given = {"outcome": "confirmed", "episodes": ["e"]}
        assert client.post("/api/cases/none/feedback", json=given).status_code == 404
        let_in(app, role=Role.VIEWER)
        answer = client.post("/api/cases/none/feedback", json=given)
        assert answer.status_code == 403
        assert "may only read" in answer.json()["next_step"]
        with connect(plain_database_url) as connection:
            connection.execute("UPDATE account SET disabled_at = %s WHERE name = %s", (NOW, TESTER))
        assert client.get("/api/fleet").status_code == 401


def test_a_cookie_that_nobody_gave_out_is_nobodys(nobody: httpx.Client) -> None:
    for token in ("", "x", TESTERS_TOKEN + "x", "%00", "a" * 4000):
        assert nobody.get("/api/fleet", headers={"Cookie": f"{SESSION}={token}"}).status_code == 401
