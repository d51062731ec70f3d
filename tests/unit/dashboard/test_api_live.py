"""The stream of events over HTTP, from real writes to what a client reads."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from dashboard import api_live
from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import MeterId, Origin, Scope, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from storage.database import connect
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.fix_dashboard import browsing

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


@pytest.fixture
def url(plain_database_url: str) -> str:
    """A database with two meters in two areas."""
    archive = Registry(
        areas=[Area(id="TA-1"), Area(id="TA-2")],
        service_points=[ServicePoint(id="SP-1", area="TA-1"), ServicePoint(id="SP-2", area="TA-2")],
        meters=[Meter(id=MeterId("M-1")), Meter(id=MeterId("M-2"))],
        installations=[
            Installation(meter=MeterId("M-1"), service_point="SP-1"),
            Installation(meter=MeterId("M-2"), service_point="SP-2"),
        ],
    )
    with connect(plain_database_url) as connection:
        save_registry(connection, archive)
    return plain_database_url


def write(url: str, *meters: str) -> None:
    with connect(url) as connection:
        ReadingWriter(connection).write(
            [
                Snapshot(
                    meter=MeterId(meter),
                    taken_at=NOW,
                    received_at=NOW,
                    origin=Origin.PRESENT,
                    values={Quantity.VOLTAGE_A: 231.5},
                )
                for meter in meters
            ]
        )


def events(answer: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:  # Any: JSON
    name = ""
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def until_listening(found: Iterator[tuple[str, dict[str, Any]]]) -> None:
    while next(found) != ("listening", {"listening": True, "missed": 0}):
        pass


def test_a_stored_reading_is_an_event_that_is_neither_packed_nor_kept(url: str) -> None:
    with browsing(create_app(url)) as client, client.stream("GET", "/api/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert "content-encoding" not in answer.headers
        found = events(answer)
        until_listening(found)
        write(url, "M-1", "M-2")
        assert next(found) == ("readings", {"meters": ["M-1", "M-2"], "count": 2, "missed": 0})


def test_a_caller_of_one_area_hears_of_no_other(url: str) -> None:
    app = create_app(url)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-2"}))
    with browsing(app) as client, client.stream("GET", "/api/live") as answer:
        found = events(answer)
        until_listening(found)
        write(url, "M-1")
        write(url, "M-2")
        assert next(found) == ("readings", {"meters": ["M-2"], "count": 1, "missed": 0})


def test_beats_come_while_nothing_is_new_and_a_long_stream_ends(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_live, "BEAT_S", 0.05)
    monkeypatch.setattr(api_live, "LONGEST_STREAM_S", 1.0)
    with browsing(create_app(url)) as client, client.stream("GET", "/api/live") as answer:
        names = [name for name, _ in events(answer)]
    assert names.count("beat") > 3


def test_a_page_beyond_the_most_is_refused_and_says_what_happens_instead(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_live, "MOST_PAGES", 0)
    with browsing(create_app(url)) as client:
        answer = client.get("/api/live")
    assert answer.status_code == 503
    assert "ten seconds" in answer.text


def test_a_page_that_leaves_is_forgotten(url: str) -> None:
    app = create_app(url)
    with browsing(app) as client:
        with client.stream("GET", "/api/live") as answer:
            found = events(answer)  # kept: an iterator that nobody holds closes its connection
            until_listening(found)
            assert app.state.live.pages == 1
        deadline = time.monotonic() + 10
        while app.state.live.pages and time.monotonic() < deadline:
            client.get("/health")
        assert app.state.live.pages == 0


@pytest.mark.parametrize("query", ["about=weather", "meter=" + "x" * 300])
def test_a_stream_of_something_else_is_refused(url: str, query: str) -> None:
    with browsing(create_app(url)) as client:
        assert client.get(f"/api/live?{query}").status_code == 422
