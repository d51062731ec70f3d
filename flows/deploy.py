"""The schedule of every flow, and the two ways to run it: served on one machine, or on a work pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.abnormal_use import abnormal_use
from flows.alarms import alarms
from flows.final_intervals import final_intervals
from flows.forecasting import forecasting
from flows.large_customers import large_customers
from flows.line_loss import line_loss
from flows.load_monitoring import load_monitoring
from flows.load_statistics import load_statistics
from flows.maintenance import maintenance
from flows.power_quality import power_quality
from flows.remote_reading import remote_reading
from flows.settlement_run import settlement_run
from flows.voltage_quality import voltage_quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """One flow and when it runs, in local time."""

    flow: Flow[..., Any]  # Any: flows return what they like
    cron: str


SCHEDULES: tuple[Scheduled, ...] = (
    Scheduled(flow=remote_reading, cron="7,22,37,52 * * * *"),
    Scheduled(flow=load_monitoring, cron="12 * * * *"),
    Scheduled(flow=voltage_quality, cron="17 * * * *"),
    Scheduled(flow=abnormal_use, cron="27 * * * *"),
    Scheduled(flow=final_intervals, cron="42 2,6 * * *"),
    Scheduled(flow=settlement_run, cron="22 7 * * *"),
    Scheduled(flow=large_customers, cron="52 7 2,6 * *"),
    Scheduled(flow=load_statistics, cron="52 2 * * *"),
    Scheduled(flow=line_loss, cron="52 6 * * *"),
    Scheduled(flow=power_quality, cron="33 7 1,2 * *"),
    Scheduled(flow=forecasting, cron="52 0 * * *"),
    Scheduled(flow=maintenance, cron="41 3 * * *"),
    Scheduled(flow=alarms, cron="* * * * *"),
)
"""A quarter's registers are in by minute 7; analyses follow when backfill has had its turn, a month's on its
first two days; bills every morning, since each contract has its own settlement day, and large customers when
most of them are made."""

DEPLOYMENT = "field"
"""The name of every deployment: a flow's full name is ``remote_reading/field``."""


def deployments(zone: str = "Asia/Shanghai") -> list[RunnerDeployment]:
    """Return one deployment a flow: found by module path, never two runs of one flow at a time."""
    return [
        RunnerDeployment.from_flow(
            scheduled.flow,
            DEPLOYMENT,
            schedule=Cron(scheduled.cron, timezone=zone),
            concurrency_limit=1,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for scheduled in SCHEDULES
    ]


def serve_here(limit: int = 2) -> None:
    """Run every flow in this process' children until it is stopped."""
    serve(*deployments(), limit=limit)


def deploy_to(work_pool: str) -> Sequence[str]:
    """Register every flow with a work pool, where a worker picks its runs up, and return their names."""
    for deployment in deployments():
        deployment.work_pool_name = work_pool
        deployment.apply()
    return [f"{d.flow_name}/{d.name}" for d in deployments()]
