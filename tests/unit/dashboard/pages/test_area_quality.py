"""An area's power quality as people read and keep it, and as programs fetch it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from analysis.power_quality.documents import judgement_document
from analysis.power_quality.judgement import Compliance
from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import MeterId, Scope
from storage.database import connect
from storage.quality_judgements import JudgedMonth, save_judged_month
from tests.fix_dashboard import NOW, browsing
from tests.unit.analysis.power_quality.test_area_voltage import rate
from tests.unit.dashboard.pages.test_bills import EN, ZH, text_of


@pytest.fixture(scope="module")
def url(city_url: str) -> str:
    months = {
        ("SP-001", "M-1001", date(2026, 10, 1)): rate("A", 40000, 0, 4000, Compliance.VIOLATING),
        ("SP-002", "M-1002", date(2026, 10, 1)): rate("A", 40000, 0, 0, point_class=None),
        ("SP-002", "M-1002", date(2026, 9, 1)): rate("A", 40000, 0, 400),
    }
    with connect(city_url) as connection:
        for (point, meter, month), judgement in months.items():
            documents = [judgement_document(judgement)]
            save_judged_month(
                connection,
                JudgedMonth(service_point=point, month=month, meter=MeterId(meter), documents=documents),
            )
    return city_url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOW)) as client:
        yield client


def test_the_area_leads_to_its_newest_month_with_the_worst_point_first(client: httpx.Client) -> None:
    assert "/quality-areas/TA-01" in client.get("/areas/TA-01").text
    assert "/quality-areas/TA-02" not in client.get("/areas/TA-02").text  # nothing of it was judged
    shown = client.get("/quality-areas/TA-01", headers=EN)
    assert shown.text.index("SP-001") < shown.text.index("SP-002")
    words = text_of(shown)
    assert "2026-10" in words
    assert "1 of" not in words[:100]
    for each in (
        "2 of 16 service points judged",
        "class D",
        "90.000 %",
        "class not filed",
        "100.000 %",
        "violating",
        "Not judged",
    ):
        assert each in words
    assert "台区" in text_of(client.get("/quality-areas/TA-01", headers=ZH))
    assert "99.000 %" in text_of(client.get("/quality-areas/TA-01?month=2026-09", headers=EN))


def test_the_report_comes_as_page_paper_table_and_figures(client: httpx.Client) -> None:
    for language, title in (("zh", "台区电能质量月度报告"), ("en", "Monthly quality report of an area")):
        assert title in client.get(f"/area-quality-reports/TA-01?lang={language}").text
    paper = client.get("/area-quality-reports/TA-01?as=pdf", timeout=120)
    assert paper.content.startswith(b"%PDF-")
    table = client.get("/area-quality-reports/TA-01?as=csv")
    assert table.headers["content-disposition"] == "attachment; filename*=UTF-8''TA-01-2026-10.csv"
    assert len(table.text.splitlines()) == 3
    figures = client.get("/api/area-quality-reports/TA-01?month=2026-09").json()
    assert (figures["month"], figures["whole"]["percent"]) == ("2026-09", pytest.approx(99.0))


@pytest.mark.parametrize(
    "address",
    [
        *("/quality-areas/TA-02", "/quality-areas/TA-01?month=2020-01", "/quality-areas/none"),
        *("/area-quality-reports/none?as=csv", "/api/area-quality-reports/TA-02"),
    ],
)
def test_what_was_not_judged_is_not_there(client: httpx.Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_another_area_is_not_shown(url: str) -> None:
    app = create_app(url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-02"}))
    with browsing(app) as client:
        assert client.get("/quality-areas/TA-01").status_code == 404
        assert client.get("/area-quality-reports/TA-01").status_code == 404
