"""The pages in a real browser: curves are drawn, the language switches, a phone does not scroll sideways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from dashboard.navigation import NAVIGATION
from pipeline.model import Episode, Json, Severity, Verdict
from services.cases import work_out_cases
from storage.database import connect
from tests.fix_dashboard import LOW_VOLTAGE, NOW, PLANT, SILENT, save_episode, serving
from tests.meter_records import add_meter_records
from tests.tester import TESTERS_COOKIES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE_WIDTH = 375


@pytest.fixture(scope="module")
def address(city_url: str) -> Iterator[str]:
    """Serve the dashboard on a free port of the loopback address."""
    with serving(create_app(city_url, clock=lambda: NOW)) as address:
        yield address


@pytest.fixture
def said(page: Page) -> list[str]:
    """What the browser's console says: warnings and errors."""
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text) if message.type != "log" else None)
    return lines


def first_episode(address: str, detector: str) -> str:
    answer = httpx.get(f"{address}/api/episodes?detector={detector}&limit=1", cookies=TESTERS_COOKIES)
    found: dict[str, Any] = answer.json()  # Any: JSON
    return f"{address}/episodes/{found['episodes'][0]['id']}"


def wait_for_charts(page: Page) -> None:
    # A locator, because the pages forbid what a function written as text would need.
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)


def points(page: Page) -> list[int]:
    wait_for_charts(page)
    return [int(f.get_attribute("data-points") or 0) for f in page.locator("[data-chart]").all()]


def test_a_meters_curves_are_drawn(page: Page, address: str, said: list[str]) -> None:
    page.goto(f"{address}/meters/{PLANT}?days=7")
    load, voltage = points(page)
    assert load > 600
    assert voltage > 1800
    assert page.locator(".uplot canvas").count() == 2
    assert said == []


def test_the_span_is_chosen_in_the_address(page: Page, address: str) -> None:
    page.goto(f"{address}/meters/{PLANT}")
    week = points(page)[0]
    page.get_by_role("link", name="30 days").click()
    page.wait_for_url("**/meters/*days=30*")
    assert points(page)[0] > 3 * week


def test_a_time_without_data_says_what_to_do_instead_of_an_empty_chart(page: Page, address: str) -> None:
    page.goto(f"{address}/meters/{PLANT}?days=1&last=2026-01-01")
    assert points(page) == [0, 0]
    assert page.get_by_text("No intervals in this span").is_visible()
    assert page.locator(".uplot").count() == 0


@pytest.mark.parametrize("detector", ["suspended_load", "voltage_deviation"])
def test_an_episodes_evidence_is_drawn(page: Page, address: str, said: list[str], detector: str) -> None:
    page.goto(first_episode(address, detector))
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] == width[1]
    assert points(page)[0] > 100
    assert page.get_by_role("heading", name="What would clear it").is_visible()
    assert said == []


def test_the_language_is_switched_and_stays(page: Page, address: str, said: list[str]) -> None:
    page.goto(f"{address}/episodes?severity=minor")
    assert page.get_by_role("heading", name="Episodes").is_visible()
    page.get_by_role("link", name="中文").click()
    page.wait_for_url("**lang=zh**")
    assert page.get_by_role("heading", name="异常").is_visible()
    assert "severity=minor" in page.url
    page.get_by_role("link", name="电表", exact=True).click()
    assert page.get_by_role("heading", name="电表").is_visible()
    assert said == []


def test_filters_go_into_the_address_and_back_from_it(page: Page, address: str) -> None:
    page.goto(f"{address}/episodes")
    page.get_by_label("Severity").select_option("critical")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**severity=critical**")
    assert page.locator("table.rows tbody tr").count() == 1
    assert page.get_by_label("Severity").input_value() == "critical"


