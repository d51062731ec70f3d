"""Automations on a real Prefect server: a new critical episode and a late run each have something done."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from queue import Queue
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect import flow, get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled

from flows.automations import CRITICAL, LATE
from flows.critical import EVENT, tell_critical_episodes
from flows.deploy import DEPLOYMENT, deploy_to
from pipeline.alarms.operation import FLOW_LATE, FLOW_SERVER_SILENT
from pipeline.model import Severity
from services.flow_conditions import flows_seen
from services.flow_status import flow_statuses
from storage.database import connect
from storage.episodes import save_episodes
from tests.fix_prefect import LOGIN
from tests.threads import web_server
from tests.unit.detectors.case_episodes import episode

pytestmark = [pytest.mark.usefixtures("prefect_server"), pytest.mark.timeout(400)]
GIVE_UP_S = 90.0


@contextmanager
def webhook() -> Iterator[tuple[str, Queue[Mapping[str, Any]]]]:
    """An address that keeps what is posted to it."""
    posted: Queue[Mapping[str, Any]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

    with web_server(Handler) as url:
        yield f"{url}/", posted


def runs_asked_for(client: SyncPrefectClient, deployment: UUID) -> list[FlowRun]:
    """The runs of a deployment that no schedule made."""
    found = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
        limit=200,
    )
    return [run for run in found if not run.auto_scheduled]


def events_of_storm(server: str) -> int:
    """How many events of critical episodes the server has."""
    wanted = {"filter": {"event": {"name": [EVENT]}}, "limit": 50}
    user, _, password = LOGIN.partition(":")
    answer = httpx.post(f"{server}/events/filter", json=wanted, timeout=30, auth=(user, password))
    return int(answer.json()["total"])


def test_new_critical_episodes_run_a_deployment_once_for_a_storm(
    prefect_server: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("KILOWATCH_CRITICAL_RUN", f"maintenance/{DEPLOYMENT}")
    deploy_to("field")
    assert deploy_to("field") == []
    storm = [
        replace(episode(f"e{n}", "voltage_loss", f"SP-{n}", day=float(n)), severity=Severity.CRITICAL)
        for n in range(5)
    ]
    with connect(database_url) as connection:
        save_episodes(connection, storm)

    @flow
    def detection() -> int:
        return tell_critical_episodes()

    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"maintenance/{DEPLOYMENT}")
        before = len(runs_asked_for(client, deployment.id))
        assert detection() == 5
        assert detection() == 0
        until = time.monotonic() + GIVE_UP_S
        while len(runs_asked_for(client, deployment.id)) == before and time.monotonic() < until:
            time.sleep(0.5)
        while events_of_storm(prefect_server) < 5 and time.monotonic() < until:
            time.sleep(0.5)
        # The other four events are there too, and started no runs of their own.
        assert len(runs_asked_for(client, deployment.id)) == before + 1
        (automation,) = client.read_automations_by_name(CRITICAL)
        assert automation.enabled


def test_a_run_that_nobody_picks_up_is_told_to_whom_the_setting_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with webhook() as (address, posted):
        monkeypatch.setenv("KILOWATCH_LATE_WEBHOOK", address)
        assert f"automation {LATE!r}: " in " ".join(deploy_to("field"))
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(f"line_loss/{DEPLOYMENT}")
            client.create_flow_run_from_deployment(
                deployment.id, state=Scheduled(scheduled_time=datetime.now(UTC) - timedelta(minutes=5))
            )
        told = posted.get(timeout=GIVE_UP_S)
    assert "line_loss is late" in told["text"]
    late = {status.flow: status.late for status in asyncio.run(flow_statuses())}
    assert late["line_loss"] == 1
    # Five minutes late by now: another six, and the alarms tell of it, by whatever channels there are.
    assert [one.subject for one in flows_seen(datetime.now(UTC)).observed] == []
    (seen,) = flows_seen(datetime.now(UTC) + timedelta(minutes=6)).observed
    assert (seen.what, seen.subject, seen.facts) == (FLOW_LATE, f"line_loss/{DEPLOYMENT}", {"late": 1})
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "kilowatch:another")
    (seen,) = flows_seen(datetime.now(UTC)).observed
    assert seen.what == FLOW_SERVER_SILENT
    assert "PREFECT_API_AUTH_STRING" in str(seen.facts["error"])
