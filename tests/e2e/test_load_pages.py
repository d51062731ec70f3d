"""Load, forecasts and line loss in a real browser: sorted, opened by clicks, charts drawn, on a phone too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect
from pydantic import SecretStr

from dashboard.app import create_app
from pipeline.timegrid import from_numpy
from services.evaluate_area_draws import draw_area
from services.evaluate_curves import read_homes
from services.forecast import Wish, forecast_stored
from services.line_loss import loss_recent
from services.load_months import keep_load_months
from services.settings import Settings
from tests.fix_dashboard import NOW, PLANT, serving
from tests.integration.test_line_loss import QUARTER, _stored
from tests.loss_files import SLICES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE_WIDTH = 375


@pytest.fixture(scope="module")
def address(city_url: str) -> Iterator[str]:
    """Serve the city with its month of load and this day's forecasts."""
    settings = Settings(database_url=SecretStr(city_url))
    keep_load_months(settings=settings, now=NOW)
    list(forecast_stored(Wish(slots=192), settings, NOW))
    with serving(create_app(city_url, clock=lambda: NOW)) as address:
        yield address


@pytest.fixture
def said(page: Page) -> list[str]:
    """What the browser's console says: warnings and errors."""
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text) if message.type != "log" else None)
    return lines


@pytest.fixture(scope="module")
def lossy(plain_server_url: str, _plain_template: str) -> Iterator[str]:
    """Serve an area of homes of which one steals."""
    from tests.fix_database import _database  # noqa: PLC0415 - as the fixture of the city does

    drawn = draw_area(read_homes(SLICES), np.random.default_rng(3), "h1", look_alike=True)
    ends = from_numpy(drawn.window.starts_at[-1]) + QUARTER
    with _database(plain_server_url, _plain_template) as url:
        _stored(url, drawn)
        loss_recent(25, Settings(database_url=SecretStr(url)), ends)
        with serving(create_app(url, clock=lambda: ends + timedelta(hours=6))) as address:
            yield address


def test_load_is_sorted_by_its_heads_and_leads_to_a_day_and_its_shape(
    page: Page, address: str, said: list[str]
) -> None:
    page.goto(f"{address}/load?lang=en")
    page.get_by_role("link", name="Load factor").click()
    page.wait_for_url("**sort=load_factor**")
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Load factor")
    page.goto(f"{address}/load?q=华光&lang=en")
    page.locator("td.customer a").click()
    page.wait_for_url("**/load/service_point/**")
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    # Two lines of 96 points; the last closes the day.
    assert int(page.locator("[data-chart]").get_attribute("data-points") or 0) == 192
    expect(page.get_by_role("heading", name="Load shape")).to_be_visible()
    assert said == []


def test_a_forecast_draws_its_band_beside_what_came(page: Page, address: str, said: list[str]) -> None:
    page.goto(f"{address}/forecasts?q={PLANT}&lang=en")
    page.locator("td.customer a").click()
    page.wait_for_url("**/forecasts/**")
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    # Three quantiles of two days, and what came of the first until now.
    assert int(page.locator("[data-chart]").get_attribute("data-points") or 0) > 3 * 192
    assert said == []


@pytest.mark.parametrize(("scheme", "alpha"), [("light", 0x2E), ("dark", 0x3B)])
def test_the_band_of_a_forecast_is_filled_and_told_in_words(
    browser: Browser, address: str, scheme: str, alpha: int
) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(f"{address}/forecasts/{PLANT}?lang=en")
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    # Pixels of the area's own colour; grid, lines and the fill below what came have others.
    filled, all_pixels = page.evaluate(
        "(alpha) => { const canvas = document.querySelector('[data-chart] canvas');"
        " const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        " let found = 0;"
        " for (let i = 3; i < bytes.length; i += 4) if (Math.abs(bytes[i] - alpha) <= 1) found += 1;"
        " return [found, bytes.length / 4]; }",
        alpha,
    )
    assert filled > 0.01 * all_pixels
    expect(page.locator("figure.chart p.sub")).to_have_text("P10 to P90: eight of ten are between")
    expect(page.locator("figure.chart .summary")).to_contain_text(
        "P10 to P90: eight of ten are between: at the widest"
    )
    context.close()


def test_an_area_that_loses_more_leads_to_whom_to_look_at(page: Page, lossy: str, said: list[str]) -> None:
    page.goto(f"{lossy}/losses?lang=en")
    page.locator("td.customer a").first.click()
    page.wait_for_url("**/losses/T**")
    expect(page.get_by_role("heading", name="Whom to look at")).to_be_visible()
    expect(page.locator("ul.reasons").first).to_be_visible()
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    assert int(page.locator("[data-chart]").get_attribute("data-points") or 0) > 20
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_a_phone_in_both_schemes(
    browser: Browser, address: str, lossy: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": PHONE_WIDTH, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="zh-CN",
    )
    page = context.new_page()
    for path in (
        *(f"{address}{path}" for path in ("/load", "/load/service_point/SP-001", "/forecasts")),
        *(f"{address}/forecasts/{PLANT}", f"{lossy}/losses", f"{lossy}/losses/T"),
    ):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH, path
    context.close()
