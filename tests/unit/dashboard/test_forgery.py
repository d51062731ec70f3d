"""Forms that another site sends change nothing; those that our own pages gave out do."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

from dashboard.app import create_app
from dashboard.forgery import FIELD, HEADER, form_secret, is_secret_of
from services.cases import work_out_cases
from storage.database import connect
from tests.fix_dashboard import NOW, browsing
from tests.tester import TESTERS_TOKEN


def test_a_secret_differs_each_time_and_fits_its_own_cookie_only() -> None:
    one, other = form_secret("cookie"), form_secret("cookie")
    assert one != other
    assert is_secret_of(one, "cookie")
    assert is_secret_of(other, "cookie")
    assert not is_secret_of(one, "another cookie")


@pytest.mark.parametrize("sent", ["", "x", "é", "AAAA", "!" * 88, form_secret("cookie")[:-4], "A" * 88])
def test_what_is_no_secret_fits_nothing(sent: str) -> None:
    assert not is_secret_of(sent, "cookie")


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with connect(city_url) as connection:
        work_out_cases(connection, NOW)
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def _post(client: httpx.Client, fields: dict[str, str], headers: dict[str, str]) -> int:
    case = client.get("/api/cases").json()["cases"][0]
    found = {"outcome": "confirmed", "episodes": case["episodes"][0], **fields}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    request = client.build_request(
        "POST", f"/cases/{case['id']}", content=urlencode(found), headers={**form, **headers}
    )
    if HEADER not in headers:
        del request.headers[HEADER]
    return client.send(request).status_code


def test_the_field_of_a_page_of_ours_is_taken(client: httpx.Client) -> None:
    assert _post(client, {FIELD: form_secret(TESTERS_TOKEN)}, {}) == 303


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {}),
        ({FIELD: ""}, {}),
        ({FIELD: form_secret("another session")}, {}),
        ({}, {HEADER: form_secret("another session")}),
        ({FIELD: form_secret(TESTERS_TOKEN)}, {"Origin": "http://elsewhere.example"}),
        ({FIELD: form_secret(TESTERS_TOKEN)}, {"Origin": "null"}),
        ({FIELD: form_secret(TESTERS_TOKEN)}, {"Origin": "http://["}),
        ({FIELD: form_secret(TESTERS_TOKEN)}, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_what_no_page_of_ours_sent_is_refused(
    client: httpx.Client, fields: dict[str, str], headers: dict[str, str]
) -> None:
    assert _post(client, fields, headers) == 403


def test_json_that_no_page_of_ours_sent_is_refused(client: httpx.Client) -> None:
    case = client.get("/api/cases").json()["cases"][0]
    given = {"outcome": "confirmed", "episodes": case["episodes"]}
    answer = client.post(f"/api/cases/{case['id']}/feedback", json=given, headers={HEADER: ""})
    assert answer.status_code == 403
    assert "load the page again" in answer.json()["next_step"]
