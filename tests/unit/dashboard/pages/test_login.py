"""Logging in: only with what belongs together, into a new session, and on to a page of this server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from dashboard.cookies import BEFORE, SESSION
from pipeline.accounts import Role
from services.accounts import NewAccount, add_account
from services.persons import Person
from services.tokens import token_hash
from storage.access_events import access_events
from storage.database import connect
from tests.fix_dashboard import NOW, browsing

PASSWORD = "correct horse battery"  # noqa: S105 - of an account in a test's database
WANG = NewAccount(name="wang", role=Role.ENGINEER, full_name="王芳")


@pytest.fixture
def client(plain_database_url: str) -> Iterator[httpx.Client]:
    with connect(plain_database_url) as connection:
        add_account(connection, WANG, PASSWORD, Person(account="root"), NOW)
    with browsing(create_app(plain_database_url, clock=lambda: NOW), token=None) as client:
        yield client


def fields(client: httpx.Client, address: str = "/login") -> dict[str, str]:
    """Return the hidden fields of the form."""
    html = client.get(address).text
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


def log_in(client: httpx.Client, address: str = "/login", **typed: str) -> httpx.Response:
    return client.post(
        "/login", data={"name": "wang", "password": PASSWORD, **fields(client, address), **typed}
    )


def test_name_and_password_open_a_session_and_lead_on(client: httpx.Client, plain_database_url: str) -> None:
    answer = log_in(client, "/login?next=/meters%3Fq%3Da", name=" Wang ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/meters?q=a")
    cookie = next(c for c in answer.headers.get_list("Set-Cookie") if c.startswith(f"{SESSION}="))
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=604800"):
        assert part in cookie
    assert "Secure" not in cookie
    assert client.get("/meters").status_code == 200
    with connect(plain_database_url) as connection:
        stored = connection.execute("SELECT token_hash, address FROM account_session ORDER BY 1").fetchall()
    assert (token_hash(client.cookies[SESSION]), "127.0.0.1") in stored


def test_over_tls_the_cookie_is_secure_and_of_this_host_alone(plain_database_url: str) -> None:
    with connect(plain_database_url) as connection:
        add_account(connection, WANG, PASSWORD, Person(account="root"), NOW)
    app = create_app(plain_database_url, clock=lambda: NOW)
    app.state.dashboard.pool.open()
    try:
        import anyio  # noqa: PLC0415 - this test alone speaks to the application without a server

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app, client=("192.0.2.9", 1))
            async with httpx.AsyncClient(transport=transport, base_url="https://kw.example") as client:
                html = (await client.get("/login")).text
                hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
                return await client.post("/login", data={"name": "wang", "password": PASSWORD, **hidden})

        answer = anyio.run(asked)
    finally:
        app.state.dashboard.pool.close()
    assert answer.status_code == 303
    cookie = next(c for c in answer.headers.get_list("Set-Cookie") if SESSION in c)
    assert cookie.startswith(f"__Host-{SESSION}=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    "typed",
    [{"password": "wrong"}, {"name": "li"}, {"name": "wang\x00"}, {"password": ""}, {"name": "é" * 200}],
)
def test_what_does_not_belong_together_is_refused_alike_and_recorded(
    client: httpx.Client, plain_database_url: str, typed: dict[str, str]
) -> None:
    answer = log_in(client, **typed)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert SESSION not in client.cookies
    assert client.get("/meters").status_code == 303
    with connect(plain_database_url) as connection:
        newest = access_events(connection, limit=1)[0]
    assert (newest.event, newest.account, newest.address) == ("login refused", "", "127.0.0.1")
    assert PASSWORD not in str(newest)


def test_a_login_that_another_site_sends_is_refused(client: httpx.Client) -> None:
    typed = {"name": "wang", "password": PASSWORD}
    assert client.post("/login", data=typed).status_code == 403  # without the cookie of the form
    fields(client)
    assert client.post("/login", data=typed).status_code == 403  # with the cookie, but without the field
    assert SESSION not in client.cookies


def test_a_cookie_that_somebody_planted_is_not_logged_in_with(client: httpx.Client) -> None:
    client.cookies.set(SESSION, "planted")
    assert log_in(client).status_code == 303
    names = [c.value for c in client.cookies.jar if c.name == SESSION]
    with httpx.Client(base_url=client.base_url, cookies={SESSION: "planted"}) as other:
        assert other.get("/api/fleet").status_code == 401
    assert any(name != "planted" for name in names)


def test_logging_out_ends_the_session_for_good(client: httpx.Client) -> None:
    log_in(client)
    token = client.cookies[SESSION]
    hidden = re.findall(r'name="csrf" value="([^"]*)"', client.get("/meters").text)
    assert client.post("/logout").status_code == 403
    answer = client.post("/logout", data={"csrf": hidden[0]})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert SESSION not in client.cookies
    with httpx.Client(base_url=client.base_url, cookies={SESSION: token}) as stolen:
        assert stolen.get("/api/fleet").status_code == 401


def test_whoever_is_logged_in_goes_on_at_once(client: httpx.Client) -> None:
    log_in(client)
    answer = client.get("/login?next=/cases")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/cases")
    assert BEFORE not in client.cookies


def test_without_any_account_the_form_says_how_to_make_one(plain_database_url: str) -> None:
    with browsing(create_app(plain_database_url, clock=lambda: NOW), token=None) as client:
        assert "kilowatch accounts add" not in client.get("/login").text
        with connect(plain_database_url) as connection:
            connection.execute("DELETE FROM account_session")
            connection.execute("DELETE FROM account")
        assert "kilowatch accounts add" in client.get("/login", headers={"Accept-Language": "en"}).text
        assert "登录" in client.get("/login", headers={"Accept-Language": "zh"}).text


def test_whoever_sent_a_form_too_late_is_told_that_nothing_was_saved(client: httpx.Client) -> None:
    shown = client.get("/login?next=/meters&unsaved=1").text
    assert "what you sent was not saved" in shown
    assert 'name="next" value="/meters"' in shown
    assert "not saved" not in client.get("/login?next=/meters").text
