"""A bill opened on screen and traced to one register pair, in a real browser, and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from tests.fix_dashboard import serving
from tests.settled_plants import NOON, POINT, make_bills

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE_WIDTH = 375


@pytest.fixture(scope="module")
def address(bills_url: str) -> Iterator[str]:
    make_bills(bills_url)
    with serving(create_app(bills_url, clock=lambda: NOON)) as address:
        yield address


def test_one_walks_from_the_list_to_the_register_pair_of_a_line(page: Page, address: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/bills?month=2026-03")
    page.get_by_role("link", name="Works").click()
    expect(page).to_have_url(f"{address}/bills/{POINT}/2026-03")
    line = page.locator("#line-1")
    expect(line).to_contain_text("Energy")
    line.get_by_role("link", name="1", exact=True).click()
    pair = page.locator("tr:target")
    expect(pair).to_contain_text("1,000.00")
    expect(pair).to_contain_text("1,297.80")
    expect(pair).to_contain_text("settlement freeze")
    line.get_by_role("link", name="intervals").click()
    expect(page.locator("#days rect")).to_have_count(31 * 3)
    pair = page.locator("#register-1")
    pair.get_by_role("link", name="M", exact=True).click()
    expect(page).to_have_url(f"{address}/meters/M?days=30&last=2026-03-31")
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_phone_never_scrolls_sideways(browser: Browser, address: str, scheme: str, language: str) -> None:
    context = browser.new_context(
        viewport={"width": PHONE_WIDTH, "height": 700},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    try:
        page = context.new_page()
        for path in ("/bills", f"/bills/{POINT}/2026-03", f"/bills/{POINT}/2026-02"):
            page.goto(f"{address}{path}?lang={language}")
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH, path
    finally:
        context.close()
