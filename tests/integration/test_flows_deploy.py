"""Deploying the flows to a real Prefect server: everything is made, the same again changes nothing."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from prefect import flow, get_client
from prefect.client.schemas.actions import DeploymentUpdate

from flows.deploy import DEPLOYMENT, ON_DEMAND, deploy_to
from flows.limits import at_most
from flows.schedule import FLOWS
from flows.steps import RETRY_DELAYS_S, step
from pipeline.errors import ConfigError, FlowServerError, StorageError
from services.flow_status import TAG, flow_statuses

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_deploying_makes_everything_once_and_changes_only_what_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = f"pool-{uuid4().hex[:8]}"
    monkeypatch.setenv("KILOWATCH_BUS_GROUPS", "north-*,east/1?")
    first = deploy_to(pool)
    assert f"work pool {pool!r}: created; its workers: prefect worker start --pool {pool}" in first
    assert deploy_to(pool) == []
    with get_client(sync_client=True) as client:
        limits = {limit.name: limit.limit for limit in client.read_global_concurrency_limits(limit=200)}
        assert {limits[f"kilowatch buses {of}"] for of in ("north-*", "east-1-", "*")} == {4}
        stored = client.read_deployment_by_name(f"remote_reading/{DEPLOYMENT}")
        assert stored.work_pool_name == pool
        assert stored.tags == [TAG]
        assert [getattr(schedule.schedule, "timezone", None) for schedule in stored.schedules] == [
            "Asia/Shanghai"
        ]
        assert stored.description is not None
        assert "远程抄表" in stored.description
        # What somebody stopped stays stopped, whatever else has to change.
        client.update_deployment(stored.id, DeploymentUpdate(paused=True))
        monkeypatch.setenv("KILOWATCH_FLOW_ZONE", "Europe/Berlin")
        monkeypatch.setenv("KILOWATCH_BUS_GROUP_LIMIT", "2")
        changes = deploy_to(pool)
        assert f"remote_reading/{DEPLOYMENT}: changed (schedule)" in changes
        assert "limit 'kilowatch buses north-*': 2 at a time" in changes
        again = client.read_deployment_by_name(f"remote_reading/{DEPLOYMENT}")
        assert again.paused
        assert [getattr(schedule.schedule, "timezone", None) for schedule in again.schedules] == [
            "Europe/Berlin"
        ]
        client.update_deployment(stored.id, DeploymentUpdate(paused=False))


def test_prefect_shows_a_form_with_words_defaults_and_choices() -> None:
    deploy_to("form")
    with get_client(sync_client=True) as client:
        schema = client.read_deployment_by_name(f"abnormal_use/{DEPLOYMENT}").parameter_openapi_schema
        reading = client.read_deployment_by_name(f"remote_reading/{ON_DEMAND}").parameter_openapi_schema
    assert schema is not None
    days = schema["properties"]["days"]
    assert (days["default"], days["minimum"], days["maximum"]) == (56, 1, 800)
    assert "回看天数" in days["description"]
    assert schema["definitions"]["Workers"]["enum"] == ["here", "dask"]
    assert reading is not None
    assert all(field.get("description") for field in reading["properties"].values())


def test_every_parameter_of_every_flow_has_its_words() -> None:
    for name, entry in FLOWS.all().items():
        for parameter, field in entry.flow.parameters.properties.items():
            assert field.get("description"), f"{name}({parameter})"
            assert field["title"] != parameter, f"{name}({parameter})"


def test_a_deployment_of_a_flow_that_is_gone_is_removed_and_that_of_others_is_not() -> None:
    @flow(name="gone")
    def gone() -> None:
        """Be no flow of ours any more."""

    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(gone)
        client.create_deployment(flow_id, DEPLOYMENT, tags=[TAG])
        client.create_deployment(flow_id, "of-others")
    assert f"gone/{DEPLOYMENT}: removed, its flow is gone" in deploy_to("field")
    with get_client(sync_client=True) as client:
        assert client.read_deployment_by_name("gone/of-others").tags == []


def test_a_limit_that_nobody_made_is_an_error_that_says_what_to_do() -> None:
    @flow
    def held() -> None:
        with at_most("kilowatch buses nowhere"):
            pytest.fail("nothing limits this")

    with pytest.raises(FlowServerError, match="kilowatch flows deploy"):
        held()


def test_a_step_is_tried_again_for_a_database_that_is_away_and_not_for_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flows.steps.RETRY_DELAYS_S", [0.0, 0.0])
    assert len(RETRY_DELAYS_S) == 2
    tries: list[str] = []

    def away() -> str:
        tries.append("away")
        if len(tries) < 2:
            raise StorageError("away")
        return "back"

    def wrong() -> str:
        tries.append("wrong")
        raise ConfigError("wrong")

    @flow
    def work() -> str:
        return step(away)()

    @flow
    def fail() -> str:
        return step(wrong)()

    assert work() == "back"
    with pytest.raises(ConfigError):
        fail()
    assert tries == ["away", "away", "wrong"]


def test_the_status_of_every_flow_is_told_by_the_server() -> None:
    deploy_to("field")
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"large_customers/{DEPLOYMENT}")
        run = client.create_flow_run_from_deployment(deployment.id)
        client.delete_flow_run(run.id)
    found = {(status.flow, status.deployment): status for status in asyncio.run(flow_statuses())}
    assert {name for name, deployment in found if deployment == DEPLOYMENT} == set(FLOWS.all())
    assert found["remote_reading", ON_DEMAND].crons == []
    customers = found["large_customers", DEPLOYMENT]
    assert customers.crons == ["52 7 2,6 * *"]
    assert (customers.last_at, customers.last_state, customers.late) == (None, None, 0)
