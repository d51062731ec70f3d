"""Logging in, one's own account and the accounts of others, in a real browser, also on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from pipeline.accounts import Role
from services.accounts import NewAccount, add_account
from services.persons import Person
from storage.database import connect
from tests.fix_dashboard import NOW, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE_WIDTH = 375
PASSWORD = "correct horse battery"  # noqa: S105 - of an account in a test's database


@pytest.fixture(scope="module")
def address(city_url: str) -> Iterator[str]:
    with connect(city_url) as connection:
        wanted = NewAccount(name="wang", role=Role.ENGINEER, full_name="王芳", areas=frozenset({"TA-01"}))
        add_account(connection, wanted, PASSWORD, Person(account="root"), NOW)
    with serving(create_app(city_url, clock=lambda: NOW)) as address:
        yield address


@pytest.fixture
def said(page: Page) -> list[str]:
    """What the browser's console says: warnings and errors."""
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text) if message.type != "log" else None)
    return lines


def test_a_form_refused_twice_still_stands_with_what_was_typed(page: Page, address: str) -> None:
    page.goto(f"{address}/account?lang=en")
    for days in ("99999", "88888"):
        form = page.locator("form[action='/account/tokens']")
        form.get_by_label("Name of the program").fill("bridge")
        form.evaluate("form => form.noValidate = true")
        form.get_by_label("Days").fill(days)
        form.get_by_label("Present password").fill("wrong")
        form.get_by_role("button").click()
        expect(form.get_by_label("Days")).to_have_value(days)
        expect(form.get_by_label("Name of the program")).to_have_value("bridge")
        assert page.url == f"{address}/account"
    page.reload()
    expect(page.get_by_role("heading", name="Tokens of programs")).to_be_visible()


def test_one_logs_in_by_keyboard_goes_on_where_one_wanted_to_and_out(
    page: Page, address: str, said: list[str]
) -> None:
    page.context.clear_cookies()
    page.goto(f"{address}/meters?q=M-1001")
    page.wait_for_url("**/login?next=**")
    page.keyboard.type("wang")  # the field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/meters?q=M-1001")
    # A stream that is still being opened as the session ends would be refused, and the console would say so.
    expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "pushed")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto(f"{address}/meters")
    page.wait_for_url("**/login?next=**")
    assert said == []


def test_what_does_not_belong_together_is_told(page: Page, address: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{address}/login")
    page.get_by_label("Account").fill("wang")
    page.get_by_label("Password").fill("a wrong guess")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    assert page.get_by_label("Account").input_value() == "wang"


def test_an_account_is_made_and_its_password_shown_once(page: Page, address: str, said: list[str]) -> None:
    page.goto(f"{address}/accounts")
    page.get_by_role("textbox", name="Account").fill("li")
    page.get_by_label("TA-02").check()
    page.get_by_role("button", name="Add").click()
    password = page.locator(".secret").inner_text()
    assert len(password) == 24
    page.get_by_role("link", name="Accounts").last.click()
    expect(page.get_by_role("link", name="li", exact=True)).to_be_visible()
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("cell", name="Account added").first).to_be_visible()
    assert password not in page.content()
    assert said == []


def test_a_page_that_renews_itself_says_when_the_session_is_over(page: Page, address: str) -> None:
    page.clock.install()
    page.goto(f"{address}/")
    page.context.clear_cookies()
    page.clock.run_for(10_500)
    over = page.get_by_role("alert").filter(has_text="Your session is over")
    expect(over.get_by_role("link")).to_have_attribute("href", "/login")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_phone_never_scrolls_sideways(browser: Browser, address: str, scheme: str, locale: str) -> None:
    context = browser.new_context(
        viewport={"width": PHONE_WIDTH, "height": 812},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=locale,
    )
    page = context.new_page()
    for path in ("/account", "/accounts", "/accounts/wang", "/audit"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH, path
    context.clear_cookies()
    page.goto(f"{address}/login")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH
    context.close()
