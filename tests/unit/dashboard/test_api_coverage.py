from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from tests.fix_dashboard import NOW, browsing

SPAN = {"since": "2026-11-18T16:00:00Z", "until": "2026-11-20T16:00:00Z"}
STATUSES = ("got", "late", "backfilled", "not_stored", "missing")


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


@pytest.mark.parametrize("by", ["meter", "bus", "area", "day", "profile", "group"])
def test_every_way_of_counting_counts_the_same_reads(client: httpx.Client, by: str) -> None:
    shares = client.get("/api/coverage", params={**SPAN, "by": by}).json()
    whole = client.get("/api/coverage", params={**SPAN, "by": "group"}).json()
    assert len(shares) >= 2 or by == "profile"
    assert sum(s["expected"] for s in shares) == sum(s["expected"] for s in whole) > 0
    for share in shares:
        assert sum(share[status] for status in STATUSES) == share["expected"]
        there = share["got"] + share["late"] + share["backfilled"]
        assert share["share"] == pytest.approx(there / share["expected"])


def test_the_worklist_names_a_cause_for_each_missing_read(client: httpx.Client) -> None:
    missing = client.get("/api/missing", params={**SPAN, "limit": 50}).json()
    assert missing
    assert all(entry["cause"] and entry["status"] in {"missing", "not stored"} for entry in missing)
    meter = missing[0]["meter"]
    of_one = client.get("/api/missing", params={**SPAN, "meter": meter}).json()
    assert {entry["meter"] for entry in of_one} == {meter}


def test_who_may_see_one_area_sees_no_other(client: httpx.Client, stranger: httpx.Client) -> None:
    areas = stranger.get("/api/coverage", params={**SPAN, "by": "area"}).json()
    assert [share["key"] for share in areas] == ["TA-02"]
    assert len(client.get("/api/coverage", params={**SPAN, "by": "area"}).json()) > 1
    seen = {entry["meter"] for entry in stranger.get("/api/missing", params=SPAN).json()}
    own = {s["key"] for s in stranger.get("/api/coverage", params={**SPAN, "by": "meter"}).json()}
    assert seen <= own


def test_a_stretch_that_runs_backwards_is_refused(client: httpx.Client) -> None:
    answer = client.get("/api/coverage", params={"since": SPAN["until"], "until": SPAN["since"]})
    assert answer.status_code == 422
    assert "until must be after since" in answer.text
