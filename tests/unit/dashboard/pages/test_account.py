"""One's own account: password, sessions and tokens, in both languages, and never somebody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from dashboard.app import create_app
from dashboard.shown_once import COOKIE
from pipeline.accounts import Role
from pipeline.registry import Area, Registry
from services.passwords import hash_password
from storage.access_events import access_events
from storage.database import connect
from storage.registry import save_registry
from tests.fix_dashboard import NOW, browsing
from tests.page_texts import without_form_secrets
from tests.tester import TESTER, let_in

PASSWORD, OTHER = "correct horse battery", "another long password"
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh"}


@pytest.fixture
def app(plain_database_url: str) -> FastAPI:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(areas=[Area(id="TA-01"), Area(id="TA-02")]))
    return create_app(plain_database_url, clock=lambda: NOW)


@pytest.fixture
def client(app: FastAPI, plain_database_url: str) -> Iterator[httpx.Client]:
    with browsing(app) as client:
        with connect(plain_database_url) as connection:
            connection.execute("UPDATE account SET password_hash = %s", (hash_password(PASSWORD),))
        client.headers.update(EN)
        yield client


def change(client: httpx.Client, present: str, password: str, repeated: str | None = None) -> str:
    form = {"present": present, "password": password, "repeated": password if repeated is None else repeated}
    return client.post("/account/password", data=form, follow_redirects=True).text


def test_the_page_is_in_both_languages(client: httpx.Client) -> None:
    assert "Tokens of programs" in client.get("/account").text
    assert "程序令牌" in client.get("/account", headers=ZH).text


def test_the_password_changes_only_with_the_present_one(client: httpx.Client) -> None:
    assert "not typed the same twice" in change(client, PASSWORD, OTHER, "something else")
    assert "present password is another" in change(client, "a wrong guess", OTHER)
    assert "12 to 256 characters" in change(client, PASSWORD, "short")
    assert "The password is changed" in change(client, PASSWORD, OTHER)
    assert "present password is another" in change(client, PASSWORD, OTHER)


def test_guessing_at_an_open_browser_is_slowed_down(client: httpx.Client) -> None:
    for _ in range(5):
        change(client, "a wrong guess", OTHER)
    assert "try again later" in change(client, PASSWORD, OTHER)


def test_other_sessions_are_shown_and_ended(app: FastAPI, client: httpx.Client) -> None:
    let_in(app, "wang", "wangs-token", Role.VIEWER)
    (foreign,) = sessions(app, "wang")
    assert client.post(f"/account/sessions/{foreign}").status_code == 404
    (own,) = sessions(app, TESTER)
    assert "this one" in client.get("/account").text
    assert client.post(f"/account/sessions/{own}").status_code == 303
    assert client.get("/account").status_code == 303
    assert sessions(app, "wang") == [foreign]


def sessions(app: FastAPI, name: str) -> list[int]:
    with app.state.dashboard.connect() as connection:
        rows = connection.execute(
            "SELECT session_id FROM account_session JOIN account USING (account_id) WHERE name = %s", (name,)
        ).fetchall()
    return [row[0] for row in rows]


def make_token(client: httpx.Client, **fields: object) -> str:
    form = {"name": "billing", "present": PASSWORD, "role": "viewer", "days": "30", **fields}
    answer = client.post("/account/tokens", data=form, follow_redirects=True)
    (token,) = re.findall(r"kw_[\w-]{40,}", answer.text)
    return str(token)


def test_a_token_is_shown_once_and_opens_the_api_alone(client: httpx.Client, plain_database_url: str) -> None:
    token = make_token(client, areas=["TA-01"])
    assert token not in client.get("/account").text
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=client.base_url, headers=bearer) as program:
        account = program.get("/api/account").json()
        assert (account["name"], account["role"], account["areas"]) == (TESTER, "viewer", ["TA-01"])
        assert program.post("/api/cases/none/feedback", json={}).status_code in {403, 422}
        for path in ("/account", "/accounts", "/audit", "/api/audit", "/api/accounts"):
            assert program.get(path).status_code == 403, path
        assert program.post("/account/tokens", data={"name": "more"}).status_code == 403
        assert program.post("/logout").status_code == 303
        (number,) = re.findall(r"/account/tokens/(\d+)", client.get("/account").text)
        assert client.post(f"/account/tokens/{number}").status_code == 303
        assert program.get("/api/account").status_code == 401
    with connect(plain_database_url) as connection:
        assert token not in str(access_events(connection, limit=1000))


def test_a_token_of_an_administrator_makes_and_opens_no_account(client: httpx.Client) -> None:
    token = make_token(client, role="administrator", sees="all")
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=client.base_url, headers=bearer) as program:
        assert program.get("/api/account").json()["role"] == "administrator"
        for path in ("/accounts", "/accounts/wang", "/accounts/wang/password", "/accounts/wang/tokens/1"):
            assert program.post(path, data={"name": "mallory", "sees": "all"}).status_code == 403, path
        assert program.get("/accounts").status_code == 403
    assert client.get("/accounts").status_code == 200


def test_a_wrong_token_does_not_fall_back_on_a_cookie(client: httpx.Client) -> None:
    assert client.get("/api/account").status_code == 200
    for wrong in ("Bearer kw_wrong", "bearer x", "Bearer " + "x" * 5000):
        assert client.get("/api/account", headers={"Authorization": wrong}).status_code == 401
    assert client.get("/api/account", headers={"Authorization": "Basic dTpw"}).status_code == 200


def test_a_program_with_a_token_of_an_engineer_needs_no_field_of_a_form(client: httpx.Client) -> None:
    token = make_token(client, role="engineer")
    with httpx.Client(base_url=client.base_url, headers={"Authorization": f"Bearer {token}"}) as program:
        found = {"outcome": "confirmed", "episodes": ["e"]}
        assert program.post("/api/cases/none/feedback", json=found).status_code == 404


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"days": "0"}, "1 to 366 days"),
        ({"days": "367"}, "1 to 366 days"),
        ({"name": " "}, "needs a name"),
        ({"present": ""}, "present password is another"),
        ({"present": "a wrong guess"}, "present password is another"),
    ],
)
def test_a_token_that_will_not_do_is_told(client: httpx.Client, fields: dict[str, object], told: str) -> None:
    form = {"name": "billing", "present": PASSWORD, "role": "viewer", "days": "30", **fields}
    answer = client.post("/account/tokens", data=form)
    assert "kw_" not in without_form_secrets(answer.text)
    assert told in answer.text
    assert f'value="{form["name"]}"' in answer.text
    assert f'value="{form["days"]}"' in answer.text


def test_the_page_of_a_new_token_is_reloaded_without_making_another(client: httpx.Client) -> None:
    make_token(client)
    again = client.get("/account")
    assert again.text.count('action="/account/tokens/') == 1
    assert "kw_" not in without_form_secrets(again.text)


def test_what_is_shown_once_is_of_this_session_and_page_alone(
    app: FastAPI, client: httpx.Client, plain_database_url: str
) -> None:
    form = {"name": "billing", "present": PASSWORD, "role": "viewer", "days": "30"}
    cookie = client.post("/account/tokens", data=form).cookies[COOKIE]
    let_in(app, "wang", "wangs-token", Role.VIEWER)
    with browsing(create_app(plain_database_url, clock=lambda: NOW), "wangs-token") as wang:
        wang.cookies.set(COOKIE, cookie)  # planted by somebody
        assert "kw_" not in without_form_secrets(wang.get("/account").text)
    assert "kw_" not in without_form_secrets(client.get(f"/accounts/{TESTER}").text)
    for planted in ("", "x", ".", "e30=.e30=", cookie[:-4], cookie[4:]):
        client.cookies.set(COOKIE, planted)
        answer = client.get("/account")
        assert (answer.status_code, "kw_" in without_form_secrets(answer.text)) == (200, False)


def test_the_language_of_an_answer_to_a_form_is_changed_on_its_page(client: httpx.Client) -> None:
    answer = client.post("/account/tokens", data={"name": " ", "days": "30"})
    assert 'href="/account?lang=zh"' in answer.text
