"""The audit as an administrator reads it: filtered, page by page, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from storage.access_events import add_event
from storage.database import connect
from tests.fix_dashboard import NOW, browsing

EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh"}


@pytest.fixture(scope="module")
def client(bills_url: str) -> Iterator[httpx.Client]:
    with connect(bills_url) as connection:
        for n in range(130):
            add_event(connection, "login", NOW, account=f"a{n % 2}", address="192.0.2.7")
        change = {"role": "viewer"}
        add_event(connection, "account changed", NOW, account="a1", address="::1", subject="li", after=change)
        add_event(connection, "login refused", NOW, account="", address="::1", subject="<script>alert(1)")
    with browsing(create_app(bills_url, clock=lambda: NOW)) as client:
        yield client


def test_lines_are_narrowed_and_paged(client: httpx.Client) -> None:
    first = client.get("/audit", headers=EN).text
    assert "132 lines" in first
    assert "Role: Viewer" in first
    assert "1 / 2" in first
    narrowed = client.get("/audit?event=account+changed&account=a1", headers=EN).text
    assert "1 line" in narrowed
    assert "No line passes" in client.get("/audit?account=nobody", headers=EN).text
    assert client.get("/audit?account=a%00").status_code == 400


def test_it_is_told_in_chinese(client: httpx.Client) -> None:
    told = client.get("/audit", headers=ZH).text
    assert "登录被拒" in told
    assert "角色：查看" in told


def test_what_somebody_typed_is_text(client: httpx.Client) -> None:
    assert "<script>alert" not in client.get("/audit").text


def test_programs_read_it_too(client: httpx.Client) -> None:
    found = client.get("/api/audit?limit=2").json()
    assert found["total"] == 132
    assert [line["event"] for line in found["lines"]] == ["login refused", "account changed"]
    assert found["lines"][1]["after"] == {"role": "viewer"}
