"""The list of meters over a real database: found, ordered, cut into pages, and given as a file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from tests.fix_dashboard import LOW_VOLTAGE, NOW, PLANT, SILENT, browsing

EN = {"Accept-Language": "en"}


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def shown(client: httpx.Client, **query: str) -> list[str]:
    answer = client.get("/meters", params=query, headers=EN)
    assert answer.status_code == 200, answer.text
    return re.findall(r'<th scope="row"[^>]*><a href="/meters/([^"]+)">', answer.text)


def test_the_filters_of_the_address_narrow_the_list(client: httpx.Client) -> None:
    assert len(shown(client)) == 30
    assert len(shown(client, area="TA-01")) == 16
    assert len(shown(client, bus="rs485-02")) == 8
    assert len(shown(client, bus="-")) == 6
    assert shown(client, state="silent") == [SILENT]
    assert shown(client, area="TA-01", episodes="open") == [PLANT]


def test_the_list_is_ordered_by_what_is_worst(client: httpx.Client) -> None:
    assert shown(client, sort="missing")[0] == SILENT
    assert shown(client, sort="state")[0] == PLANT
    assert shown(client, turned="1") == shown(client)[::-1]


def test_a_page_beyond_the_end_is_the_last_one(client: httpx.Client) -> None:
    assert shown(client, page="99") == shown(client)


def test_states_are_counted_and_lead_to_their_meters(client: httpx.Client) -> None:
    html = client.get("/meters?area=TA-01&page=1", headers=EN).text
    assert 'href="/meters?area=TA-01&amp;state=silent"' in html


def test_an_order_that_does_not_exist_is_refused(client: httpx.Client) -> None:
    assert client.get("/meters?sort=colour").status_code == 422


def test_the_file_holds_the_whole_filtered_list(client: httpx.Client) -> None:
    answer = client.get("/meter-list.csv", params={"bus": "rs485-01", "sort": "missing"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 8
    first = rows[0]
    assert (first["meter"], first["state"], first["area"]) == (SILENT, "silent", "TA-01")
    assert int(first["due_today"]) - int(first["arrived_today"]) >= 40
    assert first["newest_at"].endswith("+00:00")


def test_a_caller_sees_the_meters_of_their_areas_alone(city_url: str) -> None:
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-02"}))
    with browsing(app) as stranger:
        assert len(shown(stranger)) == 14
        assert shown(stranger, q=LOW_VOLTAGE) == []
        assert LOW_VOLTAGE not in stranger.get("/meter-list.csv").text
        assert "东风一台区" not in stranger.get("/").text
