"""A real headless Chromium for the tests of the dashboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest

from dashboard.cookies import SESSION
from tests.tester import TESTERS_TOKEN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, StorageStateCookie

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
        # Cookies know no ports: each page of a test is logged in wherever tests.fix_dashboard serves.
        browser.new_context = partial(  # type: ignore[method-assign]  # the same with another default
            browser.new_context, storage_state={"cookies": [_cookie()], "origins": []}
        )
        yield browser
        browser.close()


def _cookie() -> StorageStateCookie:
    return {
        "name": SESSION,
        "value": TESTERS_TOKEN,
        "domain": "127.0.0.1",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }


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
