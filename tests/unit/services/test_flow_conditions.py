"""Flows that do not run are seen, and nothing is said of a server that nobody named."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.alarms.operation import FLOW_LATE, FLOW_SERVER_SILENT
from services.embedded import free_port
from services.flow_conditions import FlowsSeen, flows_seen
from services.flow_status import LateRuns

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def test_without_a_server_nothing_is_known_of_what_another_look_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert flows_seen(NOW) == FlowsSeen(observed=(), told=frozenset())


def test_a_server_that_is_away_says_nothing_of_what_was_late(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    monkeypatch.setenv("PREFECT_API_URL", url)
    seen = flows_seen(NOW)
    assert [(one.what, one.subject, one.since) for one in seen.observed] == [(FLOW_SERVER_SILENT, url, NOW)]
    assert seen.told == {FLOW_SERVER_SILENT}


def test_a_worker_may_be_busy_for_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [
        LateRuns(deployment="alarms/field", count=2, since=NOW - timedelta(minutes=10)),
        LateRuns(deployment="line_loss/field", count=1, since=NOW - timedelta(minutes=9, seconds=59)),
    ]

    async def late() -> list[LateRuns]:
        return waiting

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setattr("services.flow_conditions.late_runs", late)
    (one,) = flows_seen(NOW).observed
    assert (one.what, one.subject, one.facts) == (FLOW_LATE, "alarms/field", {"late": 2})
    assert one.since == NOW - timedelta(minutes=10)


def test_one_may_look_from_within_an_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def looking() -> FlowsSeen:
        return flows_seen(NOW)

    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    assert [one.what for one in asyncio.run(looking()).observed] == [FLOW_SERVER_SILENT]
