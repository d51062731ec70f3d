from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest

from dashboard.app import create_app
from storage.database import connect
from storage.registry import save_registry
from tests.fix_dashboard import NOW, PLANT, browsing, city

ODD = 'A/B "50 %" <co>?#'
"""A name that an address, a page and a file's name have to escape."""


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    archive = city()
    points = [
        replace(point, customer=ODD) if point.id == "SP-002" else point for point in archive.service_points
    ]
    with connect(city_url) as connection:
        save_registry(connection, replace(archive, service_points=points))
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def test_a_customer_of_any_name_is_found_and_taken_away(client: httpx.Client) -> None:
    listed = client.get("/customers", params={"size": "all", "q": "A/B", "lang": "en"}).text
    address = f"/customers/{quote(ODD, safe='')}"
    assert f'href="{address}?month=2026-10"' in listed
    shown = client.get(address)
    assert shown.status_code == 200
    assert "A/B &#34;50 %&#34; &lt;co&gt;?#" in shown.text
    assert "<co>" not in shown.text
    kept = client.get(f"/customer-sheets/csv/{quote(ODD, safe='')}")
    assert kept.headers["content-disposition"] == (
        f"attachment; filename*=UTF-8''{quote(ODD + '-2026-10.csv', safe='')}"
    )
    assert client.get(f"/api/customers/{quote(ODD, safe='')}").json()["customer"] == ODD


def test_a_service_point_without_a_customer_goes_by_its_id(client: httpx.Client) -> None:
    shown = client.get("/customers/SP-003", params={"lang": "en", "month": "2026-11"})
    assert shown.status_code == 200
    assert "has no contract in this month: file a [[contract]]" in shown.text


def test_the_last_month_that_is_over_is_shown_unless_another_is_named(client: httpx.Client) -> None:
    api = client.get("/api/customers").json()
    assert (api["month"], [c["service_points"] for c in api["customers"]]) == ("2026-10", [["SP-001"]])
    november = client.get("/api/customers", params={"month": "2026-11", "least_kva": 0}).json()
    assert november["month"] == "2026-11"
    assert november["total"] == 30
    assert PLANT not in str(november)


@pytest.mark.parametrize("month", ["1900-12", "2026-13", "0000-01", "2026", "November"])
def test_a_month_that_is_none_is_refused_by_name(client: httpx.Client, month: str) -> None:
    assert client.get("/customers", params={"month": month}).status_code == 422
    answer = client.get("/api/customers", params={"month": month})
    assert answer.status_code == 422
    assert "month" in answer.json()["detail"]