def test_one_walks_from_a_finding_to_its_meter_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_role("link", name="Load during suspension").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/episodes/*")
    page.get_by_role("link", name=PLANT).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/meters/{PLANT}*")


def test_a_finding_is_filed_by_keyboard(page: Page, address: str, city_url: str, said: list[str]) -> None:
    with connect(city_url) as connection:
        work_out_cases(connection, NOW)
    page.goto(f"{address}/cases?standing=waiting")
    page.locator(".customer a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/*")
    page.get_by_role("radio", name="Not confirmed").focus()
    page.keyboard.press("Space")
    page.get_by_label("Cause found").fill("fuse changed")
    page.get_by_label("Your name").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("fuse changed").first).to_be_visible()
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] == width[1]
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": PHONE_WIDTH, "height": 812},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="zh-CN",
    )
    page = context.new_page()
    suspended = first_episode(address, "suspended_load")
    for path in (
        "/",
        "/meters",
        f"/meters/{PLANT}",
        f"/meters/{LOW_VOLTAGE}",
        "/episodes",
        "/cases",
        "/none",
    ):
        page.goto(address + path)
        wait_for_charts(page)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH, path
    page.goto(suspended)
    wait_for_charts(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH
    context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_the_entry_of_the_page_stands_in_view(
    browser: Browser, address: str, language: str
) -> None:
    context = browser.new_context(viewport={"width": PHONE_WIDTH, "height": 812})
    page = context.new_page()
    for entry in (NAVIGATION[0], NAVIGATION[len(NAVIGATION) // 2], NAVIGATION[-1]):
        page.goto(f"{address}{entry.path}?lang={language}")
        here = page.locator(".top nav [aria-current]")
        box = here.bounding_box()
        assert box is not None
        assert box["x"] >= 0, entry
        assert box["x"] + box["width"] <= PHONE_WIDTH, entry
        assert page.evaluate("[scrollX, scrollY]") == [0, 0]
    # With the keyboard too: whatever has the focus is in view, with the whole of its outline.
    page.locator(".brand").focus()
    for entry in NAVIGATION:
        page.keyboard.press("Tab")
        focused = page.locator(".top nav a:focus-visible")
        expect(focused).to_have_attribute("href", entry.path)
        box = focused.bounding_box()
        assert box is not None
        assert box["x"] >= 0, entry
        assert box["x"] + box["width"] <= PHONE_WIDTH, entry
        assert focused.evaluate("(link) => getComputedStyle(link).outlineOffset") == "-2px"
    context.close()


def test_without_events_the_page_renews_itself_every_ten_seconds(page: Page, address: str) -> None:
    page.clock.install()
    page.route("**/api/live*", lambda route: route.abort())
    page.goto(f"{address}/")
    page.evaluate("document.querySelector('[data-live=figures]').innerHTML = 'old'")
    with page.expect_response(f"{address}/"):
        page.clock.run_for(10_500)
    expect(page.locator("[data-live=figures]")).to_contain_text("Meters")
    expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "polled")


def test_a_lost_connection_is_shown(page: Page, address: str) -> None:
    page.clock.install()
    page.goto(f"{address}/")
    expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "pushed")
    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(30_500)
    page.wait_for_selector(".live.lost")


def test_the_names_of_close_limits_do_not_lie_on_one_another(page: Page, address: str, city_url: str) -> None:
    # 0.025, 0.15 and 0.25 A under currents of 2 A are a few points apart on the page.
    times = [(NOW - timedelta(minutes=15 * n)).isoformat() for n in range(96, 0, -1)]
    currents: dict[str, Json] = {
        "unit": "A",
        "minutes": 15,
        "limits": {"trigger": 0.025, "restore": 0.15, "others": 0.25},
        "lines": {"current_a": [[at, 2.0] for at in times], "current_c": [[at, 0.0] for at in times]},
    }
    episode = Episode(
        id="close-limits",
        detector="current_loss",
        version=1,
        meter=PLANT,
        service_point="SP-001",
        starts_at=NOW - timedelta(hours=20),
        ends_at=NOW - timedelta(hours=4),
        detected_at=NOW,
        verdict=Verdict.ABNORMAL,
        severity=Severity.CRITICAL,
        score=1.0,
        energy_kwh=None,
        message="episode.current_loss_without_powers",
        parameters={"phase": "C", "hours": 16.0, "others_a": 2.0},
        evidence={"currents": currents},
    )
    with connect(city_url) as connection:
        save_episode(connection, episode)
    page.goto(f"{address}/episodes/{episode.id}")
    wait_for_charts(page)
    names: list[dict[str, float]] = json.loads(
        page.locator("[data-chart]").get_attribute("data-limit-names") or ""
    )
    assert len(names) == 3
    assert [name["top"] for name in names] == sorted(name["top"] for name in names)
    for one, other in combinations(names, 2):
        beside = one["right"] <= other["left"] or other["right"] <= one["left"]
        assert beside or one["bottom"] <= other["top"] or other["bottom"] <= one["top"]


def test_the_parts_of_a_meter_are_reached_by_their_tabs_and_fit_a_phone(
    browser: Browser, address: str, city_url: str
) -> None:
    with connect(city_url) as connection:
        add_meter_records(connection)
    context = browser.new_context(viewport={"width": PHONE_WIDTH, "height": 812}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/meters/{PLANT}")
    for name, heading in (
        ("电流与功率", "电流"),
        ("谐波", "谐波电压"),
        ("电能示值", "每日末示值"),
        ("事件", "电表自身事件记录"),
        ("采集完整率", "11月20日"),
    ):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_text(heading).first).to_be_visible()
        wait_for_charts(page)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH, name
    context.close()


def test_a_meters_powers_are_drawn(page: Page, address: str, said: list[str]) -> None:
    page.goto(f"{address}/meters/{PLANT}/electrical?days=1")
    current, active, *_ = points(page)
    assert current > 150
    assert active > 50
    assert said == []


def test_the_list_is_narrowed_and_ordered_by_keyboard(page: Page, address: str, said: list[str]) -> None:
    page.goto(f"{address}/meters")
    page.get_by_label("Area").select_option("TA-01")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**area=TA-01**")
    assert page.locator("table.rows tbody tr").count() == 16
    page.get_by_role("link", name="Newest").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**area=TA-01**sort=newest**")
    expect(page.locator("table.rows tbody tr").first).to_contain_text(SILENT)
    assert said == []
