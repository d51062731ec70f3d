"""A real headless Chromium for the tests of the dashboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PAGE_TIMEOUT_MS = 30_000


def chromium_path() -> str:
    """Return where Chromium is installed.

    Raises:
        RuntimeError: If it is not.
    """
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    raise RuntimeError(
        f"no browser: none of {', '.join(CHROMIUM_NAMES)} is on the PATH; apt-get install chromium"
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for a module's tests; longer would leave its event loop in other tests' way."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- only these tests need it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a fresh page, with no cookies of other tests; errors in the page's scripts fail the test."""
    context = browser.new_context(locale="en-GB", timezone_id="Asia/Shanghai")
    context.set_default_timeout(PAGE_TIMEOUT_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []
