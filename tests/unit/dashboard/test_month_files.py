"""The files of a meter's month lead to exports that answer, whatever its wiring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import httpx
import pytest

from dashboard.app import create_app
from dashboard.month_files import month_files
from pipeline.registry import Wiring
from tests.fix_dashboard import NOW, PLANT, browsing

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def test_a_month_begins_and_ends_by_the_local_calendar_and_goes_no_further_than_now() -> None:
    (intervals, *_) = month_files("M 1", Wiring.ONE_PHASE, date(2026, 10, 20), now=NOW, zone=SHANGHAI)
    assert intervals.addresses["CSV"] == (
        "/api/export/intervals?meter=M+1&since=2026-09-30T16%3A00%3A00%2B00%3A00"
        "&until=2026-10-31T16%3A00%3A00%2B00%3A00&format=csv"
    )
    (running, *_) = month_files("M", Wiring.ONE_PHASE, date(2026, 11, 20), now=NOW, zone=SHANGHAI)
    assert "until=2026-11-20T06%3A24%3A10" in running.addresses["Parquet"]


@pytest.mark.parametrize("wiring", Wiring)
def test_every_file_answers(client: httpx.Client, wiring: Wiring) -> None:
    for file in month_files(PLANT, wiring, date(2026, 11, 1), now=NOW, zone=SHANGHAI):
        table = client.get(file.addresses["CSV"])
        assert table.status_code == 200, table.text
        assert table.text.startswith("meter_id,")
        assert client.get(file.addresses["Parquet"]).content[:4] == b"PAR1"


def test_the_page_of_a_meter_leads_to_the_month_that_it_shows(client: httpx.Client) -> None:
    shown = client.get(f"/meters/{PLANT}?days=1&last=2026-10-25").text
    assert "2026-10" in shown
    assert "/api/export/intervals?meter=M-1001&amp;since=2026-09-30T16" in shown
