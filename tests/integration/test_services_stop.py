"""Dashboard, alarms and flows end in time when their manager says so, and log JSON where that is set."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import httpx
import pytest
from prefect import get_client

from pipeline.model import Episode, MeterId, Severity, Verdict
from services.flow_settings import FlowSettings
from storage.database import connect
from storage.episodes import save_episodes
from tests.e2e.command import PROGRAM, environment
from tests.integration.collector_process import until

STOPS_WITHIN_S = 30.0
"""What ``TimeoutStopSec`` of the units in ``ops/systemd`` is above."""


@contextmanager
def service(log: Path, settings: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with its log in a file; it is killed if the block has not ended it."""
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment({"PYTHONUNBUFFERED": "1", **settings}),
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def test_the_dashboard_ends_in_time_though_a_client_never_finishes(database_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "KILOWATCH_DATABASE_URL": database_url,
        "KILOWATCH_LOG_FORMAT": "json",
        "XDG_STATE_HOME": str(tmp_path),
    }
    log = tmp_path / "dashboard.log"
    with service(log, settings, "dashboard", "--port", str(port)) as process:
        until(lambda: answers(f"http://127.0.0.1:{port}/ready"))
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"GET /api/fl")
            process.terminate()
            assert process.wait(STOPS_WITHIN_S) in {0, -signal.SIGTERM}
    assert not answers(f"http://127.0.0.1:{port}/health")


@contextmanager
def served_flows(log: Path, settings: dict[str, str]) -> Iterator[None]:
    """Serve the flows while the block runs, and end them as a service manager does."""
    with service(log, settings, "flows", "serve") as process:
        deadline = time.monotonic() + 200
        while "polling" not in log.read_text() and "Runner" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield
        process.terminate()
        assert process.wait(STOPS_WITHIN_S) in {0, -signal.SIGTERM}


def paused(*names: str) -> list[bool]:
    with get_client(sync_client=True) as client:
        return [client.read_deployment_by_name(name).paused for name in names]


def count(database_url: str, query: LiteralString) -> int:
    with connect(database_url) as connection:
        (row,) = connection.execute(query).fetchall()
    return int(row[0])


def test_the_watch_of_alarms_sees_an_episode_at_once_and_ends_in_time(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"KILOWATCH_DATABASE_URL": database_url, "KILOWATCH_LOG_FORMAT": "json"}
    log = tmp_path / "alarms.log"
    with service(log, settings, "alarms", "watch", "--every", "3600") as process:
        listening: LiteralString = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kilowatch live' "
            "AND datname = current_database() AND query LIKE 'LISTEN%'"
        )
        until(lambda: count(database_url, listening) == 1)
        until(
            lambda: count(database_url, "SELECT count(*) FROM operation_mark WHERE name = 'last look'") == 1
        )
        with connect(database_url) as connection:
            save_episodes(connection, [open_episode()])
        until(lambda: count(database_url, "SELECT count(*) FROM incident") == 1)
        process.terminate()
        assert process.wait(STOPS_WITHIN_S) == 0, log.read_text()
    told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert [line["message"] for line in told] == ["alarms.watching", "alarms.looked", "stopped"]
    assert told[1]["opened"] == 1


def open_episode() -> Episode:
    now = datetime.now(UTC)
    return Episode(
        id="e1",
        detector="voltage_loss",
        version=1,
        meter=MeterId("M1"),
        starts_at=now - timedelta(hours=2),
        ends_at=None,
        detected_at=now,
        verdict=Verdict.ABNORMAL,
        severity=Severity.MAJOR,
        score=0.9,
        message="episode.voltage_loss",
        parameters={},
    )


@pytest.mark.usefixtures("prefect_server")
def test_the_flows_end_in_time_and_all_of_them_run_again_after_an_upgrade(
    database_url: str, tmp_path: Path
) -> None:
    settings = {
        "KILOWATCH_DATABASE_URL": database_url,
        "KILOWATCH_LOG_FORMAT": "json",
        "PREFECT_API_URL": os.environ["PREFECT_API_URL"],
    }
    log = tmp_path / "flows.log"
    with served_flows(log, settings):
        pass
    told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in told), told
    assert told[0]["message"] == "flows.serving"
    # Prefect's runner pauses what it served; the critical run is applied by us before it is served again.
    names = FlowSettings().critical_run, "remote_reading/field", "remote_reading/on-demand"
    with get_client(sync_client=True) as client:
        for name in names:
            client.pause_deployment(client.read_deployment_by_name(name).id)
    with served_flows(tmp_path / "again.log", {**settings, "KILOWATCH_FLOW_ZONE": "Europe/Berlin"}):
        assert paused(*names) == [False, False, False]
