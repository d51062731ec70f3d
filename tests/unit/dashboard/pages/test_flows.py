"""The page of flows: schedules in words, runs and what is late, and what it says without a server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from tests.fake_prefect import DEPLOYMENT, RUN, FakePrefect, fake_prefect
from tests.fix_dashboard import NOW, browsing
from tests.unit.dashboard.test_pages import text_of

EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePrefect]:
    with fake_prefect() as fake:
        monkeypatch.setenv("PREFECT_API_URL", fake.url)
        yield fake


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def test_schedules_are_told_in_words_and_runs_link_to_prefects_pages(
    client: httpx.Client, server: FakePrefect
) -> None:
    answer = client.get("/flows", headers=EN)
    shown = text_of(answer)
    assert "Remote reading remote_reading/field every hour at minute 7, 22 Asia/Shanghai" in shown
    assert "Completed 12.5 s" in shown
    root = server.url.removesuffix("/api")
    assert f'href="{root}/deployments/deployment/{DEPLOYMENT}"' in answer.text
    assert f'href="{root}/runs/flow-run/{RUN}"' in answer.text
    assert "每小时第 7, 22 分" in text_of(client.get("/flows", headers=ZH))


def test_what_is_late_or_failed_is_told_with_the_next_step(client: httpx.Client, server: FakePrefect) -> None:
    server.late, server.last_state = 3, "Failed"
    shown = text_of(client.get("/flows", headers=EN))
    assert "3 runs late" in shown
    assert "waits for a worker: start kilowatch flows serve" in shown
    (flow,) = client.get("/api/flows").json()["flows"]
    assert (flow["flow"], flow["late"], flow["last_state"], flow["last_took_s"]) == (
        "remote_reading",
        3,
        "Failed",
        12.5,
    )


def test_a_server_that_is_away_is_named_and_the_page_stands(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    shown = text_of(client.get("/flows", headers=EN))
    assert "does not tell how the flows fare" in shown
    assert "http://127.0.0.1:1/api" in shown
    assert "127.0.0.1:1" in client.get("/api/flows").json()["away"]


def test_prefects_pages_may_have_another_address_than_its_api(
    client: httpx.Client, server: FakePrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_PREFECT_UI", "https://flows.example/")
    assert server.url
    assert f'href="https://flows.example/runs/flow-run/{RUN}"' in client.get("/flows").text
