"""Clocks by the readings in a real database: their drift, whose task they are, in command, API and page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any  # Any: the command's own JSON

import httpx
import pytest

from dashboard.app import create_app
from pipeline.model import EVERYTHING, MeterId, Scope, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from services.clocks import ClockTask, clock_states
from storage.database import connect
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.fix_dashboard import browsing
from tests.unit.cli.invoke import Invoke, invoker

NOW = datetime.now(UTC)
DAYS = 20
FAST, RIGHT, WRONG, UNREAD = (MeterId(name) for name in ("fast", "right", "wrong", "unread"))
PER_DAY = {FAST: 4.0, RIGHT: 0.0, WRONG: -0.5}
LAST = {FAST: 90.0, RIGHT: 1.0, WRONG: -400.0}


@pytest.fixture
def clocks_url(plain_database_url: str) -> str:
    """A database with three meters whose clocks were read each hour, and one that never was."""
    meters = [FAST, RIGHT, WRONG, UNREAD]
    with connect(plain_database_url) as connection:
        save_registry(
            connection,
            Registry(
                meters=[Meter(id=meter) for meter in meters],
                areas=[Area(id="TA")],
                service_points=[ServicePoint(id="P", area="TA")],
                installations=[Installation(meter=WRONG, service_point="P")],
            ),
        )
        snapshots = [
            Snapshot(
                meter=meter,
                taken_at=NOW - timedelta(hours=hours),
                received_at=NOW,
                values={Quantity.CLOCK_OFFSET: LAST[meter] - slope * hours / 24},
            )
            for meter, slope in PER_DAY.items()
            for hours in range(DAYS * 24)
        ]
        ReadingWriter(connection).write(snapshots)
    return plain_database_url


def test_each_clock_has_its_offset_its_drift_and_its_task(clocks_url: str) -> None:
    with connect(clocks_url) as connection:
        states = clock_states(connection, scope=EVERYTHING, now=NOW)
        own = clock_states(connection, scope=Scope(frozenset({"TA"})), now=NOW)
    assert [(state.meter, state.task) for state in states] == [
        (WRONG, ClockTask.PERSON),
        (FAST, ClockTask.SYNC),
        (RIGHT, ClockTask.NOTHING),
    ]
    for state in states:
        assert state.offset_s == pytest.approx(LAST[state.meter])
        assert state.drift is not None
        assert state.drift.s_per_day == pytest.approx(PER_DAY[state.meter], abs=1e-3)
    assert [state.meter for state in own] == [WRONG]


def test_the_api_and_the_meter_s_page_show_it(clocks_url: str) -> None:
    def shown(client: httpx.Client, **asked: str) -> list[Any]:  # Any: the API's own JSON
        found: list[Any] = client.get("/api/clocks", params=asked).raise_for_status().json()
        return found

    with browsing(create_app(clocks_url, clock=lambda: NOW)) as client:
        assert [clock["meter"] for clock in shown(client)] == [WRONG, FAST, RIGHT]
        (due,) = shown(client, task="person")
        assert due["offset_s"] == pytest.approx(-400.0)
        assert due["drift_s_per_day"] == pytest.approx(-0.5, abs=1e-3)
        assert [clock["meter"] for clock in shown(client, meter=RIGHT)] == [RIGHT]
        page = client.get(f"/meters/{WRONG}", params={"lang": "en"}).text
        assert "drift -0.50 s a day" in page.replace("\u2212", "-")
        assert "a person decides about setting it" in page
        assert "s a day" not in client.get(f"/meters/{UNREAD}", params={"lang": "en"}).text


def test_the_command_lists_what_somebody_has_to_set(
    clocks_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kilowatch: Invoke = invoker(monkeypatch, capsys)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", clocks_url)
    lines = kilowatch("clocks", "--due", "--json").lines
    assert [(line["meter"], line["task"]) for line in lines] == [(WRONG, "person"), (FAST, "sync")]
    assert lines[1]["drift_s_per_day"] == pytest.approx(4.0, abs=1e-3)
    table = kilowatch("clocks").out
    assert "+4.00" in table
    assert "person" in table
