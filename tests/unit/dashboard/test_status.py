"""Probes and metrics of the dashboard: open to those who may ask, also while the database is away."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from services.status.permit import Permit
from tests.fix_dashboard import NOW, browsing


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW), token=None) as client:
        yield client


def test_it_lives_and_is_ready(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "live", "now": "2026-11-20T06:24:10Z"}
    ready = client.get("/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "reasons": []})


def test_the_fleet_is_told_to_this_host(client: httpx.Client) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "kilowatch_installed_meters 30.0" in answer.text
    assert 'kilowatch_bus_success_ratio{bus="(push)"}' in answer.text
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403


def test_a_token_opens_the_metrics_and_nothing_else_does(city_url: str) -> None:
    with browsing(create_app(city_url, metrics_for=Permit("s3cret")), token=None) as client:
        assert client.get("/metrics").status_code == 403
        assert client.get("/metrics", headers={"Authorization": "Bearer s3cret"}).status_code == 200


def test_without_the_database_it_lives_is_not_ready_and_says_so_to_prometheus() -> None:
    app = create_app("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    app.state.dashboard.pool.timeout = 0.2
    with browsing(app) as client:
        assert client.get("/health").json()["status"] == "live"
        ready = client.get("/ready")
        assert ready.status_code == 503
        assert ready.json()["reasons"] == ["the database does not answer: look into the log"]
        assert "kilowatch_database_up 0.0" in client.get("/metrics").text
