"""Incidents in a real browser: read on a phone, and acknowledged by keyboard in either language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from pipeline.alarms.records import AlarmChannel, AlarmRoute, ChannelKind
from pipeline.model import EVERYTHING
from pipeline.registry import Registry
from services.alarm_settings import AlarmSettings
from services.alarms import look
from storage.dashboard_incidents import IncidentFilter, incident_cards
from storage.database import connect
from storage.registry import save_registry
from tests.fix_dashboard import NOW, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE_WIDTH = 375


@pytest.fixture(scope="module")
def incident(city_url: str) -> Iterator[str]:
    """The address of the gravest incident of the city, told to one channel and held back for another."""
    with connect(city_url) as connection:
        channels = [
            AlarmChannel(id=name, kind=ChannelKind.EMAIL, address="a@b") for name in ("duty", "chief")
        ]
        routes = [
            AlarmRoute(id="all", channels=("duty",)),
            AlarmRoute(id="chief", channels=("chief",), after_min=60),
        ]
        save_registry(connection, Registry(alarm_channels=channels, alarm_routes=routes))
        look(connection, AlarmSettings(), NOW)
        first = incident_cards(connection, IncidentFilter(), scope=EVERYTHING, limit=1)[0]
    with serving(create_app(city_url, clock=lambda: NOW + timedelta(minutes=5))) as address:
        yield f"{address}/incidents/{first.id}"


def test_an_incident_is_acknowledged_by_keyboard(page: Page, incident: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type != "log" else None)
    page.goto(f"{incident}?lang=en")
    page.get_by_label("What is being done").focus()
    page.keyboard.type("crew is on its way")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Change the note")).to_be_visible()
    expect(page.get_by_text("Held back")).to_have_count(0)
    expect(page.get_by_text("tester (tester@")).to_be_visible()
    assert said == []


def test_a_list_that_stays_open_shows_what_comes(page: Page, incident: str, city_url: str) -> None:
    page.goto(f"{incident.partition('/incidents/')[0]}/incidents?lang=en")
    rows = page.get_by_role("row")
    before = rows.count()
    with connect(city_url) as connection:
        connection.execute(
            "INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, reopened, areas, "
            "signals, meters) VALUES ('new', 'communication', 'bus rs485-09', 40, 'open', now(), now(), 0, "
            "'{TA-01}', 1, 8)"
        )
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(rows).to_have_count(before + 1)
    expect(page.get_by_text("rs485-09")).to_be_visible()
    page.goto(f"{incident.partition('/incidents/')[0]}/incidents/new?lang=en")
    note = page.get_by_label("What is being done")
    note.fill("half a sen")
    with connect(city_url) as connection:
        connection.execute("UPDATE incident SET meters = 77 WHERE id = 'new'")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("77")).to_be_visible()
    expect(note).to_have_value("half a sen")


def test_a_long_link_in_a_note_keeps_to_a_phone(browser: Browser, incident: str, city_url: str) -> None:
    with connect(city_url) as connection:
        connection.execute("UPDATE incident SET note = 'https://grid.example/' || repeat('a1', 70)")
    context = browser.new_context(viewport={"width": PHONE_WIDTH, "height": 812})
    page = context.new_page()
    for address in (incident, f"{incident.partition('/incidents')[0]}/find?q={'x9' * 90}"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH, address
    context.close()


def test_incidents_are_reached_from_every_page_and_fit_a_phone(browser: Browser, incident: str) -> None:
    context = browser.new_context(viewport={"width": PHONE_WIDTH, "height": 812}, locale="zh-CN")
    page = context.new_page()
    page.goto(incident.partition("/incidents")[0])
    page.get_by_role("navigation").get_by_role("link", name="告警", exact=True).click()
    expect(page.get_by_role("heading", name="告警", level=1)).to_be_visible()
    for address in (page.url, incident):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH, address
    context.close()
