"""The browser fixture itself: a test of a page fails when the page's scripts do."""

from __future__ import annotations

from playwright.sync_api import Page


def test_the_browser_draws_chinese(page: Page) -> None:
    page.set_content("<p>台区 线损</p>")
    assert page.locator("p").inner_text() == "台区 线损"
