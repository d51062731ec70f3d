"""The inbox in a browser, by keyboard alone and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import Meter, Registry
from storage.dashboard_episodes import episode_card
from storage.database import Connection, connect
from storage.episode_changes import EpisodeChange, NewFields, change_episode
from storage.episodes import EpisodeState, save_episodes
from storage.registry import save_registry
from tests.findings import finding
from tests.fix_dashboard import NOW, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = {"width": 375, "height": 812}


@pytest.fixture
def database(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=MeterId(f"M-{n}")) for n in range(4)]))
        save_episodes(
            connection,
            [finding(id=f"e{n}", meter=f"M-{n}", starts_at=NOW - timedelta(hours=n)) for n in range(4)],
        )
        yield connection


@pytest.fixture
def address(database: Connection) -> Iterator[str]:
    with serving(create_app(database.info.dsn, clock=lambda: NOW)) as address:
        yield address


def states(database: Connection) -> list[str]:
    cards = [episode_card(database, f"e{n}", scope=EVERYTHING) for n in range(4)]
    return [card.state for card in cards if card is not None]


def focused(page: Page) -> str:
    found: str = page.evaluate("document.activeElement.id")
    return found


def test_episodes_are_walked_chosen_and_acknowledged_by_keyboard(
    page: Page, address: str, database: Connection
) -> None:
    page.goto(f"{address}/episodes")
    for key in ("j", "j", "x", "j", "x", "k"):
        page.keyboard.press(key)
    assert focused(page) == "row-2"
    expect(page.locator("[data-chosen]")).to_have_text("Chosen: 2")
    page.keyboard.press("a")
    question = page.get_by_role("dialog", name="Acknowledge: really change 2 episodes at once?")
    question.get_by_role("button", name="Cancel").click()
    assert states(database) == ["open"] * 4
    page.get_by_role("button", name="Acknowledge").click()
    question.get_by_role("button", name="Change them").click()
    expect(page.get_by_role("status").filter(has_text="2 episodes were changed")).to_be_visible()
    assert states(database) == ["open", "acknowledged", "acknowledged", "open"]
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/episodes/e0")


def test_a_without_a_choice_acknowledges_the_row_of_the_focus(
    page: Page, address: str, database: Connection
) -> None:
    page.goto(f"{address}/episodes")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_url("**done=1*")
    assert states(database) == ["acknowledged", "open", "open", "open"]


def test_keys_are_told_and_can_be_turned_off_and_never_act_while_somebody_types(
    page: Page, address: str, database: Connection
) -> None:
    page.goto(f"{address}/episodes")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    dialog.get_by_label("single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert focused(page) != "row-1"
    page.keyboard.press("?")
    dialog.get_by_label("single keys are shortcuts").check()
    page.keyboard.press("Escape")
    page.get_by_label("Cause or note").focus()
    page.keyboard.type("jax")
    assert page.get_by_label("Cause or note").input_value() == "jax"
    assert states(database) == ["open"] * 4


def test_enter_in_a_field_does_nothing(page: Page, address: str, database: Connection) -> None:
    for path in ("/episodes", "/episodes/e0"):
        page.goto(address + path)
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.get_by_label("Cause or note").fill("was there")
        page.keyboard.press("Enter")
        page.reload()
        assert "done=" not in page.url
    cards = [episode_card(database, f"e{n}", scope=EVERYTHING) for n in range(4)]
    assert [card.revision for card in cards if card is not None] == [0, 0, 0, 0]


def test_all_that_pass_the_filters_can_be_closed_after_the_list_has_changed(
    page: Page, address: str, database: Connection
) -> None:
    page.goto(f"{address}/episodes")
    expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "pushed")
    save_episodes(database, [finding(id="new", meter="M-3", starts_at=NOW)])
    page.get_by_label("choose all 5 that pass the filters").check()
    expect(page.locator("[data-chosen]")).to_have_text("Chosen: 5")
    page.get_by_label("Cause or note").fill("fuse changed")
    page.get_by_role("button", name="Close", exact=True).click()
    question = page.get_by_role("dialog", name="Close: really change 5 episodes at once?")
    question.get_by_role("button", name="Change them").click()
    expect(page.get_by_role("status").filter(has_text="5 episodes were changed")).to_be_visible()
    assert states(database) == ["closed"] * 4


def test_a_row_that_somebody_else_changes_is_no_longer_chosen_and_that_is_said(
    page: Page, address: str, database: Connection
) -> None:
    page.goto(f"{address}/episodes")
    expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "pushed")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    change = EpisodeChange(at=NOW, person="Li", deed="acknowledged", detail="")
    fields = NewFields(state=EpisodeState.ACKNOWLEDGED, assignee=None, note=None)
    assert change_episode(database, "e0", fields, change, revision=0)
    told = page.locator("[data-chosen]")
    expect(told).to_have_text("Chosen: 1. No longer chosen, because somebody else changed them meanwhile: 1")
    expect(page.locator("tr.left [data-row]")).to_have_attribute("href", "/episodes/e0")
    page.locator("tr.left input").check()
    expect(told).to_have_text("Chosen: 2")


def test_a_new_episode_comes_into_the_list_and_the_choice_and_the_focus_stay(
    page: Page, address: str, database: Connection
) -> None:
    page.goto(f"{address}/episodes?sort=oldest")
    expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "pushed")
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    save_episodes(database, [finding(id="new", meter="M-3", starts_at=NOW)])
    expect(page.locator("[data-row]")).to_have_count(5)
    expect(page.locator("input[name=episodes]:checked")).to_have_value("e2@0")
    assert focused(page) == "row-2"


def test_the_inbox_fits_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a dictionary of the right keys
    for path in ("/episodes", "/episodes/e1", "/cases"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], path
