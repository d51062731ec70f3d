"""What a collector answers before it collects, while it does, and while the spool takes over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
import orjson
import pytest
from pydantic import SecretStr

from services.counters import Counters
from services.landing import Landing
from services.settings import Settings
from services.status.collector import CollectorStatus

NOWHERE = SecretStr("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")


@dataclass
class FakeLanding:
    behind: bool


def began(status: CollectorStatus, *, behind: bool) -> None:
    counters = Counters(None)
    counters.add("queue", lambda: {"waiting": 2, "room": 4000})
    status.began("host:1:ab", counters, cast("Landing", FakeLanding(behind)))


@pytest.fixture
def status() -> CollectorStatus:
    return CollectorStatus(Settings(database_url=NOWHERE, metrics_port=0))


@pytest.fixture
def client(status: CollectorStatus) -> Iterator[httpx.Client]:
    with status.served() as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


def test_it_lives_and_is_not_ready_before_it_has_an_archive(client: httpx.Client) -> None:
    assert client.get("/health").json()["status"] == "live"
    assert client.get("/ready").status_code == 503
    assert "registry import" in client.get("/ready").json()["reasons"][0]
    assert client.get("/metrics").text == ""


def test_a_spool_that_takes_over_keeps_it_ready(client: httpx.Client, status: CollectorStatus) -> None:
    began(status, behind=True)
    assert client.get("/ready").status_code == 200
    assert "kilowatch_queue_entries 2.0" in client.get("/metrics").text


def test_without_database_or_spool_it_is_not_ready(status: CollectorStatus) -> None:
    began(status, behind=False)
    answer = status.ready()
    assert answer.status == 503
    assert orjson.loads(answer.content)["reasons"] == ["the database does not answer: look into the log"]


def test_what_has_ended_counts_as_waiting(client: httpx.Client, status: CollectorStatus) -> None:
    began(status, behind=True)
    status.ended()
    assert client.get("/ready").status_code == 503


def test_no_port_serves_nobody(tmp_path: Path) -> None:
    missing = tmp_path / "never read"
    with CollectorStatus(Settings(database_url=NOWHERE, metrics_token_file=missing)).served() as port:
        assert port is None


def test_a_token_that_cannot_be_read_ends_the_start(tmp_path: Path) -> None:
    settings = Settings(database_url=NOWHERE, metrics_port=0, metrics_token_file=tmp_path / "none")
    with pytest.raises(Exception, match="KILOWATCH_METRICS_TOKEN_FILE"), CollectorStatus(settings).served():
        pass
