from __future__ import annotations

from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from psycopg.types.json import Jsonb

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from storage.database import connect
from tests.fix_dashboard import NOW, PLANT, browsing

PLANT_OWNER = "华光铸造有限公司"
SPAN: dict[str, str | list[str]] = {"since": "2026-10-21T16:00:00Z", "until": "2026-11-20T16:00:00Z"}


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


@pytest.fixture
def stranger(city_url: str) -> Iterator[httpx.Client]:
    """Somebody who may see the second area only."""
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-02"}))
    with browsing(app) as client:
        yield client


def test_a_database_that_is_away_is_told_with_the_next_step() -> None:
    away = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    app = create_app(away)
    app.state.dashboard.pool.timeout = 0.2
    with browsing(app) as client:
        answer = client.get("/api/fleet")
        assert answer.status_code == 503
        assert "KILOWATCH_DATABASE_URL" in answer.json()["next_step"]
        assert client.get("/").status_code == 503


def test_the_fleet_adds_up(client: httpx.Client) -> None:
    fleet = client.get("/api/fleet").json()
    assert fleet["meters"] == 30
    assert sum(line["today"]["due"] for line in fleet["buses"]) == fleet["today"]["due"]
    assert sum(cause["reads"] for cause in fleet["causes"]) == 45
    assert fleet["open_by_severity"] == {"40": 1}


def test_a_load_curve_comes_as_numbers_with_null_for_what_is_missing(client: httpx.Client) -> None:
    found = client.get(f"/api/meters/{PLANT}/load", params=SPAN).json()
    assert set(found) == {"seconds", "actual_kw", "estimated_kw"}
    assert None in found["actual_kw"]
    assert max(v for v in found["actual_kw"] if v is not None) > 300


def test_the_same_curve_comes_packed(client: httpx.Client) -> None:
    plain = client.get(f"/api/meters/{PLANT}/load", params=SPAN).json()
    packed = client.get(f"/api/meters/{PLANT}/load", params=SPAN | {"format": "binary"})
    assert packed.headers["Content-Type"] == "application/octet-stream"
    points = len(packed.content) // 16
    np.testing.assert_array_equal(np.frombuffer(packed.content, "<f8", points), plain["seconds"])


def test_a_thinned_load_curve_ends_with_its_last_slot(client: httpx.Client) -> None:
    whole = client.get(f"/api/meters/{PLANT}/load", params=SPAN).json()
    thinned = client.get(f"/api/meters/{PLANT}/load", params=SPAN | {"points": 200}).json()
    assert len(thinned["seconds"]) <= 202
    assert thinned["seconds"][-1] == whole["seconds"][-1]
    assert thinned["actual_kw"][-1] is None
    assert thinned["estimated_kw"][-1] is None


def test_a_long_series_is_thinned_but_keeps_its_extremes(client: httpx.Client) -> None:
    asked = SPAN | {"quantity": ["voltage_a", "voltage_b"]}
    whole = client.get(f"/api/meters/{PLANT}/series", params=asked).json()
    thinned = client.get(f"/api/meters/{PLANT}/series", params=asked | {"points": 200}).json()
    assert len(thinned["seconds"]) <= 202
    assert min(thinned["voltage_b"]) == min(whole["voltage_b"])
    assert max(thinned["voltage_a"]) == max(whole["voltage_a"])


@pytest.mark.parametrize(
    "asked",
    [
        {"quantity": ["voltage_a", "active_energy_import"]},
        {"quantity": ["status_words"]},
        {"quantity": ["nonsense"]},
        {"quantity": ["voltage_a"], "until": SPAN["since"]},
        {"quantity": ["voltage_a"], "since": "2026-11-01T00:00:00"},
    ],
)
def test_a_series_that_cannot_be_is_refused_with_a_reason(
    client: httpx.Client, asked: dict[str, str | list[str]]
) -> None:
    answer = client.get(f"/api/meters/{PLANT}/series", params=SPAN | asked)
    assert answer.status_code == 422
    assert answer.json()["detail"] or answer.json()["next_step"]


def test_current_values_carry_unit_and_age(client: httpx.Client) -> None:
    value = client.get(f"/api/meters/{PLANT}/values").json()["voltage_a"]
    assert (value["unit"], value["origin"]) == ("V", "present")
    assert value["age_s"] == pytest.approx(24 * 60 + 6)


def test_an_episodes_text_follows_the_language(client: httpx.Client) -> None:
    asked = {"detector": "suspended_load"}
    texts = [
        client.get("/api/episodes", params=asked | {"lang": language}).json()["episodes"][0]["text"]
        for language in ("zh", "en")
    ]
    assert texts[0].startswith("用电户")
    assert texts[1].startswith("Load during")


def test_everything_is_described_in_openapi(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/health", "/api/fleet", "/api/meters", "/api/meters/{meter}/series", "/api/episodes"} <= set(
        paths
    )


def test_no_endpoint_shows_what_lies_outside_the_callers_areas(
    city_url: str, client: httpx.Client, stranger: httpx.Client
) -> None:
    episode = client.get("/api/episodes", params={"detector": "suspended_load"}).json()["episodes"][0]["id"]
    curves = {"voltages": {"unit": "V", "lines": {"voltage_a": [["2026-11-01T00:00:00+00:00", 219.5]]}}}
    with connect(city_url) as connection:
        connection.execute(
            "UPDATE episode SET evidence = evidence || %s WHERE id = %s", (Jsonb(curves), episode)
        )
    wide = SPAN | {"quantity": "voltage_a", "at": NOW.isoformat()}
    for route, methods in client.get("/openapi.json").json()["paths"].items():
        path = route.replace("{meter}", PLANT).replace("{episode}", episode).replace("{name}", "voltages")
        path = path.replace("{customer}", PLANT_OWNER).replace("{deed}", "acknowledge")
        if path != route and "get" not in methods:
            assert stranger.post(path, json={}).status_code == 404, path
        elif path != route:
            known = {parameter["name"] for parameter in methods["get"].get("parameters", ())}
            asked = {name: value for name, value in wide.items() if name in known}
            assert stranger.get(path, params=asked).status_code == 404, path
            # Nobody has worked forecasts out in the city.
            there = 404 if path.startswith("/api/forecast") else 200
            assert client.get(path, params=asked).status_code == there, path
    sheets = [f"/customer-sheets/{kind}/{PLANT_OWNER}" for kind in ("csv", "xlsx", "pdf", "html")]
    reports = [
        f"/quality-report?point={PLANT}",
        "/quality-report?point=SP-001",
        "/api/quality-reports/SP-001",
    ]
    for path in (f"/meters/{PLANT}", f"/episodes/{episode}", f"/customers/{PLANT_OWNER}", *sheets, *reports):
        assert stranger.get(path).status_code == 404, path
    for path in ("/", "/meters", "/episodes", "/api/fleet", "/api/meters", "/api/episodes"):
        assert PLANT not in stranger.get(path).text, path
    for path in ("/customers", "/api/customers", "/customer-list.csv"):
        assert PLANT_OWNER in client.get(path).text, path
        assert PLANT_OWNER not in stranger.get(path).text, path
    assert stranger.get("/api/fleet").json()["meters"] == 14
    assert stranger.get("/api/episodes").json()["total"] == 0
