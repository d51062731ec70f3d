"""One area over a real database: its meters, supply, loss, voltages and episodes, for who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from storage.database import connect
from tests.fix_dashboard import LOW_VOLTAGE, NOW, PLANT, SILENT, browsing

PRIMARY = "M-3001"
"""Its profile, eastron_sdm630, shows primary values."""
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with connect(city_url) as connection:
        connection.execute(
            "INSERT INTO area_member (area, service_point, role, sign) "
            "VALUES ('TA-01', 'SP-001', 'supply', 1)"
        )
        connection.execute("INSERT INTO transformer (id, area, capacity_kva) VALUES ('T-1', 'TA-01', 630)")
        connection.execute(
            "INSERT INTO area_day (area, day, verdict, loss_kwh, loss_percent, fed_in_kwh, members, known, "
            "by_register, slot_coverage, missing, missing_supplies) VALUES "
            "('TA-01', '2026-11-18', 'high', 91.5, 12.25, 0, 15, 15, 0, 1, '{}', '{}')"
        )
        connection.execute(
            "UPDATE electrical_reading SET voltage_b = 197.5 WHERE taken_at > %s AND meter_id = "
            "(SELECT meter_id FROM meter WHERE id = %s)",
            (NOW.replace(hour=5), LOW_VOLTAGE),
        )
        connection.execute(
            "UPDATE electrical_reading SET voltage_ab = 400, voltage_bc = 401 WHERE meter_id = "
            "(SELECT meter_id FROM meter WHERE id = %s)",
            (PLANT,),
        )
        connection.execute(
            "UPDATE electrical_reading SET voltage_a = 2300, voltage_b = 2310, voltage_c = 2040 "
            "WHERE meter_id = (SELECT meter_id FROM meter WHERE id = %s)",
            (PRIMARY,),
        )
        connection.execute(
            "INSERT INTO ratio (meter_id, ct, pt) SELECT meter_id, 1, 10 FROM meter WHERE id = %s",
            (PRIMARY,),
        )
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_an_area_tells_its_meters_supply_loss_and_episodes(client: httpx.Client) -> None:
    shown = text_of(client.get("/areas/TA-01", headers=EN))
    assert "transformer T-1 630 kVA" in shown
    assert "12.25 % Line loss high, Wed 18 Nov" in shown
    assert re.search(r"Supply meters M-1001 · 东风路 11 号", shown)
    assert "Load during suspension" in shown
    assert re.search(rf"{SILENT} Silent", shown)


def test_voltages_outside_their_band_come_first(client: httpx.Client) -> None:
    shown = text_of(client.get("/areas/TA-01", headers=EN))
    assert re.search(rf"permitted band V Read {LOW_VOLTAGE} 197.5 2\d\d.\d 204.6 – 235.4 outside", shown)
    # The plant's meter reads line voltages of 400 V too; its band, 204.6 to 235.4 V, is for its phases.
    assert "1 / 15 meters outside their band" in shown


def test_a_meter_that_shows_primary_voltages_is_judged_on_that_side(client: httpx.Client) -> None:
    shown = text_of(client.get("/areas/TA-02", headers=EN))
    # 220 V -7 % and +7 %, behind PT 10.
    assert re.search(rf"{PRIMARY} 2,040.0 2,310.0 2,046.0 – 2,354.0 outside", shown)
    assert '"band": [2046.0, 2354.0]' in unescape(client.get(f"/meters/{PRIMARY}", headers=EN).text)


def test_the_overview_leads_to_the_area_and_says_what_is_wrong_there(client: httpx.Client) -> None:
    html = client.get("/", headers=EN).text
    assert 'class="area area-critical" href="/areas/TA-01"' in html
    assert "东风一台区" in text_of(client.get("/areas/TA-01", headers=ZH))
    assert PLANT in html


def test_an_area_that_is_not_there_or_not_to_be_seen_is_told_alike(
    client: httpx.Client, city_url: str
) -> None:
    assert client.get("/areas/none").status_code == 404
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-02"}))
    with browsing(app) as stranger:
        assert stranger.get("/areas/TA-01").status_code == 404
        assert stranger.get("/areas/TA-02").status_code == 200


def test_where_no_loss_is_known_nothing_leads_to_its_page(client: httpx.Client) -> None:
    with_loss, without = (client.get(f"/areas/{area}", headers=EN) for area in ("TA-01", "TA-02"))
    assert (with_loss.status_code, without.status_code) == (200, 200)
    assert re.search(r'href="/losses/TA-01">12\.25 %</a>', with_loss.text)
    assert client.get("/losses/TA-02").status_code == 404
    assert "/losses/TA-02" not in without.text
