"""Collectors and buses as the page and its data show them, out of what a collector tells of itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from collectors.counters import BusCounters
from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from services.collector_state import keep_collector_state
from services.counters import Counters
from storage.collector_states import CollectorState, collector_states, save_collector_state
from storage.database import Connection, connect
from tests.fix_dashboard import NOW, browsing

SPOOL = {"waiting": 1200, "used_bytes": 2_500_000}
BUSES = [
    BusCounters(
        bus="rs485-01", exchanges=1000, answered=990, retries=25, busy_s=300.0, watched_s=400.0, silent=1,
        owned=True,
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    kept: list[dict[str, object]] = []
    counters = Counters(None, kept.append)
    counters.add("buses", lambda: BUSES)
    counters.add("landing", lambda: {"behind": True, "failed_commits": 2, "spool": SPOOL})
    counters.add("queue", lambda: {"waiting": 3, "room": 50})
    counters.tell()
    keep_collector_state(city_url, "north:12:ab", NOW - timedelta(days=1), {**kept[0], "at": NOW.isoformat()})
    with connect(city_url) as connection:
        old = CollectorState(
            process="south:7:cd", started_at=NOW, told_at=NOW - timedelta(minutes=4), counters={}
        )
        save_collector_state(connection, old)
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def test_a_collector_is_told_with_its_spool_and_queue(client: httpx.Client) -> None:
    north, south = client.get("/api/collectors").json()["collectors"]
    assert (north["process"], north["is_silent"], north["buses"], north["behind"]) == (
        "north:12:ab", False, 1, True,
    )  # fmt: skip
    assert (north["spool_readings"], north["spool_bytes"], north["failed_commits"]) == (1200, 2_500_000, 2)
    assert (north["queue_waiting"], north["queue_room"]) == (3, 50)
    assert (south["process"], south["is_silent"], south["spool_readings"]) == ("south:7:cd", True, None)


def test_a_bus_is_told_with_the_use_of_its_line_and_its_silent_meters(client: httpx.Client) -> None:
    buses = {bus["line"]["card"]["bus"]: bus for bus in client.get("/api/collectors").json()["buses"]}
    first = buses["rs485-01"]
    assert (first["use"], first["exchanges"], first["answered"], first["silent"]) == (0.75, 1000, 990, 1)
    assert first["line"]["today"]["due"] > 0
    assert buses["rs485-02"]["use"] is None
    assert None in buses  # those that push


def test_who_may_see_one_area_hears_of_its_buses_and_of_who_reads_them_alone(
    city_url: str, client: httpx.Client
) -> None:
    whole = {bus["line"]["card"]["bus"] for bus in client.get("/api/collectors").json()["buses"]}
    for area, is_read_there in (("TA-01", True), ("TA-02", False)):
        app = create_app(city_url, clock=lambda: NOW)
        app.dependency_overrides[scope_of_request] = lambda area=area: Scope(areas=frozenset({area}))
        with browsing(app) as limited:
            found = limited.get("/api/collectors").json()
            assert limited.get("/collectors").status_code == 200
        buses = {bus["line"]["card"]["bus"]: bus for bus in found["buses"]}
        assert ("rs485-01" in buses) == is_read_there
        assert buses.keys() < whole
        # What is counted of a line is counted of all its meters, those of other areas among them.
        assert {bus["silent"] for bus in buses.values()} == {None}
        told = [(each["process"], each["buses"]) for each in found["collectors"]]
        assert told == ([("north:12:ab", 1)] if is_read_there else [])
        # So is what waits in the collector; that it is behind is everybody's.
        counts = ("spool_readings", "spool_bytes", "queue_waiting", "failed_commits", "mqtt_waiting")
        assert {each[name] for each in found["collectors"] for name in counts} <= {None}
        assert all(each["behind"] for each in found["collectors"])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Collectors and buses", "75.0", "behind", "silent", "2.5 MB"]),
        ("zh", ["采集进程与总线", "积压"]),
    ],
)
def test_the_page_says_it_in_both_languages(client: httpx.Client, language: str, words: list[str]) -> None:
    text = client.get("/collectors", params={"lang": language}).text
    assert [word for word in words if word not in text] == []


def test_a_process_replaces_what_it_told_and_is_forgotten_after_a_week(database: Connection) -> None:
    state = CollectorState(process="p", started_at=NOW, told_at=NOW, counters={"queue": {"waiting": 1}})
    save_collector_state(database, state)
    later = NOW + timedelta(days=1)
    save_collector_state(database, CollectorState(process="p", started_at=NOW, told_at=later, counters={}))
    assert [(s.told_at, s.counters) for s in collector_states(database)] == [(later, {})]
    other = CollectorState(process="q", started_at=NOW, told_at=later + timedelta(days=8), counters={})
    save_collector_state(database, other)
    assert [s.process for s in collector_states(database)] == ["q"]
