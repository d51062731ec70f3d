"""What somebody has typed into an open page outlives the end of the session and another tab's language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from dashboard.cookies import SESSION
from pipeline.model import MeterId
from pipeline.registry import Meter, Registry
from storage.database import Connection, connect
from storage.episode_changes import episode_changes
from storage.episodes import save_episodes
from storage.registry import save_registry
from tests.findings import finding
from tests.fix_dashboard import NOW, serving
from tests.tester import let_in

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def database(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=MeterId("M-1"))]))
        save_episodes(connection, [finding(id="a")])
        yield connection


@pytest.fixture
def address(database: Connection) -> Iterator[str]:
    app = create_app(database.info.dsn, clock=lambda: NOW)
    with serving(app) as address:
        let_in(app, "other", "others-token")
        yield address


def look_anew(page: Page) -> None:
    """Have the page fetch itself, as it does when somebody comes back to it."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_note_survives_the_end_of_the_session_and_is_saved_after_another_login(
    page: Page, address: str, database: Connection
) -> None:
    page.goto(f"{address}/episodes/a")
    note = page.get_by_label("Cause or note")
    note.fill("meter box was open")
    page.context.add_cookies([{"name": SESSION, "url": address, "value": "ended"}])
    look_anew(page)
    over = page.get_by_role("alert").filter(has_text="Your session is over")
    expect(over).to_be_visible()
    expect(note).to_have_value("meter box was open")
    # Logged in again in another tab: this one goes on, though its form was bound to the old session.
    page.context.add_cookies([{"name": SESSION, "url": address, "value": "others-token"}])
    look_anew(page)
    expect(over).to_be_hidden()
    page.get_by_role("button", name="Add a note").click()
    expect(page.locator(".history")).to_contain_text("meter box was open")
    assert [change.detail for change in episode_changes(database, "a")] == ["meter box was open"]


def test_a_page_stays_in_its_language_when_another_tab_chooses_another_one(
    page: Page, address: str, database: Connection
) -> None:
    page.goto(f"{address}/episodes?lang=en")
    other = page.context.new_page()
    other.goto(f"{address}/episodes?lang=zh")
    other.close()
    save_episodes(database, [finding(id="b", meter="M-1")])
    look_anew(page)
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-live=episodes]")).to_contain_text("2 episodes")
