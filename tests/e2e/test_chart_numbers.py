"""Numbers of a chart stand as they do in tables: grouped, and with the reader's separators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from dashboard.curves import Curves, pack
from tests.fix_dashboard import NOW, PLANT, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def address(city_url: str) -> Iterator[str]:
    with serving(create_app(city_url, clock=lambda: NOW)) as address:
        yield address


@pytest.mark.parametrize("language", ["en", "zh"])
def test_thousands_are_grouped(page: Page, address: str, language: str) -> None:
    load = Curves(
        seconds=NOW.timestamp() - 900.0 * np.arange(8.0, 0.0, -1.0),
        columns={"measured": np.linspace(12_345.625, 13_000.0, 8), "estimated": np.full(8, np.nan)},
    )
    page.route(re.compile(r"/load\?"), lambda route: route.fulfill(body=pack(load)))
    page.goto(f"{address}/meters/{PLANT}?days=1&lang={language}")
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    expect(page.locator("[data-chart] .summary").first).to_contain_text(
        re.compile(r"12,345\.63 kW .* 13,000\.00 kW")
    )
    page.locator("[data-chart] .values-table summary").first.click()
    table = page.locator("[data-chart] .values-table table").first
    expect(table).to_contain_text("12,345.63 – ")
    plot = page.locator("[data-chart] .u-over").first
    plot.hover(position={"x": 400, "y": 60})
    expect(page.locator("[data-chart] .u-legend").first).to_contain_text(re.compile(r"1[23],\d{3}\.\d\d kW"))
