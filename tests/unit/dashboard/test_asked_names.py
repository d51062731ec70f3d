"""A misspelt or unknown filter is refused by the API, and passed over by pages."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from tests.fix_dashboard import NOW, browsing


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def test_the_api_names_what_it_does_not_know_and_what_it_does(client: httpx.Client) -> None:
    answer = client.get("/api/meters", params={"aera": "TA-01", "q": "M"})
    assert answer.status_code == 422
    assert answer.json()["next_step"] == "unknown in the query: aera; known here: limit, offset, q"


@pytest.mark.parametrize("query", [{}, {"q": "M"}, {"limit": "5", "offset": "0"}, {"lang": "zh"}])
def test_what_it_knows_is_answered(client: httpx.Client, query: dict[str, str]) -> None:
    assert client.get("/api/meters", params=query).status_code == 200


def test_a_page_takes_what_a_mail_program_appends(client: httpx.Client) -> None:
    assert client.get("/meters", params={"utm_source": "mail"}).status_code == 200
