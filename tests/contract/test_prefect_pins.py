"""Newer FastAPI and SQLAlchemy break Prefect's server or its scheduler without a word; this is the word.

Decision 0002 has the versions.
"""

from __future__ import annotations

import time
from uuid import UUID

import pytest
from prefect import flow, get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import CronSchedule

pytestmark = pytest.mark.usefixtures("prefect_server")

GIVE_UP_S = 90.0
POLL_S = 0.5


@flow
def two() -> int:
    return 2


def test_a_flow_runs_on_the_server() -> None:
    assert two() == 2


def test_a_cron_deployment_gets_scheduled_runs() -> None:
    with get_client(sync_client=True) as client:
        every_minute = DeploymentScheduleCreate(schedule=CronSchedule(cron="* * * * *", timezone="UTC"))
        deployment = client.create_deployment(
            client.create_flow(two), name="every-minute", schedules=[every_minute]
        )
        runs = _await_runs(client, deployment)
    assert {run.state_name for run in runs} == {"Scheduled"}


def _await_runs(client: SyncPrefectClient, deployment: UUID) -> list[FlowRun]:
    """Return the deployment's runs as soon as the server's scheduler has made some; none if it never does."""
    this_one = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
    give_up = time.monotonic() + GIVE_UP_S
    runs: list[FlowRun] = []
    while not runs and time.monotonic() < give_up:
        time.sleep(POLL_S)
        runs = client.read_flow_runs(deployment_filter=this_one)
    return runs
