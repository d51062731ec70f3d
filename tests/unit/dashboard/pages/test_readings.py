"""Meters are read when somebody asks: by a run of the flow, or by the owners of their buses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from dashboard.app import create_app
from dashboard.flow_words import RUN_STATES
from dashboard.pages.readings import FAILED_RUNS
from pipeline.accounts import Role
from storage.asked_readings import add_results
from storage.database import connect
from storage.requests import serve_request, take_requests
from tests.fake_prefect import RUN, FakePrefect, fake_prefect
from tests.fix_dashboard import LOW_VOLTAGE, NOW, PLANT, browsing
from tests.tester import let_in
from tests.unit.dashboard.test_pages import text_of

EN = {"Accept-Language": "en"}
TOLD = {
    "meter": PLANT,
    "failure": "",
    "deviations": [],
    "taken_at": "2026-07-15T06:30:00+00:00",
    "values": {"voltage_a": 231.25},
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePrefect]:
    with fake_prefect() as fake:
        monkeypatch.setenv("PREFECT_API_URL", fake.url)
        yield fake


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def test_a_press_of_the_button_starts_a_run_that_knows_who_asked(
    client: httpx.Client, city_url: str, server: FakePrefect
) -> None:
    assert 'action="/readings"' in client.get(f"/meters/{PLANT}", headers=EN).text
    page = client.post("/readings", data={"meters": PLANT}, headers=EN, follow_redirects=True)
    assert client.get("/api/audit?event=change&limit=1").json()["lines"][0]["after"] == {"meters": [PLANT]}
    number = int(str(page.url).rsplit("/", 1)[-1])
    (started,) = server.started
    assert started["parameters"]["meters"] == [PLANT]
    assert started["parameters"]["asked"] == number
    shown = text_of(page)
    assert f"Asked for by {started['parameters']['asked_by']}" in shown
    assert "Being read" in shown
    assert 'http-equiv="refresh"' in page.text
    with connect(city_url) as connection:
        add_results(connection, number, {PLANT: TOLD})
    over = client.get(f"/readings/{number}", headers=EN)
    assert "231.25" in text_of(over)
    assert 'http-equiv="refresh"' not in over.text
    assert f"/readings/{number}" in client.get("/flows", headers=EN).text


def test_every_way_in_which_a_run_fails_has_a_word() -> None:
    assert set(RUN_STATES) >= FAILED_RUNS


def test_a_list_that_is_narrowed_may_be_read_as_it_stands(client: httpx.Client) -> None:
    shown = client.get("/meters", params={"q": PLANT}, headers=EN).text
    assert f'name="meters" value="{PLANT}"' in shown
    assert 'action="/readings"' not in client.get("/meters", headers=EN).text


def test_a_run_that_fails_is_told(client: httpx.Client, server: FakePrefect) -> None:
    server.run_state = "Crashed"
    asked = client.post("/api/readings", json={"meters": [PLANT]})
    assert asked.status_code == 202
    told = asked.json()
    assert (told["flow_run"], told["run_state"], told["is_over"]) == (RUN, "Crashed", True)
    assert [each["state"] for each in told["meters"]] == ["not_served"]


def test_without_a_server_the_owner_of_the_bus_is_asked(
    client: httpx.Client, city_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    page = client.post("/readings", data={"meters": PLANT}, headers=EN, follow_redirects=True)
    shown = text_of(page)
    assert "the owners of the buses are asked to read" in shown
    assert "Waiting" in shown
    number = str(page.url).rsplit("/", 1)[-1]
    with connect(city_url) as connection:
        buses = [row[0] for row in connection.execute("SELECT DISTINCT bus FROM read_request").fetchall()]
        (request,) = take_requests(connection, buses, taken_by="collector")
        assert request.meter == PLANT
        assert client.get(f"/api/readings/{number}").json()["meters"][0]["state"] == "reading"
        serve_request(connection, request.id, result={"meters": [TOLD]})
    (meter,) = client.get(f"/api/readings/{number}").json()["meters"]
    assert (meter["state"], meter["values"]) == ("read", {"voltage_a": 231.25})


@pytest.mark.parametrize(("is_paused", "status"), [(True, "READY"), (False, "NOT_READY")])
def test_where_nobody_runs_the_flow_the_owner_of_the_bus_is_asked(
    client: httpx.Client, server: FakePrefect, *, is_paused: bool, status: str
) -> None:
    # Prefect's runner leaves its deployments paused when it ends; a worker that dies leaves them not ready.
    server.is_paused, server.status = is_paused, status
    page = client.post("/readings", data={"meters": PLANT}, headers=EN, follow_redirects=True)
    assert server.started == []
    assert "the owners of the buses are asked to read" in text_of(page)
    assert "kilowatch flows serve" in text_of(page)


def test_a_request_that_nobody_takes_says_so(city_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    times = [NOW]
    with browsing(create_app(city_url, clock=lambda: times[0])) as client:
        page = client.post("/readings", data={"meters": PLANT}, headers=EN, follow_redirects=True)
        times[0] = NOW + timedelta(minutes=1)
        shown = text_of(client.get(str(page.url), headers=EN))
    assert "Nobody reads it" in shown
    assert "kilowatch collect" in shown


def test_all_meters_of_an_area_may_be_asked_for(
    client: httpx.Client, city_url: str, server: FakePrefect
) -> None:
    with connect(city_url) as connection:
        row = connection.execute("SELECT area FROM service_point WHERE area IS NOT NULL").fetchone()
    assert row is not None
    area = row[0]
    asked = client.post("/api/readings", json={"area": area})
    assert asked.status_code == 202
    assert f'name="area" value="{area}"' in client.get("/meters", params={"area": area}).text
    (started,) = server.started
    assert sorted(started["parameters"]["meters"]) == [each["meter"] for each in asked.json()["meters"]]


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({}, 422),
        ({"meters": [PLANT], "area": "TQ-1"}, 422),
        ({"meters": ["nobody"]}, 404),
        ({"meters": [PLANT, "nobody"]}, 404),
        ({"area": "nowhere"}, 404),
        ({"meters": [PLANT] * 501}, 422),
    ],
)
def test_a_wish_that_does_not_fit_is_refused(
    wish: dict[str, object], status: int, client: httpx.Client, server: FakePrefect
) -> None:
    assert client.post("/api/readings", json=wish).status_code == status
    assert server.started == []
    assert client.get("/readings/999999").status_code == 404


def test_who_may_only_read_has_no_button_and_is_refused(city_url: str, server: FakePrefect) -> None:
    app = create_app(city_url, clock=lambda: NOW)
    let_in(app, "reader", "token-of-a-reader", Role.VIEWER)
    with browsing(app, "token-of-a-reader") as viewer:
        assert 'action="/readings"' not in viewer.get(f"/meters/{LOW_VOLTAGE}", headers=EN).text
        assert viewer.post("/readings", data={"meters": PLANT}).status_code == 403
    assert server.started == []


def test_what_was_asked_of_another_area_is_told_like_what_is_nowhere(
    city_url: str, client: httpx.Client, server: FakePrefect
) -> None:
    asked = client.post("/api/readings", json={"meters": [PLANT]}).json()
    assert client.get(f"/readings/{asked['id']}").status_code == 200
    started = len(server.started)
    app = create_app(city_url, clock=lambda: NOW)
    let_in(app, "south", "token-south", Role.ENGINEER, frozenset({"TA-02"}))
    with browsing(app, "token-south") as south:
        for path in ("/readings", "/api/readings"):
            assert south.get(f"{path}/{asked['id']}").status_code == 404, path
        assert south.post("/api/readings", json={"meters": [PLANT]}).status_code == 404
        assert south.post("/api/readings", json={"area": "TA-01"}).status_code == 404
    assert len(server.started) == started
