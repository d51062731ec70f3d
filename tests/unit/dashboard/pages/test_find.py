"""The box at the top of every page finds meters, customers, areas and bills of the caller's areas."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from storage.database import connect
from tests.e2e.test_customers import save_plant_bill
from tests.fix_dashboard import NOW, PLANT, browsing
from tests.unit.dashboard.pages.test_bills import EN, text_of


@pytest.fixture(scope="module")
def url(city_url: str) -> str:
    save_plant_bill(city_url, "2026-10", "52000.00", "0.70")
    return city_url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOW)) as client:
        yield client


def find(client: httpx.Client, q: str) -> httpx.Response:
    return client.get("/find", params={"q": q}, headers=EN)


@pytest.mark.parametrize(
    ("q", "address"),
    [
        (PLANT, f"/meters/{PLANT}"),
        # Full-width, as a Chinese input method writes it, and in small letters.
        (PLANT.lower().translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}), f"/meters/{PLANT}"),
        ("TA-02", "/areas/TA-02"),
        ("SP-001 2026-10", "/bills/SP-001/2026-10"),
    ],
)
def test_what_fits_alone_is_opened_at_once(client: httpx.Client, q: str, address: str) -> None:
    answer = find(client, q)
    assert (answer.status_code, answer.headers.get("Location")) == (303, address)


def test_several_are_listed_by_kind(client: httpx.Client) -> None:
    answer = find(client, "华光")
    words = text_of(answer)
    for each in ("Meters", "Customers found", "Bills", "华光铸造有限公司", PLANT, "2026-10"):
        assert each in words
    assert 'id="found-areas"' not in answer.text
    assert f'href="/meters/{PLANT}"' in answer.text
    assert 'value="华光"' in answer.text  # it stays in the box


def test_all_words_must_fit_and_many_are_cut(client: httpx.Client) -> None:
    assert "Nothing in your areas fits" in text_of(find(client, "华光 TA-02"))
    assert "Only the first 20 are shown" in text_of(find(client, "号"))
    assert "Type a meter" in text_of(find(client, "  "))
    assert find(client, "x" * 201).status_code == 422


def test_an_area_is_found_when_a_meter_hangs_there(client: httpx.Client, url: str) -> None:
    with connect(url) as connection:
        connection.execute("INSERT INTO area (id, name, zone) VALUES ('TA-77', '滨江', 'Asia/Shanghai')")
    try:
        assert "Nothing in your areas fits" in text_of(find(client, "滨江"))
    finally:
        with connect(url) as connection:
            connection.execute("DELETE FROM area WHERE id = 'TA-77'")


def test_every_page_has_the_box(client: httpx.Client) -> None:
    for path in ("/", "/episodes", f"/meters/{PLANT}", "/settings", "/nowhere"):
        assert 'action="/find"' in client.get(path).text, path


def test_another_area_is_not_found(url: str) -> None:
    app = create_app(url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-02"}))
    with browsing(app) as client:
        for q in (PLANT, "华光", "TA-01", "SP-001", "东风一台区"):
            answer = find(client, q)
            assert 'class="card empty"' in answer.text, q
            assert "/meters/M-1001" not in answer.text, q
