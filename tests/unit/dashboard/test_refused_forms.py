"""A refused form comes back on its page, with what is wrong, what was typed, and no password."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from dashboard.app import create_app
from services.cases import work_out_cases
from storage.cases import known_cases
from storage.database import connect
from tests.fix_dashboard import NOW, browsing
from tests.page_texts import without_form_secrets
from tests.unit.dashboard.pages.test_bills import EN, ZH


@pytest.fixture(scope="module")
def case(city_url: str) -> str:
    with connect(city_url) as connection:
        work_out_cases(connection, NOW)
        return known_cases(connection)[0].id


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOWATCH_ALLOW_WRITES", "relay")
        with browsing(create_app(city_url, clock=lambda: NOW)) as client:
            yield client


def sent(
    client: httpx.Client, action: str, data: dict[str, str], page: str, language: dict[str, str] = EN
) -> httpx.Response:
    """Send a form as the browser does that shows a page."""
    referer = {"Referer": str(client.base_url.join(page))}
    return client.post(action, data=data, headers={**language, **referer})


def test_what_was_found_is_still_there(client: httpx.Client, case: str) -> None:
    found = {"outcome": "confirmed", "cause": "Wire <before> the meter", "recovered_kwh": "12.5"}
    answer = sent(client, f"/cases/{case}", found, f"/cases/{case}")
    assert answer.status_code == 422
    text = answer.text
    assert 'role="alert"' in text
    assert "Choose at least one episode, and only episodes of this case." in text
    assert 'value="Wire &lt;before&gt; the meter"' in text
    assert 'name="recovered_kwh" type="number" value="12.5"' in text
    assert 'value="confirmed" checked' in text
    # None was chosen, so none is.
    assert 'name="episodes"' in text
    assert not [line for line in text.splitlines() if 'name="episodes"' in line and "checked" in line]


def test_a_number_that_is_none_is_told_on_the_page_too(client: httpx.Client, case: str) -> None:
    found = {"outcome": "confirmed", "cause": "x", "recovered_kwh": "much"}
    answer = sent(client, f"/cases/{case}", found, f"/cases/{case}", ZH)
    assert answer.status_code == 422
    assert 'value="much"' in answer.text
    assert 'lang="zh-CN"' in answer.text


def test_an_order_for_a_meter_that_is_not_there_keeps_what_was_asked(client: httpx.Client) -> None:
    answer = sent(client, "/orders", {"meter": "M-9999", "order": "relay-open"}, "/orders?meter=M-1001")
    assert answer.status_code == 404
    assert 'value="M-9999"' in answer.text
    assert 'value="relay-open" selected' in answer.text
    assert 'data-here="/orders?meter=M-1001"' in answer.text


def test_no_password_is_sent_back(client: httpx.Client) -> None:
    token = {"name": "bridge", "days": "99999", "role": "engineer", "present": "top-secret-word"}
    answer = sent(client, "/account/tokens", token, "/account")
    assert answer.status_code == 422
    assert 'value="bridge"' in answer.text
    assert 'value="99999"' in answer.text
    assert "top-secret-word" not in answer.text
    assert 'value="engineer" selected' in answer.text


@pytest.mark.parametrize(
    "page", ["https://elsewhere.invalid/cases", "/nowhere-at-all", "/login", "/meter-list.csv"]
)
def test_without_a_page_of_ours_the_refusal_stands_alone(client: httpx.Client, case: str, page: str) -> None:
    answer = sent(client, f"/cases/{case}", {"outcome": "confirmed", "cause": "under the floor"}, page)
    assert answer.status_code == 422
    assert "Something does not fit" in answer.text
    assert "under the floor" not in answer.text


def test_a_form_that_another_session_was_given_comes_back_with_one_of_this(
    client: httpx.Client, case: str
) -> None:
    referer = {"Referer": str(client.base_url.join(f"/cases/{case}")), "X-CSRF-Token": "old"}
    data = {"outcome": "confirmed", "cause": "kept"}
    answer = client.post(f"/cases/{case}", data=data, headers={**EN, **referer})
    assert answer.status_code == 403
    assert "This form is too old" in answer.text
    assert 'value="kept"' in answer.text
    assert 'name="csrf" value="' in answer.text


@pytest.mark.timeout(60)
def test_what_never_ends_is_not_waited_for(client: httpx.Client, case: str) -> None:
    """No browser has such a page before a form, but whoever sends one may say so."""
    answer = sent(client, f"/cases/{case}", {"outcome": "confirmed"}, "/api/live")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "Choose at least one episode" in answer.text
    # And a file is not gathered to be thrown away.
    span = "since=2026-11-19T00:00:00Z&until=2026-11-20T00:00:00Z"
    answer = sent(client, f"/cases/{case}", {"outcome": "confirmed"}, f"/api/export/intervals.csv?{span}")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


def test_a_file_is_not_taken_away_as_a_page(client: httpx.Client, case: str) -> None:
    file = f"/customer-sheets/html/{quote('华光铸造有限公司')}"
    assert client.get(file).headers["content-type"].startswith("text/html")
    answer = sent(client, f"/cases/{case}", {"outcome": "confirmed"}, file)
    assert answer.status_code == 422
    assert "content-disposition" not in answer.headers
    assert "华光铸造有限公司" not in answer.text


def test_the_next_page_knows_nothing_of_it(client: httpx.Client, case: str) -> None:
    sent(client, f"/cases/{case}", {"outcome": "confirmed", "cause": "gone"}, f"/cases/{case}")
    assert "gone" not in without_form_secrets(client.get(f"/cases/{case}").text)
