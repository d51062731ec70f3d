"""The pages over a real database: what an engineer reads there, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from dashboard.app import create_app
from detectors.usage.suspended_load import SuspendedLoad
from pipeline.contracts import Suspension
from pipeline.quantities import Quantity
from pipeline.registry import Registry, ServicePoint
from storage.database import connect
from storage.registry import save_registry
from tests.asgi_client import AsgiClient
from tests.fix_dashboard import LOW_VOLTAGE, NOW, PLANT, SILENT, browsing, save_episode
from tests.fix_windows import grid, volts

FLOW_OF_PAGE = {
    "/episodes": "abnormal_use",
    "/load": "load_statistics",
    "/forecasts": "forecasting",
    "/losses": "line_loss",
    "/quality": "power_quality",
}
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


@pytest.fixture(scope="module")
def suspended(client: httpx.Client) -> str:
    """The address of the episode of load during suspension."""
    found = client.get("/api/episodes", params={"detector": "suspended_load"}).json()
    assert found["total"] == 1
    return f"/episodes/{found['episodes'][0]['id']}"


def text_of(answer: httpx.Response) -> str:
    """What a reader sees, without tags."""
    assert answer.status_code == 200, answer.text
    without = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", without)


def test_the_overview_tells_the_success_rate_what_is_missing_and_why(client: httpx.Client) -> None:
    shown = text_of(client.get("/", headers=EN))
    assert "Reading success today" in shown
    assert re.search(r"9\d\.\d\d %", shown)
    assert "No answer 40 1 meter" in shown
    assert re.search(rf"{SILENT} Energy registers No answer 09:15 – 14:00 20 60", shown)
    assert "Load during suspension" in shown


def test_the_overview_is_chinese_for_a_chinese_browser(client: httpx.Client) -> None:
    shown = text_of(client.get("/", headers=ZH))
    for term in ("今日读表成功率", "漏抄原因", "无应答", "电能示值", "未结束异常", "暂停期间用电"):
        assert term in shown


def test_the_wish_in_the_address_beats_the_browser_and_is_remembered(client: httpx.Client) -> None:
    assert "总览" in text_of(client.get("/?lang=zh", headers=EN))
    assert "总览" in text_of(client.get("/", headers=EN))
    client.cookies.delete("kilowatch_language")
    assert "Overview" in text_of(client.get("/", headers=EN))


def test_the_language_switch_keeps_the_filters_of_the_address(client: httpx.Client) -> None:
    answer = client.get("/episodes?severity=minor&state=closed", headers=EN)
    assert 'href="/episodes?severity=minor&amp;state=closed&amp;lang=zh"' in answer.text


def test_a_silent_meter_is_found_by_its_state(client: httpx.Client) -> None:
    shown = text_of(client.get("/meters?state=silent", headers=EN))
    assert SILENT in shown
    assert PLANT not in shown


@pytest.mark.parametrize("search", ["华光", "sp-001", "202611200000", "东风路 11"])
def test_a_meter_is_found_by_customer_place_or_address(client: httpx.Client, search: str) -> None:
    assert PLANT in text_of(client.get("/meters", params={"q": search}, headers=EN))


def test_a_search_that_finds_nothing_says_what_to_do(client: httpx.Client) -> None:
    assert "No meter fits" in text_of(client.get("/meters?q=nowhere", headers=EN))


def test_a_meters_page_shows_plate_ratio_values_and_coverage(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{PLANT}?days=30", headers=EN))
    for part in ("CT 80 × PT 1", "Three-phase, four wires", "630 kVA", "Voltage, phase A", "ZT-2026-0117"):
        assert part in shown
    assert "24 min ago" in shown


def test_values_of_a_silent_meter_are_greyed(client: httpx.Client) -> None:
    assert '<tr class="stale">' in client.get(f"/meters/{SILENT}").text
    assert '<tr class="stale">' not in client.get(f"/meters/{PLANT}").text


def test_a_chart_is_told_its_curve_its_band_and_the_suspension(client: httpx.Client) -> None:
    html = client.get(f"/meters/{PLANT}", headers=ZH).text
    assert f"/api/meters/{PLANT}/load?since=2026-11-13T16" in html
    assert '"band": [204.6, 235.4]' in html
    assert '"kind": "suspension"' in html


def test_an_episode_tells_message_days_penalty_and_what_would_clear_it(
    client: httpx.Client, suspended: str
) -> None:
    shown = text_of(client.get(suspended, headers=EN))
    for part in ("up to 97.5 kW", "Penalty basis", "two-part tariff", "630 kVA", "What would clear it"):
        assert part in shown
    assert re.search(r"Sun 8 Nov Abnormal 9\d\.\d\d kW", shown)


def test_an_episode_is_told_in_chinese_down_to_its_evidence(client: httpx.Client, suspended: str) -> None:
    shown = text_of(client.get(suspended, headers=ZH))
    for part in ("暂停期间用电", "违约用电计费依据", "两部制电价", "如何消除", "区间电量", "11月8日周日"):
        assert part in shown


def test_a_voltage_episode_names_quantity_standard_and_place(client: httpx.Client) -> None:
    found = client.get("/api/episodes", params={"meter": LOW_VOLTAGE}).json()["episodes"][0]
    shown = text_of(client.get(f"/episodes/{found['id']}", headers=ZH))
    assert "GB/T 12325-2008" in shown
    assert "电压（B 相）" in shown
    assert "解放路 21 号" in shown  # from the meter's installation: the finding itself names only the meter


def test_a_suspension_without_a_meter_names_its_service_point_and_links_to_no_meter(
    plain_database_url: str,
) -> None:
    suspension = Suspension(id="ZT-1", service_point="SP-9", starts_at=NOW - timedelta(days=2), ends_at=None)
    archive = Registry(service_points=[ServicePoint(id="SP-9", name="新华路 3 号")], suspensions=[suspension])
    window = volts(grid(NOW - timedelta(days=1), 1), {Quantity.VOLTAGE_A: [[220.0] * 96]})
    (episode,) = SuspendedLoad().detect(window, archive)
    with connect(plain_database_url) as connection:
        save_registry(connection, archive)
        save_episode(connection, episode)
    with browsing(create_app(plain_database_url, clock=lambda: NOW)) as client:
        for path in ("/episodes", f"/episodes/{episode.id}"):
            answer = client.get(path, headers=EN)
            assert "新华路 3 号" in text_of(answer)
            assert 'href="/meters/' not in answer.text


def test_filters_stand_in_the_address_and_narrow_the_list(client: httpx.Client) -> None:
    everything = text_of(client.get("/episodes", headers=EN))
    minor = text_of(client.get("/episodes?severity=minor", headers=EN))
    assert "31 episodes" in everything
    assert "30 episodes" in minor
    assert "Load during suspended" not in minor
    assert "1 episode " in text_of(client.get("/episodes?state=open", headers=EN))
    assert "No episode passes" in text_of(client.get("/episodes?verdict=unknown", headers=EN))


def test_what_does_not_exist_says_so_and_leads_back(client: httpx.Client) -> None:
    for path in ("/meters/none", "/episodes/none", "/none"):
        answer = client.get(path, headers=EN)
        assert answer.status_code == 404
        assert "There is nothing here" in answer.text


def test_an_address_that_does_not_fit_names_the_part(client: httpx.Client) -> None:
    answer = client.get(f"/meters/{PLANT}?last=tomorrow", headers=EN)
    assert answer.status_code == 422
    assert "last:" in answer.text


def test_ids_from_the_address_are_shown_as_text_and_never_as_markup(client: httpx.Client) -> None:
    answer = client.get("/meters", params={"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_browsers_are_told_to_stay_with_tls_where_they_came_over_it() -> None:
    app = create_app("postgresql://nowhere.invalid/none", clock=lambda: NOW)
    plain = AsgiClient(app, "http://kw.example").get("/health")
    secure = AsgiClient(app, "https://kw.example").get("/health")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in plain.headers


def test_pages_are_light(client: httpx.Client, suspended: str) -> None:
    for path in ("/", "/meters", f"/meters/{PLANT}", "/episodes", suspended):
        assert len(client.get(path).content) < 80_000, path


def test_an_empty_database_says_how_to_begin(plain_database_url: str) -> None:
    with browsing(create_app(plain_database_url, clock=lambda: NOW)) as client:
        assert "kilowatch registry import" in text_of(client.get("/", headers=EN))
        assert "kilowatch demo" in text_of(client.get("/meters", headers=EN))
        for path, flow in FLOW_OF_PAGE.items():
            shown = text_of(client.get(path, headers=EN))
            assert f"kilowatch flows serve runs {flow} on its schedule" in shown, path
            assert f"kilowatch flows run {flow}." in shown, path
            assert "kilowatch detect" not in shown, path


def test_a_full_width_search_finds_and_a_head_says_what_a_page_would(client: httpx.Client) -> None:
    wide = "".join(chr(ord(each) + 0xFEE0) for each in PLANT)
    assert [meter["meter"] for meter in client.get("/api/meters", params={"q": wide}).json()] == [PLANT]
    page, head = client.get("/meters", params={"q": wide}), client.head("/meters", params={"q": wide})
    assert f">{PLANT}<" in page.text
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == page.headers["content-type"]


def test_the_plate_leads_to_customer_area_load_bills_and_forecast(client: httpx.Client) -> None:
    shown = client.get(f"/meters/{PLANT}", headers=EN).text
    for address in (
        f"/customers/{quote('华光铸造有限公司')}",
        "/areas/TA-01",
        "/load?q=SP-001",
        "/bills?point=SP-001",
        f"/forecasts?q={PLANT}",
    ):
        assert f'href="{address}"' in shown, address
        assert client.get(address).status_code == 200, address
