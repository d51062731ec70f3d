"""One slot explained on the meter's page and for programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.frames import RawFrame, RawMessage
from pipeline.model import MeterId, Scope
from storage.database import connect
from storage.raw_frames import keep_raw_frames
from tests.fix_dashboard import NOW, PLANT, SILENT, browsing
from tests.meter_records import add_raw_frames

MOVED = "M-1003"
"""It hangs where it does from 10 November on."""
BERLIN = "M-2001"
"""Its clock repeated the hour from 02:00 on 25 October."""
MODBUS, PUSHED = MeterId("M-3001"), MeterId("M-4001")
"""Read through a Modbus gateway, and pushing over MQTT."""
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}


SLOT = NOW.replace(minute=0, second=0)
# The example of "Modbus Application Protocol" V1.1b3, 6.3, behind a header of Modbus TCP: three holding
# registers from 108 on, which hold 555, 0 and 100.
MODBUS_READ = RawMessage(
    received_at=SLOT + timedelta(seconds=6),
    slot_at=SLOT,
    source="modbus-01",
    meters=(MODBUS,),
    frames=(
        RawFrame(
            "3:107+3",
            SLOT + timedelta(seconds=5),
            SLOT + timedelta(seconds=5.25),
            bytes.fromhex("00 01 00 00 00 06 11 03 00 6B 00 03"),
            bytes.fromhex("00 01 00 00 00 09 11 03 06 02 2B 00 00 00 64"),
        ),
    ),
)
MQTT_MESSAGE = RawMessage(
    received_at=SLOT + timedelta(seconds=7),
    slot_at=SLOT,
    source="meters/M-4001",
    meters=(PUSHED,),
    frames=(
        RawFrame("", None, SLOT + timedelta(seconds=7), b"", '{"表号": "M-4001", "ua": 229.4}'.encode()),
    ),
)


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with connect(city_url) as connection:
        add_raw_frames(connection)
        keep_raw_frames(connection, [MODBUS_READ, MQTT_MESSAGE])
        connection.execute(
            "UPDATE installation SET starts_at = '2026-11-10T00:00Z' WHERE meter_id = "
            "(SELECT meter_id FROM meter WHERE id = %s)",
            (MOVED,),
        )
        connection.execute("INSERT INTO area (id, name, zone) VALUES ('berlin', 'B', 'Europe/Berlin')")
        connection.execute("UPDATE service_point SET area = 'berlin' WHERE id = 'SP-009'")
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_a_slot_is_explained_from_what_was_due_to_what_counts(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{PLANT}/slot?at=2026-11-20T10:05", headers=EN))
    for part in (
        "20 Nov 2026 10:00 – 10:15",
        "In time · 1 attempt",
        "CT 80 · PT 1 · × 80",
        "the raw value stands",
    ):
        assert part in shown
    assert re.search(r"\(13,468.23 - 13,467.97\) × 80 = 20.8000 kWh", shown)


def test_a_silent_slot_tells_why_nothing_came(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{SILENT}/slot?at=2026-11-20T13:00", headers=ZH))
    assert "漏抄, 无应答" in shown
    assert "没有读数" in shown


def test_without_a_time_the_last_slot_that_is_over_is_shown(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{PLANT}/slot", headers=EN))
    assert "20 Nov 2026 14:00 – 14:15" in shown
    assert "Slot after" not in shown


def test_the_frames_of_a_slot_are_told_field_by_field(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{PLANT}/slot", headers=EN))
    assert "02010100 · 14:00:03 · answered after 100 ms" in shown
    assert "68 00 00 20 11 26 20 68 91 06 33 34 34 35 A6 55" in shown
    assert "address 202611200000" in shown
    assert "0203FF00 · 14:00:05 · no answer taken" in shown
    raw = client.get(f"/api/meters/{PLANT}/chain", params={"at": "2026-11-20T06:00:00Z"}).json()["raw"]
    assert raw[0]["frames"][0]["answered"]["fields"]["address"] == "202611200000"
    assert raw[0]["frames"][1]["answered"]["error"]


def test_a_modbus_exchange_is_told_field_by_field(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{MODBUS}/slot", headers=EN))
    assert "modbus-01 · 20 Nov 2026 14:00:06" in shown
    assert "3:107+3 · 14:00:05 · answered after 250 ms" in shown
    assert "00 01 00 00 00 06 11 03 00 6B 00 03" in shown
    assert "00 01 00 00 00 09 11 03 06 02 2B 00 00 00 64" in shown
    assert "protocol modbus tcp" in shown.lower()
    assert re.search(r"registers\W+022B\W+0000\W+0064", unescape(shown))


def test_a_pushed_message_is_told_as_its_text(client: httpx.Client) -> None:
    shown = unescape(text_of(client.get(f"/meters/{PUSHED}/slot", headers=EN)))
    assert "meters/M-4001 · 20 Nov 2026 14:00:07" in shown
    assert "message of 33 bytes" in shown
    assert '{"表号": "M-4001", "ua": 229.4}' in shown


@pytest.mark.parametrize(
    ("meter", "words", "setting"),
    [
        (PLANT, "未保存报文", "KILOWATCH_KEEP_RAW_FRAMES"),
        (MODBUS, "未保存报文", "KILOWATCH_KEEP_RAW_FRAMES"),
        (PUSHED, "未保存消息", "KILOWATCH_KEEP_RAW_PAYLOADS"),
    ],
)
def test_a_slot_without_frames_says_why_and_names_the_setting(
    client: httpx.Client, meter: str, words: str, setting: str
) -> None:
    shown = text_of(client.get(f"/meters/{meter}/slot?at=2026-11-01T00:00", headers=ZH))
    assert words in shown
    assert re.findall(r"KILOWATCH_\w+", shown) == [setting]


def test_the_hour_that_comes_twice_is_walked_through_slot_by_slot(client: httpx.Client) -> None:
    def shown(at: str) -> tuple[str, list[str]]:
        html = client.get(f"/meters/{BERLIN}/slot", params={"at": at}, headers=EN).text
        links = re.findall(r'rel="(?:prev|next)" href="[^"]*?at=([^"]*)"', html)
        return re.findall(r'name="at" value="([^"]*)"', html)[0], [unquote(link) for link in links]

    # Winter time begins at 03:00 of summer time: 02:45+02:00 is followed by 02:00+01:00.
    first, second = shown("2026-10-25T02:45"), shown("2026-10-25T02:00+01:00")
    assert first == ("2026-10-25T02:45", ["2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00"])
    assert second == ("2026-10-25T02:00", ["2026-10-25T02:45+02:00", "2026-10-25T02:15+01:00"])
    assert shown("2026-10-25T01:15:00Z")[1][0] == "2026-10-25T02:00+01:00"
    told = text_of(client.get(f"/meters/{BERLIN}/slot?at=2026-10-25T02:45", headers=EN))
    assert "25 Oct 2026 02:45 UTC+2 – 02:00 UTC+1 Europe/Berlin (UTC+2)" in told


def test_a_slot_before_the_meter_came_to_the_callers_area_is_not_there(city_url: str) -> None:
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-01"}))
    with browsing(app) as narrow:
        assert narrow.get(f"/meters/{MOVED}/slot?at=2026-11-12T00:00").status_code == 200
        for path in (
            f"/meters/{MOVED}/slot?at=2026-11-08T00:00",
            f"/api/meters/{MOVED}/chain?at=2026-11-08T00:00:00Z",
        ):
            answer = narrow.get(path, headers=EN)
            assert answer.status_code == 404
            assert "hung in none of your areas" in answer.text


def test_a_program_gets_the_same_chain(client: httpx.Client) -> None:
    found = client.get(f"/api/meters/{PLANT}/chain", params={"at": "2026-11-20T02:05:00Z"}).json()
    assert (found["from"], found["minutes"]) == ("2026-11-20T02:00:00+00:00", 15)
    assert found["ratio"] == {"ct": 80.0, "pt": 1.0, "already_primary": False, "factor": 80.0}


@pytest.mark.parametrize(
    "path",
    [
        f"/meters/{PLANT}/slot?at=2026-13-01T00:00",
        f"/meters/{PLANT}/slot?at=noon",
        f"/api/meters/{PLANT}/chain",
        f"/api/meters/{PLANT}/chain?at=2030-01-01T00:00:00Z",
        f"/api/meters/{PLANT}/chain?at=0001-01-01T00:00:00Z",
        f"/meters/{PLANT}/slot?at=0001-01-01T00:00",
        f"/meters/{PLANT}/slot?at=0001-01-01T00:00:00%2B08:00",
        f"/meters/{PLANT}/registers?last=0001-01-05",
        f"/meters/{PLANT}/electrical?last=0001-01-01",
        f"/meters/{PLANT}/harmonics?at=0001-01-01T00:00:00%2B08:00",
        f"/meters/{PLANT}?last=0001-01-01",
    ],
)
def test_a_time_that_does_not_fit_is_refused(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 422


def test_where_nobody_filled_in_anything_the_address_is_what_does_not_fit(client: httpx.Client) -> None:
    early = client.get(f"/meters/{PLANT}/slot?at=1960-01-01T00:00", headers={"Accept-Language": "en"})
    assert (early.status_code, "<h1>This address does not fit</h1>" in early.text) == (422, True)


def test_strangers_see_no_chain(city_url: str) -> None:
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-02"}))
    with browsing(app) as stranger:
        assert stranger.get(f"/meters/{PLANT}/slot").status_code == 404
        assert stranger.get(f"/api/meters/{PLANT}/chain?at=2026-11-20T02:05:00Z").status_code == 404
