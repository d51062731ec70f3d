"""Power quality as people read it: the worst point first, each verdict with value, limit and clause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from analysis.power_quality.documents import judgement_document
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reference
from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import MeterId, Scope
from storage.database import connect
from storage.quality_judgements import JudgedMonth, save_judged_month
from tests.fix_dashboard import NOW, browsing
from tests.unit.dashboard.pages.test_bills import EN, ZH, text_of

MONTH = date(2026, 10, 1)


def _judged(verdict: Compliance, value: float | None, standard: str = "GB/T 12325") -> Judgement:
    return Judgement(
        check="voltage_deviation",
        subject="a",
        verdict=verdict,
        reference=Reference(
            standard=standard,
            edition="2008",
            clause="4.3",
            effective_from=date(2009, 5, 1),
            source="the text",
            confirmed=False,
        ),
        value=value,
        unit="%",
        limit=7.0,
        low_limit=-10.0,
        evidence=Evidence(n=2880, coverage=0.97, phase="a"),
    )


MONTHS = {
    "SP-002": [_judged(Compliance.COMPLIANT, 3.1)],
    "SP-001": [_judged(Compliance.COMPLIANT, 3.1), _judged(Compliance.VIOLATING, 9.2)],
    # What is only compared makes nobody violate.
    "SP-003": [_judged(Compliance.NOT_DECIDABLE, None), _judged(Compliance.VIOLATING, 9.9, "EN 50160")],
}


@pytest.fixture(scope="module")
def url(city_url: str) -> str:
    with connect(city_url) as connection:
        for number, (point, judgements) in enumerate(MONTHS.items(), start=1):
            documents = [judgement_document(judgement) for judgement in judgements]
            meter = MeterId(f"M-100{number}")
            save_judged_month(
                connection, JudgedMonth(service_point=point, month=MONTH, meter=meter, documents=documents)
            )
    return city_url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOW)) as client:
        yield client


def _json(client: httpx.Client, path: str) -> Any:
    return client.get(path).raise_for_status().json()


def test_the_worst_point_comes_first_by_binding_standards(client: httpx.Client) -> None:
    page = _json(client, "/api/quality")
    assert (page["month"], page["months"]) == ("2026-10", ["2026-10"])
    counts = [
        (p["service_point"], p["violating"], p["not_decidable"], p["compliant"]) for p in page["points"]
    ]
    assert counts == [("SP-001", 1, 0, 1), ("SP-003", 0, 1, 0), ("SP-002", 0, 0, 1)]
    shown = text_of(client.get("/quality", headers=EN))
    assert "3 points were judged" in shown
    assert "电能质量" in text_of(client.get("/quality", headers=ZH))
    assert [p["service_point"] for p in _json(client, "/api/quality?q=SP-002")["points"]] == ["SP-002"]
    assert "No judged point fits" in text_of(client.get("/quality?q=nobody", headers=EN))


def test_one_point_shows_value_limit_clause_and_what_is_known(client: httpx.Client) -> None:
    shown = text_of(client.get("/quality/SP-001", headers=EN))
    for part in ("9.2 %", "-10 … 7", "GB/T 12325-2008 4.3", "to be confirmed", "2,880", "97.0 %"):
        assert part in shown
    assert shown.index("9.2 %") < shown.index("3.1 %")
    assert len(_json(client, "/api/quality/SP-001")["verdicts"]) == 2
    assert "For comparison" in text_of(client.get("/quality/SP-003", headers=EN))


def test_a_month_that_was_not_judged_is_told(client: httpx.Client) -> None:
    answer = client.get("/quality/SP-001?month=2020-01", headers=EN)
    assert answer.status_code == 404
    assert "power_quality" in answer.text


def test_verdicts_are_seen_only_within_the_callers_areas(url: str) -> None:
    app = create_app(url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"nowhere"}))
    with browsing(app) as stranger:
        assert _json(stranger, "/api/quality")["points"] == []
        assert "No month was judged" in text_of(stranger.get("/quality", headers=EN))
        for path in ("/quality/SP-001", "/api/quality/SP-001"):
            assert stranger.get(path).status_code == 404
