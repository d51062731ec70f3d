"""Large customers in a real browser: found, ordered, told on one page, taken away as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from analysis.settlement.bill import Bill, BillLine
from analysis.settlement.bill_documents import bill_document
from analysis.settlement.billing_month import BillingMonth
from dashboard.app import create_app
from pipeline.registry import DEFAULT_ZONE
from storage.bills import save_bill
from storage.database import connect
from storage.registry import save_registry
from tests.fix_dashboard import NOW, city, serving
from tests.tester import TESTERS_COOKIES
from tests.unit.reports.customers.test_workbook import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE_WIDTH = 375
PLANT_NAME = "华光铸造有限公司"
POINT = "SP-001"
BEGINS = {"2026-10": datetime(2026, 9, 30, 16, tzinfo=UTC), "2026-11": datetime(2026, 10, 31, 16, tzinfo=UTC)}
ENDS = {"2026-10": datetime(2026, 10, 31, 16, tzinfo=UTC), "2026-11": datetime(2026, 11, 30, 16, tzinfo=UTC)}


def save_plant_bill(url: str, month: str, kwh: str, price: str) -> None:
    """File a bill of the plant, of one line."""
    amount = (Decimal(kwh) * Decimal(price)).quantize(Decimal("0.01"))
    line = BillLine(
        item="energy", period="flat", quantity=Decimal(kwh), unit="kWh", price=Decimal(price), amount=amount
    )
    bill = Bill(
        service_point=POINT,
        month=month,
        starts_at=BEGINS[month],
        ends_at=ENDS[month],
        lines=[line],
        registers=[],
        energy_kwh=Decimal(kwh),
        energy_by_period={"flat": Decimal(kwh)},
    )
    known = BillingMonth(
        service_point=POINT,
        month=month,
        starts_at=BEGINS[month],
        ends_at=ENDS[month],
        zone=DEFAULT_ZONE,
        terms=[],
    )
    with connect(url) as connection:
        save_bill(connection, bill_document(bill, known), made_at=NOW)


@pytest.fixture(scope="module")
def address(city_url: str) -> Iterator[str]:
    """Serve the dashboard; the plant has two bills, and a larger neighbour none."""
    archive = city()
    with connect(city_url) as connection:
        bigger = replace(archive.contracts[0], service_point="SP-009", capacity_kva=1000.0)
        save_registry(connection, replace(archive, contracts=[*archive.contracts, bigger]))
    save_plant_bill(city_url, "2026-10", "52000.00", "0.70")
    save_plant_bill(city_url, "2026-11", "48000.00", "0.75")
    with serving(create_app(city_url, clock=lambda: NOW)) as address:
        yield address


@pytest.fixture
def said(page: Page) -> list[str]:
    """What the browser's console says: warnings and errors."""
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text) if message.type != "log" else None)
    return lines


def _sheet(address: str) -> str:
    return f"{address}/customers/{quote(PLANT_NAME)}?month=2026-11"


def _fetched(address: str) -> bytes:
    return httpx.get(address, cookies=TESTERS_COOKIES, timeout=60).raise_for_status().content


def test_customers_are_searched_and_ordered(page: Page, address: str, said: list[str]) -> None:
    page.goto(f"{address}/customers?month=2026-11&lang=en")
    names = page.locator("td.customer strong")
    # Billed energy first; the neighbour has none.
    assert names.all_inner_texts() == [PLANT_NAME, "SP-009"]
    page.get_by_label("Order").select_option("capacity")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**sort=capacity**")
    assert names.all_inner_texts() == ["SP-009", PLANT_NAME]
    page.get_by_label("Search").fill("铸造")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**q=**")
    assert names.all_inner_texts() == [PLANT_NAME]
    expect(page.locator("table.customers")).to_contain_text("0.7500")
    page.get_by_label("Search").fill("nobody")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No customer fits")).to_be_visible()
    assert said == []


def test_one_page_tells_everything_of_a_customer(page: Page, address: str, said: list[str]) -> None:
    page.goto(f"{address}/customers?month=2026-11&lang=en")
    page.get_by_role("link", name=PLANT_NAME).click()
    page.wait_for_url("**/customers/*month=2026-11*")
    sections = [section.get_attribute("id") for section in page.locator("section.sheet").all()]
    assert sections == [
        "contract",
        "suspensions",
        "load",
        "quality",
        "bill",
        "price",
        "forecast",
        "episodes",
        "documents",
    ]
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    assert int(page.locator("[data-chart]").get_attribute("data-points") or 0) > 1000
    assert page.locator("#load .paper svg").count() == 1
    expect(page.locator("#suspensions")).to_contain_text("suspended but drawing")
    expect(page.locator("#bill")).to_contain_text("36,000.00 yuan")
    # 0.70 to 0.75 yuan/kWh: all of it is the price of the period.
    expect(page.locator("#price")).to_contain_text("0.050000")
    # What is not there says what it wants, never a blank.
    expect(page.locator("#quality")).to_contain_text("kilowatch quality --month 2026-11 --point SP-001")
    expect(page.locator("#forecast")).to_contain_text("kilowatch forecast")
    expect(page.locator("#contract")).to_contain_text("wants [[tariff]] 大工业 10kV")
    page.locator("#episodes").get_by_role("link", name="Load during suspension").click()
    page.wait_for_url("**/episodes/*")
    assert said == []


def test_the_files_hold_the_numbers_of_the_page(address: str) -> None:
    api: dict[str, Any] = json.loads(_fetched(f"{address}/api/customers/{quote(PLANT_NAME)}?month=2026-11"))
    billed = api["sections"]["bill"][0]["facts"]["billed_yuan"]["value"]
    maximum = api["sections"]["load"][0]["facts"]["maximum"]["value"]
    assert billed == 36000.0
    files = f"{address}/customer-sheets/{{}}/{quote(PLANT_NAME)}?month=2026-11&lang=en"
    book = opened(_fetched(files.format("xlsx")))
    assert billed in book["Bill"].values()
    assert any(value == pytest.approx(maximum) for value in book["Load of the month"].values())
    rows = list(csv.DictReader(io.StringIO(_fetched(files.format("csv")).decode())))
    told = {row["name"]: row["value"] for row in rows if row["section"] in {"Bill", "Load of the month"}}
    assert Decimal(told["Maximum (15 minutes)"]) == pytest.approx(Decimal(str(maximum)))
    assert [row["value"] for row in rows if row["name"] == "Amount" and not row["row"]] == ["36000.00"]
    assert _fetched(files.format("pdf")).startswith(b"%PDF-")
    assert "36,000.00" in _fetched(files.format("html")).decode()
    (cells,) = opened(_fetched(f"{address}/customer-list.xlsx?month=2026-11&lang=en")).values()
    assert (cells[1, 0], cells[1, 4], cells[1, 5], cells[1, 6]) == (PLANT_NAME, 48000.0, 36000.0, 0.75)


def test_the_page_is_chinese_where_it_is_wished(page: Page, address: str) -> None:
    page.goto(f"{_sheet(address)}&lang=zh")
    assert page.get_by_role("heading", name="暂停与减容").is_visible()
    expect(page.locator("#suspensions")).to_contain_text("暂停期间用电")


def test_a_customer_who_is_not_there_is_told(page: Page, address: str) -> None:
    page.goto(f"{address}/customers/nobody?lang=en")
    assert page.get_by_text("No such customer in the archive").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": PHONE_WIDTH, "height": 812},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="zh-CN",
    )
    page = context.new_page()
    for path in (f"{address}/customers?month=2026-11", _sheet(address)):
        page.goto(path)
        expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH, path
    context.close()
