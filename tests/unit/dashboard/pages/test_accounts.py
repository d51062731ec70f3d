"""Managing accounts: only administrators, only within their own areas, and each change is in the audit."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from dashboard.app import create_app
from pipeline.accounts import Role
from pipeline.registry import Area, Registry
from services.passwords import password_fits
from storage.access_events import access_events
from storage.accounts import find_account
from storage.database import connect
from storage.registry import save_registry
from tests.fix_dashboard import NOW, browsing
from tests.page_texts import without_form_secrets
from tests.tester import TESTER, let_in

EN = {"Accept-Language": "en"}
NEW = {"name": "wang", "full_name": "王芳", "role": "engineer", "sees": "some", "areas": ["TA-01"]}


@pytest.fixture
def app(plain_database_url: str) -> FastAPI:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(areas=[Area(id="TA-01"), Area(id="TA-02")]))
    return create_app(plain_database_url, clock=lambda: NOW)


@pytest.fixture
def client(plain_database_url: str, app: FastAPI) -> Iterator[httpx.Client]:
    assert app.state.dashboard  # another application over the same archive, which ``app`` has filled
    with browsing(create_app(plain_database_url, clock=lambda: NOW)) as client:
        client.headers.update(EN)
        yield client


def seen(client: httpx.Client, name: str) -> dict[str, str]:
    """Return what the form of an account sends of what it showed."""
    (digest,) = re.findall(r'name="seen" value="(\w+)"', client.get(f"/accounts/{name}").text)
    return {"seen": digest}


def test_an_account_is_added_changed_and_shut(client: httpx.Client, plain_database_url: str) -> None:
    made = client.post("/accounts", data=NEW, follow_redirects=True)
    assert made.url.path == "/accounts/wang"
    (password,) = re.findall(r"(?:[a-z2-9]{4}-){4}[a-z2-9]{4}", made.text)
    with connect(plain_database_url) as connection:
        found = find_account(connection, "wang")
    assert found is not None
    assert password_fits(password, found[1])
    assert (found[0].full_name, found[0].role, found[0].areas) == (
        "王芳",
        Role.ENGINEER,
        frozenset({"TA-01"}),
    )
    assert password not in client.get("/accounts/wang").text
    changed = client.post(
        "/accounts/wang",
        data={**NEW, **seen(client, "wang"), "role": "viewer", "sees": "all", "state": "shut"},
        follow_redirects=True,
    )
    assert "it holds at once" in changed.text
    with connect(plain_database_url) as connection:
        after = find_account(connection, "wang")
        lines = access_events(connection, account=TESTER)
    assert after is not None
    assert (after[0].role, after[0].areas, after[0].disabled_at) == (Role.VIEWER, None, NOW)
    assert [line.event for line in lines] == ["account changed", "account added"]
    assert lines[0].before is not None
    assert lines[0].before["role"] == "engineer"
    assert password not in str(lines)
    api = {each["name"]: each for each in client.get("/api/accounts").json()}
    assert api["wang"]["role"] == "viewer"


def test_a_form_that_shows_what_was_once_opens_no_account_that_was_shut_meanwhile(
    client: httpx.Client, plain_database_url: str
) -> None:
    client.post("/accounts", data=NEW)
    opened = seen(client, "wang")
    client.post("/accounts/wang", data={**NEW, **opened, "state": "shut"})
    for stale in (opened, {}):
        answer = client.post("/accounts/wang", data={**NEW, **stale, "full_name": "王芳芳"})
        assert "Somebody else has changed this account meanwhile" in answer.text
        assert '<option value="shut" selected>' in answer.text
    with connect(plain_database_url) as connection:
        found = find_account(connection, "wang")
    assert found is not None
    assert (found[0].full_name, found[0].disabled_at) == ("王芳", NOW)
    again = client.post("/accounts/wang", data={**NEW, **seen(client, "wang")}, follow_redirects=True)
    assert "it holds at once" in again.text


def test_another_password_is_generated_and_ends_sessions(app: FastAPI, client: httpx.Client) -> None:
    let_in(app, "wang", "wangs-token", Role.VIEWER)
    with browsing(app, "wangs-token") as wang:
        assert wang.get("/").status_code == 200
        answer = client.post("/accounts/wang/password", follow_redirects=True)
        assert re.search(r"(?:[a-z2-9]{4}-){4}[a-z2-9]{4}", answer.text)
        assert wang.get("/").status_code == 303


def test_ones_own_password_is_replaced_by_whoever_knows_it(app: FastAPI, client: httpx.Client) -> None:
    password = "correct horse battery"  # noqa: S105 - made up here
    generated = re.compile(r"(?:[a-z2-9]{4}-){4}[a-z2-9]{4}")
    let_in(app, "chief", "chiefs-token", Role.ADMINISTRATOR, password=password)
    assert 'name="present"' not in client.get("/accounts/chief").text
    with browsing(app, "chiefs-token") as chief:
        chief.headers.update(EN)
        assert 'name="present"' in chief.get("/accounts/chief").text
        for form in ({}, {"present": "another horse battery"}):
            refused = chief.post("/accounts/chief/password", data=form, follow_redirects=True)
            assert "The present password is another one" in refused.text
            assert not generated.search(refused.text)
        assert is_password(app, "chief", password)
        made = chief.post("/accounts/chief/password", data={"present": password}, follow_redirects=True)
        assert generated.search(made.text)
        assert chief.get("/").status_code == 200
    assert not is_password(app, "chief", password)


def is_password(app: FastAPI, name: str, password: str) -> bool:
    """Tell whether a password is an account's."""
    with app.state.dashboard.connect() as connection:
        found = find_account(connection, name)
    assert found is not None
    return password_fits(password, found[1])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "王"}, "begins with a letter or digit"),
        ({"name": TESTER}, "There is an account tester already"),
        ({"areas": []}, "Choose at least one area"),
        ({"areas": ["TA-9"]}, "No such area on record: TA-9"),
    ],
)
def test_what_will_not_do_is_told_and_what_was_typed_stays(
    client: httpx.Client, fields: dict[str, object], told: str
) -> None:
    answer = client.post("/accounts", data={**NEW, **fields})
    assert told in answer.text
    assert 'value="王芳"' in answer.text


