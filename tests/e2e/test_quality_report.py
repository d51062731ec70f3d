"""The monthly report in a real browser: on the screen, on a phone, and printed on A4."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from analysis.power_quality.catalogue import judge_month
from reports.power_quality.page import LANGUAGES
from reports.power_quality.subject import parts_of_checks
from reports.power_quality.write import write_report
from tests.fix_quality_month import quality_month, quality_report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the month as the checks judge it."""
    judged = replace(quality_report(), judgements=judge_month(quality_month()), parts=parts_of_checks())
    return write_report(judged, tmp_path_factory.mktemp("report"), pdf=False).folder


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_parts_and_charts_are_shown_and_nothing_is_fetched(
    page: Page, folder: Path, language: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / f"report.{language}.html").as_uri())
    assert len(asked) == 1
    assert page.locator("main section").count() == 14
    assert all(page.locator("main section h2").nth(n).is_visible() for n in range(14))
    heights = [box["height"] for svg in page.locator("svg").all() if (box := svg.bounding_box())]
    assert len(heights) >= 8
    assert min(heights) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_table_reaches_beyond_the_paper(page: Page, folder: Path, language: str) -> None:
    page.goto((folder / f"report.{language}.html").as_uri())
    page.emulate_media(media="print")
    # The text width of an A4 page, 180 mm at 96 px an inch.
    page.set_viewport_size({"width": 680, "height": 1000})
    beyond = page.evaluate(
        "[...document.querySelectorAll('table, svg, dl')]"
        ".filter(e => e.getBoundingClientRect().right > 681).map(e => e.textContent.slice(0, 60))"
    )
    assert beyond == []


def test_it_prints_on_a4_with_its_pages_numbered(page: Page, folder: Path) -> None:
    page.goto((folder / "report.zh.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert 8 <= len(boxes) <= 20
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(595, 842)}
