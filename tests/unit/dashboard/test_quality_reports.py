"""Reports of power quality as answers: in every form, in both languages, and not too many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from dashboard import quality_reports
from dashboard.app import create_app
from pipeline.errors import MissingPartError
from tests.fix_dashboard import NOW, PLANT, browsing

MONTH = "2026-11"


@pytest.fixture(scope="module")
def app(city_url: str) -> FastAPI:
    return create_app(city_url, clock=lambda: NOW)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[httpx.Client]:
    with browsing(app) as client:
        yield client


def test_the_report_opens_as_a_page_in_both_languages(client: httpx.Client) -> None:
    for language, title, tag in (
        ("zh", "电能质量月度报告", "zh-CN"),
        ("en", "Monthly power-quality report", "en"),
    ):
        shown = client.get(f"/quality-report?point=SP-001&month={MONTH}&lang={language}")
        assert shown.status_code == 200
        assert shown.headers["content-type"] == "text/html; charset=utf-8"
        assert shown.headers["content-disposition"].startswith("inline; filename*=UTF-8''SP-001-2026-11.html")
        assert f'<html lang="{tag}">' in shown.text
        assert title in shown.text
        assert "SP-001 / 2026-11" in shown.text


def test_the_browser_takes_in_its_style_and_nothing_else(client: httpx.Client) -> None:
    policy = client.get(f"/quality-report?point=SP-001&month={MONTH}").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_a_meter_stands_for_its_point_and_last_month_for_none(client: httpx.Client) -> None:
    found = client.get(f"/api/quality-reports/{PLANT}").json()
    assert (found["service_point"], found["month"]) == ("SP-001", "2026-10")
    assert found["verdicts"]


def test_figures_come_as_json_and_csv(client: httpx.Client) -> None:
    figures = client.get(f"/api/quality-reports/SP-002?month={MONTH}")
    assert figures.headers["content-type"] == "application/json"
    table = client.get(f"/api/quality-reports/SP-002?month={MONTH}&format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"].startswith("attachment")
    assert len(table.text.splitlines()) == 1 + len(figures.json()["verdicts"])


def test_on_paper_it_is_a_pdf(client: httpx.Client) -> None:
    paper = client.get(f"/quality-report?point=SP-003&month={MONTH}&as=pdf", timeout=120)
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")


def test_without_the_parts_for_pdf_it_says_how_to_get_them(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(_html: str) -> None:
        raise MissingPartError("no PDF without WeasyPrint: pip install 'kilowatch[reports]'")

    monkeypatch.setattr(quality_reports, "pdf_of", lacking)
    answer = client.get(f"/quality-report?point=SP-003&month={MONTH}&as=pdf")
    assert answer.status_code == 501
    assert "kilowatch[reports]" in answer.text


def test_what_is_not_there_is_told_with_the_next_step(client: httpx.Client) -> None:
    assert client.get("/quality-report?point=SP-999&lang=en").status_code == 404
    assert "no such service point or meter" in client.get("/quality-report?point=SP-999&lang=en").text
    assert client.get("/quality-report?point=SP-001&month=2026-13").status_code == 422
    assert client.get("/quality-report").status_code == 422


def test_a_report_whose_turn_does_not_come_is_refused_in_bounded_time(
    app: FastAPI, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality_reports, "LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(app.state, "exports", asyncio.Semaphore(0))
    answer = client.get(f"/quality-report?point=SP-001&month={MONTH}&lang=en")
    assert answer.status_code == 503
    assert "Ask again in a minute" in answer.text


def test_the_pages_lead_to_it(client: httpx.Client) -> None:
    assert 'action="/quality-report"' in client.get("/quality?lang=en").text
    assert f"/quality-report?point={PLANT}" in client.get(f"/meters/{PLANT}").text
