"""The list of bills and one bill, as people read them in both languages, and each quantity's trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from dashboard.pages.bills import day_chart
from pipeline.model import Scope
from reports.bill.page import Wording
from tests.fix_dashboard import browsing
from tests.settled_plants import NOON, PLANT, POINT, make_bills

EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}
BILL = f"/bills/{POINT}/2026-03"


@pytest.fixture(scope="module")
def url(bills_url: str) -> str:
    """A plant whose bill of March was made of an estimate, and again of the freeze that came late."""
    make_bills(bills_url)
    return bills_url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOON)) as client:
        yield client


def text_of(answer: httpx.Response) -> str:
    """What a reader sees, without tags."""
    assert answer.status_code == 200, answer.text
    without = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", without)


def test_the_list_says_what_is_charged_and_what_is_refused(client: httpx.Client) -> None:
    shown = text_of(client.get("/bills", headers=EN))
    assert "Works" in shown
    assert "5,956.00 kWh" in shown
    assert "Refused" in shown
    assert "Bills: 2" in shown
    assert "账单：2 份" in text_of(client.get("/bills", headers=ZH))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("month=2026-03", 1),
        ("state=refused", 1),
        ("state=final&month=2026-02", 0),
        ("point=SP", 2),
        ("point=Q", 0),
    ],
)
def test_the_list_is_narrowed_by_month_point_and_state(client: httpx.Client, query: str, count: int) -> None:
    shown = text_of(client.get(f"/bills?{query}", headers=EN))
    assert (f"Bills: {count}" if count else "No bill is like that") in shown


def test_each_line_leads_to_its_register_pair_and_its_intervals(client: httpx.Client) -> None:
    html = client.get(BILL, headers=EN).text
    assert re.search(r'<a href="#register-1">1</a> · <a href="#days">intervals</a>', html)
    shown = text_of(client.get(BILL, headers=EN))
    pair = (
        "M Active import 1,000.00 2026-03-01 00:00 settlement freeze "
        "1,297.80 2026-04-01 00:00 settlement freeze 20 5,956.00"
    )
    assert pair in shown
    assert "Registers 5,956.00 kWh, intervals 5,952.00 kWh" in shown
    assert html.count("<rect") == 31 * 3


def test_a_later_version_shows_the_difference_and_the_first_one_stays(client: httpx.Client) -> None:
    newest = text_of(client.get(BILL, headers=ZH))
    assert "与版本 1 的差额（退补）" in newest
    assert "+4.00 kWh" in newest
    first = text_of(client.get(f"{BILL}?version=1", headers=EN))
    assert "is an estimate" in first
    assert "Difference to version" not in first


def test_a_refused_bill_says_why(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/bills/{POINT}/2026-02", headers=EN))
    assert "Refused" in shown
    assert "refuses" in shown


@pytest.mark.parametrize("path", ["/bills/Q/2026-03", f"/bills/{POINT}/2025-01", f"{BILL}?version=9"])
def test_a_bill_that_is_not_there_says_how_bills_are_made(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=EN)
    assert answer.status_code == 404
    assert "kilowatch settle" in answer.text


@pytest.mark.parametrize("query", ["month=March", "state=lost", "page=0"])
def test_an_address_that_asks_for_nothing_sensible_is_refused(client: httpx.Client, query: str) -> None:
    assert client.get(f"/bills?{query}").status_code == 422


def test_another_areas_caller_sees_no_bill(url: str) -> None:
    app = create_app(url, clock=lambda: NOON)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"south"}))
    with browsing(app) as client:
        assert "No bills yet" in text_of(client.get("/bills", headers=EN))
        assert client.get(BILL).status_code == 404
        assert client.get("/api/bills").json() == {"total": 0, "bills": []}
        assert client.get(f"/api/bills/{POINT}/2026-03").status_code == 404


def test_a_bill_without_intervals_has_no_chart() -> None:
    document: dict[str, Any] = {"basis": {"days": []}}  # Any: JSON
    assert day_chart(document, Wording(language="en", zone=PLANT.zone_of(POINT))) is None


def test_a_bill_leads_to_its_customer_in_its_month(client: httpx.Client) -> None:
    address = "/customers/Works?month=2026-03"
    assert f'<h1><a href="{address}">Works</a>' in client.get(BILL, headers=EN).text
    assert client.get(address).status_code == 200
