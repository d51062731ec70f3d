"""Cases over HTTP: ranked, explained, narrowed to the caller's areas, and fed back on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from services.cases import work_out_cases
from storage.database import connect
from tests.fix_dashboard import NOW, PLANT, browsing


@pytest.fixture
def url(city_url: str) -> str:
    """The city with its cases worked out."""
    with connect(city_url) as connection:
        connection.execute("DELETE FROM episode_feedback")
        work_out_cases(connection, NOW)
    return city_url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOW)) as client:
        yield client


def test_cases_come_by_what_a_visit_brings_and_explain_themselves(client: httpx.Client) -> None:
    page = client.get("/api/cases").json()
    cases = page["cases"]
    assert page["total"] == len(cases) > 1
    brings = [case["priority_kwh"] for case in cases]
    assert brings == sorted(brings, reverse=True)
    (plant,) = [case for case in cases if case["meters"] == [PLANT]]
    assert plant["place"] == "华光铸造有限公司"
    assert plant["priority_kwh"] == pytest.approx(
        plant["probability"] * plant["energy_kwh"] / plant["visits"]
    )
    assert all(hit["text"] and hit["on_site"] and hit["clears"] for hit in plant["hits"])
    assert client.get(f"/api/cases/{plant['id']}").json() == plant


def test_the_list_is_narrowed_and_paged(client: httpx.Client) -> None:
    every = client.get("/api/cases").json()["cases"]
    standing = every[0]["standing"]
    own = client.get("/api/cases", params={"standing": standing}).json()
    assert {case["standing"] for case in own["cases"]} == {standing}
    second = client.get("/api/cases", params={"limit": 1, "offset": 1}).json()
    assert [case["id"] for case in second["cases"]] == [every[1]["id"]]
    assert second["total"] == len(every)
    assert client.get("/api/cases", params={"standing": "nonsense"}).status_code == 422


def test_a_case_that_is_not_there_is_told_so(client: httpx.Client) -> None:
    answer = client.get("/api/cases/nobody")
    assert answer.status_code == 404
    assert "No such case" in answer.json()["next_step"]


def test_feedback_is_filed_told_and_counts(client: httpx.Client, url: str) -> None:
    case = client.get("/api/cases").json()["cases"][0]
    address = f"/api/cases/{case['id']}/feedback"
    given = {
        "outcome": "confirmed",
        "episodes": case["episodes"],
        "cause": "bypass",
        "recovered_kwh": 80.5,
        "name": "Wang",
    }
    answer = client.post(address, json=given)
    assert answer.status_code == 201
    assert {row["episode"] for row in answer.json()} == set(case["episodes"])
    assert {(row["cause"], row["recovered_kwh"]) for row in answer.json()} == {("bypass", 80.5)}
    assert answer.json()[0]["given_by"].startswith("Wang (")
    assert client.get(address).json() == answer.json()
    with connect(url) as connection:
        work_out_cases(connection, NOW)
    assert client.get(f"/api/cases/{case['id']}").json()["standing"] == "confirmed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"episodes": []},
        {"episodes": ["another"]},
        {"outcome": "perhaps"},
        {"recovered_kwh": -1.0},
        {"cause": "x" * 501},
    ],
)
def test_wrong_feedback_is_refused_and_nothing_filed(client: httpx.Client, wrong: dict[str, object]) -> None:
    case = client.get("/api/cases").json()["cases"][0]
    address = f"/api/cases/{case['id']}/feedback"
    given = {"outcome": "confirmed", "episodes": case["episodes"], **wrong}
    assert client.post(address, json=given).status_code == 422
    assert client.get(address).json() == []


def test_nobody_from_elsewhere_files(client: httpx.Client) -> None:
    case = client.get("/api/cases").json()["cases"][0]
    address = f"/api/cases/{case['id']}/feedback"
    given = {"outcome": "confirmed", "episodes": case["episodes"]}
    answer = client.post(address, json=given, headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert client.get(address).json() == []


def test_cases_outside_the_callers_areas_do_not_exist(client: httpx.Client, url: str) -> None:
    every = client.get("/api/cases").json()["cases"]
    (plant,) = [case for case in every if case["meters"] == [PLANT]]
    for area, seen in (("TA-01", every), ("TA-02", [])):
        app = create_app(url, clock=lambda: NOW)
        app.dependency_overrides[scope_of_request] = partial(_only, area)
        with browsing(app) as narrow:
            assert narrow.get("/api/cases").json() == {"total": len(seen), "cases": seen}
            status = 200 if seen else 404
            for address in (f"/api/cases/{plant['id']}", f"/api/cases/{plant['id']}/feedback"):
                assert narrow.get(address).status_code == status
            assert narrow.get(f"/cases/{plant['id']}").status_code == status
            given = {"outcome": "confirmed", "episodes": plant["episodes"]}
            answer = narrow.post(f"/api/cases/{plant['id']}/feedback", json=given)
            assert answer.status_code == (201 if seen else 404)


def _only(area: str) -> Scope:
    return Scope(areas=frozenset({area}))
