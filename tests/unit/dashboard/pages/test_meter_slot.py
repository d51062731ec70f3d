"""One slot explained on the meter's page and for programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from storage.database import connect
from tests.fix_dashboard import NOW, PLANT, SILENT, browsing
from tests.meter_records import add_raw_frames

EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with connect(city_url) as connection:
        add_raw_frames(connection)
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


def test_a_slot_without_frames_says_why(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{PLANT}/slot?at=2026-11-01T00:00", headers=ZH))
    assert "未保存报文" in shown


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
    ],
)
def test_a_time_that_does_not_fit_is_refused(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 422


def test_strangers_see_no_chain(city_url: str) -> None:
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-02"}))
    with browsing(app) as stranger:
        assert stranger.get(f"/meters/{PLANT}/slot").status_code == 404
        assert stranger.get(f"/api/meters/{PLANT}/chain?at=2026-11-20T02:05:00Z").status_code == 404
