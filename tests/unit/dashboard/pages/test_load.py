"""Load as people read it: a month's list with coverage beside each figure, one subject's day and advice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from services.load_months import keep_load_months
from services.settings import Settings
from tests.fix_dashboard import NOW, browsing
from tests.unit.dashboard.pages.test_bills import EN, ZH, text_of

MONTH = date(2026, 11, 1)
PLANT = "SP-001"


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    keep_load_months(settings=Settings(database_url=SecretStr(city_url)), now=NOW)
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def _json(client: httpx.Client, path: str) -> Any:
    return client.get(path).raise_for_status().json()


def test_the_list_tells_the_figures_with_what_is_known_of_each(client: httpx.Client) -> None:
    shown = text_of(client.get("/load", headers=EN))
    assert "30 found" in shown
    (plant,) = (s for s in _json(client, "/api/load")["subjects"] if s["subject"] == PLANT)
    assert f"{plant['max_kw']:,.1f} kW" in shown
    assert f"{plant['energy_kwh']:,.0f} kWh" in shown
    assert 0.0 < plant["coverage"] <= 1.0
    assert "负荷率" in text_of(client.get("/load", headers=ZH))


@pytest.mark.parametrize(
    ("sort", "field", "falls"),
    [("maximum", "max_kw", True), ("energy", "energy_kwh", True), ("coverage", "coverage", False)],
)
def test_the_list_is_sorted_by_what_the_address_says(
    client: httpx.Client, sort: str, field: str, *, falls: bool
) -> None:
    found = [s[field] for s in _json(client, f"/api/load?sort={sort}")["subjects"] if s[field] is not None]
    assert found == sorted(found, reverse=falls)
    assert f'aria-sort="{"descending" if falls else "ascending"}"' in client.get(f"/load?sort={sort}").text


def test_the_list_is_narrowed_by_kind_and_search(client: httpx.Client) -> None:
    assert _json(client, "/api/load?kind=meter")["total"] == 30
    assert _json(client, "/api/load?q=华光")["total"] == 1
    assert "Nothing is like that" in text_of(client.get("/load?q=nobody", headers=EN))
    assert client.get("/load?kind=planet").status_code == 422


def test_one_subject_shows_its_day_of_96_points_and_says_what_it_wants(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/load/service_point/{PLANT}", headers=EN))
    document = _json(client, f"/api/load/service_point/{PLANT}?month=2026-11")
    assert f"{document['demand']['block']['kw']:,.1f} kW" in shown
    assert "Load shape" in shown
    raw = client.get(f"/api/load-curves/service_point/{PLANT}?month=2026-11").content
    # 96 blocks and the end of the last one: times of 8 bytes, two columns of 4.
    points = len(raw) // 16
    assert (points, len(raw) % 16) == (97, 0)
    peak = np.frombuffer(raw, "<f4", points, 8 * points)
    assert float(np.nanmax(peak)) == pytest.approx(document["curve"]["maximum"]["kw"], rel=1e-6)
    assert len(document["curve"]["mean_curve_kw"]) == 96


@pytest.mark.parametrize("path", ["/load/service_point/nobody", f"/load/service_point/{PLANT}?month=2020-01"])
def test_what_is_not_there_is_told_with_the_next_step(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=EN)
    assert answer.status_code == 404
    assert "load_statistics" in answer.text


def test_months_are_seen_only_within_the_callers_areas(city_url: str, client: httpx.Client) -> None:
    del client  # it has filled the months
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"nowhere"}))
    with browsing(app) as stranger:
        assert _json(stranger, "/api/load")["total"] == 0
        assert stranger.get(f"/api/load/service_point/{PLANT}").status_code == 404
        assert stranger.get(f"/api/load-curves/service_point/{PLANT}").status_code == 404
        assert not re.search(PLANT, stranger.get("/load").text)