def test_a_change_that_will_not_do_keeps_what_was_typed(client: httpx.Client) -> None:
    client.post("/accounts", data=NEW)
    typed = {"full_name": "王小芳", "role": "administrator", "sees": "some", "state": "shut"}
    answer = client.post("/accounts/wang", data={**typed, **seen(client, "wang")})
    assert "Choose at least one area" in answer.text
    for each in ('value="王小芳"', 'value="administrator" selected', 'value="shut" selected'):
        assert each in answer.text
    assert 'value="王芳"' in client.get("/accounts/wang").text


def test_the_last_administrator_stays(client: httpx.Client) -> None:
    answer = client.post(f"/accounts/{TESTER}", data={**NEW, **seen(client, TESTER), "role": "viewer"})
    assert "last administrator" in answer.text


def test_an_administrator_of_some_areas_manages_within_them(app: FastAPI, client: httpx.Client) -> None:
    client.post("/accounts", data=NEW)
    client.post("/accounts", data={**NEW, "name": "li", "areas": ["TA-01", "TA-02"]})
    let_in(app, "chief", "chiefs-token", Role.ADMINISTRATOR, frozenset({"TA-01"}))
    with browsing(app, "chiefs-token") as chief:
        chief.headers.update(EN)
        assert sorted(each["name"] for each in chief.get("/api/accounts").json()) == ["chief", "wang"]
        assert "TA-02" not in without_form_secrets(chief.get("/accounts").text)
        for path in ("/accounts/li", f"/accounts/{TESTER}", "/accounts/none"):
            assert chief.get(path).status_code == 404
            assert chief.post(path, data=NEW).status_code == 404
        assert chief.post("/accounts/li/password").status_code == 404
        for beyond in ({"sees": "all"}, {"areas": ["TA-02"]}):
            for path in ("/accounts", "/accounts/chief"):
                answer = chief.post(path, data={**NEW, "name": "zhao", "role": "administrator", **beyond})
                assert "more areas than they see" in answer.text
        for path in ("/audit", "/api/audit"):
            assert chief.get(path).status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ENGINEER])
def test_nobody_else_manages(app: FastAPI, role: Role) -> None:
    let_in(app, "wang", "wangs-token", role)
    with browsing(app, "wangs-token") as wang:
        for path in ("/accounts", "/accounts/wang", "/audit", "/api/accounts", "/api/audit"):
            assert wang.get(path).status_code == 403, path
        for path in ("/accounts", "/accounts/wang", "/accounts/wang/password", "/accounts/wang/tokens/1"):
            assert wang.post(path, data={**NEW, "role": "administrator"}).status_code == 403, path


def test_a_token_of_another_is_revoked(app: FastAPI, client: httpx.Client) -> None:
    password = "correct horse battery"  # noqa: S105 - made up here
    let_in(app, "wang", "wangs-token", Role.ENGINEER, password=password)
    with browsing(app, "wangs-token") as wang:
        form = {"name": "billing", "present": password, "role": "viewer", "days": "30"}
        made = wang.post("/account/tokens", data=form, follow_redirects=True)
    (token,) = re.findall(r"kw_[\w-]{40,}", made.text)
    page = client.get("/accounts/wang").text
    (address,) = re.findall(r'action="(/accounts/wang/tokens/\d+)"', page)
    assert client.post(address).status_code == 303
    assert client.post(address).status_code == 404
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=client.base_url, headers=bearer) as program:
        assert program.get("/api/account").status_code == 401


def test_in_chinese_accounts_have_no_words_of_episodes_and_meters(client: httpx.Client) -> None:
    chinese = {"Accept-Language": "zh-CN"}
    listed, own = (client.get(path, headers=chinese).text for path in ("/accounts", "/account"))
    assert "<td>启用</td>" in listed
    assert "未结束" not in listed
    assert '<th scope="col">IP 地址</th>' in own
    assert "通信地址" not in own
