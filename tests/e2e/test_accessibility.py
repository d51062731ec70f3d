"""Every page for those who see little, hear it read out, or use no mouse: the rules of axe-core, and ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from services.cases import work_out_cases
from storage.cases import known_cases
from storage.database import connect
from tests.fix_dashboard import NOW, PLANT, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""WCAG 2.2 to level AA, and what axe-core takes for good practice: landmarks, order of headings."""
PHONE_WIDTH = 375


@pytest.fixture(scope="module")
def address(city_url: str) -> Iterator[str]:
    with connect(city_url) as connection:
        work_out_cases(connection, NOW)
    with serving(create_app(city_url, clock=lambda: NOW)) as address:
        yield address


@pytest.fixture(scope="module")
def case(city_url: str, address: str) -> str:
    with connect(city_url) as connection:
        return f"{address}/cases/{known_cases(connection)[0].id}"


def nav_of(page: Page, address: str) -> list[str]:
    """The addresses of every page that the head of the pages leads to."""
    page.goto(f"{address}/")
    links: list[str] = page.evaluate(
        "Array.from(document.querySelectorAll('header nav a'), (link) => link.href)"
    )
    assert len(links) > 4
    return links


def complaints(page: Page) -> list[str]:
    """What axe-core finds on the page: rule, element, and what is wrong."""
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(  # Any: JSON
        "(tags) => axe.run({ runOnly: tags, resultTypes: ['violations'] })", RULES
    )
    return [
        f"{page.url}: {violation['id']} at {node['target']}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_breaks_a_rule(browser: Browser, address: str, case: str, scheme: str, language: str) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", locale="zh-CN" if language == "zh" else "en-GB"
    )
    page = context.new_page()
    links = nav_of(page, address)
    page.goto(f"{address}/episodes")
    inside = [
        f"{address}/meters/{PLANT}?days=1",
        page.locator("[data-row]").first.evaluate("(a) => a.href"),
        case,
    ]
    found = []
    for link in [*links, *inside, f"{address}/none"]:
        page.goto(link)
        found += complaints(page)
    context.clear_cookies()
    page.goto(f"{address}/login")
    found += complaints(page)
    context.close()
    assert not found, "\n".join(found)


def test_no_page_of_the_head_scrolls_sideways_on_a_phone(page: Page, address: str, case: str) -> None:
    page.set_viewport_size({"width": PHONE_WIDTH, "height": 812})
    for link in [*nav_of(page, address), case]:
        page.goto(link)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH, link


def test_the_focus_is_always_seen(page: Page, address: str) -> None:
    page.goto(f"{address}/episodes")
    for _ in range(40):
        page.keyboard.press("Tab")
        outline, tag = page.evaluate(
            "[getComputedStyle(document.activeElement).outlineStyle, document.activeElement.outerHTML]"
        )
        assert outline != "none", tag


def test_nothing_moves_for_those_who_do_not_want_it(browser: Browser, address: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    for link in nav_of(page, address):
        page.goto(link)
        moving = page.evaluate(
            "Array.from(document.querySelectorAll('*')).filter((each) => {"
            " const style = getComputedStyle(each);"
            " const lasts = style.transitionDuration.split(', ').some((s) => s !== '0s');"
            " return style.animationName !== 'none' || lasts;"
            "}).map((each) => each.className)"
        )
        assert moving == [], link
    context.close()


def test_a_chart_tells_in_words_what_it_shows(page: Page, address: str) -> None:
    page.goto(f"{address}/meters/{PLANT}?days=7")
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    summary = page.locator("[data-chart] .summary").first
    expect(summary).to_contain_text("Measured")
    expect(summary).to_contain_text("kW")
    page.get_by_text("Values as a table").first.click()
    table = page.locator("[data-chart] .values-table table").first
    expect(table.locator("caption")).to_contain_text("Load curve")
    assert table.locator("tbody tr").count() > 20
