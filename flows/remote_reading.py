"""Remote reading (远程抄表): reads every bus now and fetches what is missing (补抄)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.limits import at_most
from flows.parameters import told
from flows.results import show
from flows.schedule import SKIP, Scheduled, scheduled
from flows.steps import passes
from services import remote_reading as service
from services.bus_reading import BusReading


@task(
    task_run_name="read {buses}",
    cache_policy=NO_CACHE,
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=passes,
)
def read_group(limit: str, buses: list[str], backfill_days: float) -> list[BusReading]:
    """Read one group of buses; a task is a group, never a meter."""
    with at_most(limit):
        return service.read_buses(buses, backfill_days)


@flow(name="remote_reading")
def remote_reading(
    buses: Annotated[
        list[str] | None, told("Buses (总线)", "Only these; empty: all (仅抄读这些总线)")
    ] = None,
    backfill_days: Annotated[
        float,
        told(
            "Backfill (补抄天数)",
            "Fetch what is missing of so many days (补抄最近若干天的缺失数据)",
            ge=0,
            le=400,
        ),
    ] = 1.0,
    buses_per_task: Annotated[
        int,
        told("Buses a task (每任务总线数)", "Buses that one task reads", ge=1, le=1000),
    ] = 50,
) -> dict[str, int]:
    """Read buses (all of them when none is named) and backfill the last ``backfill_days``."""
    groups = service.groups_of_buses(buses, buses_per_task)
    futures = [read_group.submit(group.limit, list(group.buses), backfill_days) for group in groups]
    readings = [reading for future in futures for reading in future.result()]
    show(
        key="remote-reading",
        rows=[asdict(reading) for reading in readings],
        description="What each bus brought",
        page="/meters",
    )
    return service.totals(readings)


scheduled(
    Scheduled(
        flow=remote_reading,
        cron="7,22,37,52 * * * *",
        zh="远程抄表：逐条总线读取当前值，并补抄缺失的历史数据。",
        collision=SKIP,
        at_once=4,
    )
)
