"""The values of a chart as a table on the day whose last hour of summer time comes twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from dashboard.curves import Curves, pack
from storage.database import connect
from tests.fix_dashboard import NOW, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

BERLIN = "M-2001"
SLOTS = 100
"""Quarters of an hour of a day of 25 hours."""


@pytest.fixture(scope="module")
def address(city_url: str) -> Iterator[str]:
    with connect(city_url) as connection:
        connection.execute("INSERT INTO area (id, name, zone) VALUES ('berlin', 'B', 'Europe/Berlin')")
        connection.execute("UPDATE service_point SET area = 'berlin' WHERE id = 'SP-009'")
    with serving(create_app(city_url, clock=lambda: NOW)) as address:
        yield address


def test_a_day_of_25_hours_has_rows_of_whole_slots_and_names_each_once(page: Page, address: str) -> None:
    # 2026-10-25 begins in Berlin at 2026-10-24T22:00Z and ends at 2026-10-25T23:00Z.
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()
    values = np.arange(SLOTS, dtype=np.float64)
    load = Curves(
        seconds=begin + 900.0 * values, columns={"measured": values, "estimated": np.full(SLOTS, np.nan)}
    )
    page.route(re.compile(r"/load\?"), lambda route: route.fulfill(body=pack(load)))
    page.goto(f"{address}/meters/{BERLIN}?days=1&last=2026-10-25&lang=en")
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    page.get_by_text("Values as a table").first.click()
    rows = page.locator("[data-chart] .values-table table").first.locator("tbody tr")
    expect(rows).to_have_count(50)
    times = rows.locator("th").all_inner_texts()
    assert [time[-11:] for time in times[4:8]] == ["02:00 GMT+2", "02:30 GMT+2", "02:00 GMT+1", "02:30 GMT+1"]
    assert [time[-5:] for time in times if "GMT" not in time][:4] == ["00:00", "00:30", "01:00", "01:30"]
    assert len(set(times)) == 50
    assert rows.nth(1).locator("td").first.inner_text() == "2.00 – 3.00"
