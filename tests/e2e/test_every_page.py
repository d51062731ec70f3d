"""Every kind of page with something on it: the rules of axe-core, a phone's width, and a picture of it.

``KILOWATCH_PAGE_PICTURES`` names the folder that receives the pictures, one of each page and language.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

from dashboard.app import create_app
from services.audit import Audit
from storage.database import connect
from tests.e2e.test_accessibility import PHONE_WIDTH, complaints
from tests.every_page import fill_every_page, page_paths
from tests.fix_dashboard import NOW, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ASKED = "KILOWATCH_PAGE_PICTURES"
WIDTH = 1280
LOGIN = "/login"
"""Leads on whoever is logged in."""


@pytest.fixture(scope="module")
def addresses(city_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Where each kind of page is, by the path that the application declares."""
    with pytest.MonkeyPatch.context() as patch:
        # Control is switched on, and the record of orders is the tests' own.
        audit = tmp_path_factory.mktemp("orders") / "audit.jsonl"
        patch.setenv("KILOWATCH_AUDIT_FILE", str(audit))
        patch.setenv("KILOWATCH_ALLOW_WRITES", "relay")
        with connect(city_url) as connection:
            paths = fill_every_page(connection, city_url, Audit(audit))
        with serving(create_app(city_url, clock=lambda: NOW)) as address:
            yield {path: f"{address}{filled}" for path, filled in paths.items()}


def test_the_pages_are_all_there() -> None:
    assert len(page_paths()) > 40


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", page_paths())
def test_a_page_keeps_the_rules_and_fits_a_phone(
    browser: Browser, addresses: Mapping[str, str], tmp_path: Path, path: str, language: str
) -> None:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": 800},
        color_scheme="light" if language == "en" else "dark",
        locale={"en": "en-GB", "zh": "zh-CN"}[language],
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    if path == LOGIN:
        context.clear_cookies()
    page = context.new_page()
    answer = page.goto(addresses[path])
    assert answer is not None
    assert answer.status == 200
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    file = Path(os.environ.get(ASKED) or tmp_path) / language / f"{_file_name(path)}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, full_page=True)
    found = complaints(page)
    page.set_viewport_size({"width": PHONE_WIDTH, "height": 812})
    with suppress(PlaywrightTimeoutError):
        # Charts are drawn anew once they have seen that the page is narrower.
        page.wait_for_function("wanted => document.documentElement.scrollWidth === wanted", arg=PHONE_WIDTH)
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert not found, "\n".join(found)
    assert width == PHONE_WIDTH


def _file_name(path: str) -> str:
    """Return how the picture of a page is called: ``meters-meter-slot``; the overview is ``fleet``."""
    return "-".join(re.findall(r"\w+", re.sub(r":\w+", "", path))) or "fleet"
